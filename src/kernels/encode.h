// SPDX-License-Identifier: MIT
// What the encoders of block types share. An encoder looks for the scales with the least sum of squared errors of a
// block. Sums run over 8 lanes and a fixed fold, in plain C, so the same bits come out everywhere.
#ifndef QUILL_KERNELS_ENCODE_H
#define QUILL_KERNELS_ENCODE_H

#include <stddef.h>
#include <stdint.h>

#include "mathf.h"

enum { ENCODE_LANES = 8 };

static inline float fold8(const float s[ENCODE_LANES]) {
    return ((s[0] + s[4]) + (s[2] + s[6])) + ((s[1] + s[5]) + (s[3] + s[7]));
}

// To the nearest of the integers lo..hi, as a float; a NaN becomes lo.
static inline float to_grid(float x, float lo, float hi) {
    x = min_f32(max_f32(x, lo), hi);
    return (x + ROUND_MAGIC) - ROUND_MAGIC;
}

static inline float inverse(float x) { return x == 0 ? 0.0f : 1.0f / x; } // x >= 2^-24 in magnitude, or 0

// The value of largest magnitude, with its sign; +0 where there is none above it.
float largest(const float *x, size_t n);

// A line through one group: x ~ scale * q - offset.
struct line {
    float scale, offset;
};

// q in lo..hi with the least error for a scale without offset; error: of the line with q rounded.
float fit_scale(const float *x, size_t n, float lo, float hi);
// q in 0..hi. offset_free: the offset may be negative.
struct line fit_line(const float *x, size_t n, float hi, int offset_free);

// Sum of squared errors of rounding to a line, q in lo..hi, n % 8 == 0; q NULL: not wanted.
float line_error(const float *x, size_t n, struct line line, float lo, float hi, float *q);

void encode_q4_0(uint8_t *out, const float *x, size_t n);
void encode_q4_1(uint8_t *out, const float *x, size_t n);
void encode_q5_0(uint8_t *out, const float *x, size_t n);
void encode_q5_1(uint8_t *out, const float *x, size_t n);
void encode_iq4_nl(uint8_t *out, const float *x, size_t n);
void encode_q2_k(uint8_t *out, const float *x, size_t n);
void encode_q3_k(uint8_t *out, const float *x, size_t n);
void encode_q4_k(uint8_t *out, const float *x, size_t n);
void encode_q5_k(uint8_t *out, const float *x, size_t n);
void encode_q6_k(uint8_t *out, const float *x, size_t n);

#endif
