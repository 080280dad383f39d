// SPDX-License-Identifier: MIT
// What the encoders of block types share. An encoder searches for the scales with the least sum of squared errors in a
// block. Sums run over 8 lanes and a fixed fold, in plain C, so the bits are the same everywhere.
#ifndef QUILL_KERNELS_ENCODE_ENCODE_H
#define QUILL_KERNELS_ENCODE_ENCODE_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "kernels/mathf.h"

// Two of these are the 8 lanes. Compilers do not vectorize sums and comparisons of floats by themselves; arithmetic on
// these types is the same operation for each element, on every machine.
typedef float quad __attribute__((vector_size(16)));
typedef int32_t quad_mask __attribute__((vector_size(16)));
enum { QUAD = 4 };

static inline quad quad_of(float x) { return (quad){x, x, x, x}; }

static inline quad quad_load(const float *p) {
    quad a;
    memcpy(&a, p, sizeof a);
    return a;
}

static inline void quad_store(float *p, quad a) { memcpy(p, &a, sizeof a); }

// a where the mask is set, else b.
static inline quad quad_select(quad_mask m, quad a, quad b) {
    return (quad)((m & (quad_mask)a) | (~m & (quad_mask)b));
}

// 8 lanes: 4+4, 2+2, 1+1.
static inline float fold8(quad low, quad high) {
    quad s = low + high;
    return (s[0] + s[2]) + (s[1] + s[3]);
}

// Rounds to the nearest of the integers lo..hi; a NaN becomes lo.
static inline float to_grid(float x, float lo, float hi) {
    x = min_f32(max_f32(x, lo), hi);
    return (x + ROUND_MAGIC) - ROUND_MAGIC;
}

static inline quad quad_to_grid(quad x, quad lo, quad hi) {
    x = quad_select(x > lo, x, lo);
    x = quad_select(x < hi, x, hi);
    return (x + quad_of(ROUND_MAGIC)) - quad_of(ROUND_MAGIC);
}

static inline float inverse(float x) { return x == 0 ? 0.0f : 1.0f / x; } // x >= 2^-24 in magnitude, or 0

// The value of largest magnitude, with its sign; +0 if all are zero or NaN.
float largest(const float *x, size_t n);

// A line through one group: x ~ scale * q - offset.
struct line {
    float scale, offset;
};

// The scale, without offset, whose rounded q in lo..hi have the least error.
float fit_scale(const float *x, size_t n, float lo, float hi);
// The line whose rounded q in 0..hi have the least error. offset_free: the offset may be negative.
struct line fit_line(const float *x, size_t n, float hi, int offset_free);

// Sum of squared errors of rounding to a line, q in lo..hi, n % 8 == 0. Writes q[n] unless NULL.
float line_error(const float *x, size_t n, struct line line, float lo, float hi, float *q);

// The types that are written: X(type, name), n values by encode_<name>.
#define ENCODED(X)                                                                                      \
    X(F32, f32) X(F16, f16) X(BF16, bf16) X(Q8_0, q8_0) X(Q4_0, q4_0) X(Q4_1, q4_1) X(Q5_0, q5_0)       \
    X(Q5_1, q5_1) X(IQ4_NL, iq4_nl) X(Q2_K, q2_k) X(Q3_K, q3_k) X(Q4_K, q4_k) X(Q5_K, q5_k) X(Q6_K, q6_k)

#define ENCODE(type, name) void encode_##name(uint8_t *out, const float *x, size_t n);
ENCODED(ENCODE)
#undef ENCODE

#endif
