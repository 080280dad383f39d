// SPDX-License-Identifier: MIT
// Arithmetic on sizes that come from files: true when the result fits, false (result undefined) when it does not.
#ifndef QUILL_BASE_CHECKED_H
#define QUILL_BASE_CHECKED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

static inline bool checked_add(uint64_t *out, uint64_t a, uint64_t b) { return !__builtin_add_overflow(a, b, out); }
static inline bool checked_mul(uint64_t *out, uint64_t a, uint64_t b) { return !__builtin_mul_overflow(a, b, out); }
static inline bool checked_add_size(size_t *out, size_t a, size_t b) { return !__builtin_add_overflow(a, b, out); }
static inline bool checked_mul_size(size_t *out, size_t a, size_t b) { return !__builtin_mul_overflow(a, b, out); }

// Smallest multiple of `step` (> 0) that is at least x.
static inline bool checked_round_up(uint64_t *out, uint64_t x, uint64_t step) {
    uint64_t rest = x % step;
    return rest == 0 ? (*out = x, true) : checked_add(out, x, step - rest);
}

#endif
