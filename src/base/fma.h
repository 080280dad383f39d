// SPDX-License-Identifier: MIT
// q_fma(a, b, c): a*b + c with one rounding, on every machine. It uses the instruction where the compiler may, and
// exact double arithmetic elsewhere, which is many times faster than the C library's emulation.
#ifndef QUILL_BASE_FMA_H
#define QUILL_BASE_FMA_H

#include <math.h>
#include <stdint.h>

#include "bytes.h"

// The product of two floats is exact in double (24 + 24 <= 53 bits). The sum is rounded to odd: the error of the sum is
// exact (Knuth's TwoSum), and where it is not zero the last bit is forced to 1 in its direction. Rounding a value that
// was rounded to odd with at least two spare bits gives the correctly rounded result (Boldo and Melquiond 2008),
// subnormal results included. Infinities and NaNs pass through: their error is NaN, and NaN < 0 and NaN > 0 are false.
static inline double fma_to_odd(float a, float b, float c) {
    double p = (double)a * (double)b, z = (double)c, s = p + z;
    double t = s - p, error = (p - (s - t)) + (z - t);
    uint64_t bits = f64_bits(s);
    if ((error > 0 || error < 0) && !(bits & 1)) bits += (error > 0) == (s > 0) ? 1u : UINT64_MAX;
    return f64_from_bits(bits);
}

static inline float q_fma_exact(float a, float b, float c) { return (float)fma_to_odd(a, b, c); }

#if defined(__FMA__) || defined(__aarch64__)
static inline float q_fma(float a, float b, float c) { return __builtin_fmaf(a, b, c); }
#else
static inline float q_fma(float a, float b, float c) { return q_fma_exact(a, b, c); }
#endif

#endif
