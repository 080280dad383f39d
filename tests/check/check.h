// SPDX-License-Identifier: MIT
// What the checks of kernels share: guarded memory, random inputs, comparison bit by bit. It needs the C library
// alone, so that check_kernels can be linked for any machine and run under an emulator.
#ifndef QUILL_TESTS_CHECK_H
#define QUILL_TESTS_CHECK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernels/kernels.h"

// One row: what is checked, and what the same call is worth (NULL: not measured).
struct check {
    const char *name;
    bool (*run)(const struct kernels *k);  // true: the same bits as the reference in every case
    void (*bench)(const struct kernels *k);
};

extern const struct check row_checks[], matmul_checks[], attn_checks[]; // each ends with a NULL name

// The wrappers of one simd_<isa>.h against plain C; NULL where the architecture has none of that name.
bool (*simd_check(const char *isa))(void);

// The kernels of AMX with tile registers in C ("tiles"); NULL where the processor lacks the vectors that they use.
const struct kernels *kernels_with_tiles(void);

// ---- guarded memory: lies against an unreadable page, before or behind it ----
extern size_t guard_margin;           // bytes between a block and the page behind it: 0, or a multiple of 64
void *guarded(size_t bytes);          // filled with 0x99, like its surroundings
void *guarded_scratch(const struct kernels *k);
void *guarded_copy(const void *from, size_t bytes);
bool guards_intact(void);             // nothing was written around any block since the last release
void release_guarded(void);           // all of them

// ---- random numbers, from the seed that is printed ----
void random_seed(uint64_t seed);
uint64_t random_u64(void);
size_t random_below(size_t n);
size_t random_size(size_t limit);     // 1..limit, often awkward: near a multiple of 16

enum values { UNIT, WIDE, ANY_FINITE, SUBNORMAL, SPECIAL, MIXED, EDGE };
// UNIT: [-1, 1); WIDE: 2^-30..2^30; SPECIAL: zeros, infinities, NaN, limits; EDGE: sums of products lie at 2^-126,
// often nearer than half a unit in the last place.
float random_float(enum values kind);
void random_floats(float *x, size_t n, enum values kind);
void random_bytes(void *p, size_t n);

// ---- verdicts: the first difference is printed ----
bool same_floats(const char *what, const float *got, const float *want, size_t n); // any NaN is every NaN
bool same_bytes(const char *what, const void *got, const void *want, size_t n);
bool complain(const char *format, ...) __attribute__((format(printf, 1, 2))); // false

// ---- measuring ----
// Calls f(arg) for a while and prints the best rate; ops and bytes are those of one call, 0 leaves a figure out.
void measure(const struct kernels *k, const char *what, double ops, double bytes, void (*f)(void *arg), void *arg);

#endif
