// SPDX-License-Identifier: MIT
// Encoders of the blocks of 32 with one f16 scale, or a scale and a minimum.
#include "encode.h"
#include "kernels/quant_blocks.h"
#include "tensor/half.h"

enum { N = 32 };

// Values 0..31 as halves of bytes, the fifth bits as a word.
static void store_halves(uint8_t *bytes, uint8_t *high, const float q[N], float bias) {
    uint32_t bits = 0;
    for (int i = 0; i < N / 2; i++) {
        uint32_t a = (uint32_t)(q[i] + bias), b = (uint32_t)(q[N / 2 + i] + bias);
        bytes[i] = (uint8_t)((a & 15) | (b & 15) << 4);
        bits |= a >> 4 << i | b >> 4 << (N / 2 + i);
    }
    if (high) store_u32(high, bits);
}

// Stores x as f16 and returns it as stored.
static float store_half(uint8_t *p, float x) {
    uint16_t h = half_from_f32_saturate(x);
    store_u16(p, h);
    return half_to_f32(h);
}

static void symmetric(uint8_t *d, uint8_t *bytes, uint8_t *high, const float *x, float levels) {
    float q[N], scale = store_half(d, fit_scale(x, N, -levels, levels - 1));
    line_error(x, N, (struct line){scale, 0}, -levels, levels - 1, q);
    store_halves(bytes, high, q, levels);
}

static void with_minimum(uint8_t *d, uint8_t *m, uint8_t *bytes, uint8_t *high, const float *x, float most) {
    struct line line = fit_line(x, N, most, 1);
    float q[N];
    line.scale = store_half(d, line.scale);
    line.offset = -store_half(m, -line.offset);
    line_error(x, N, line, 0, most, q);
    store_halves(bytes, high, q, 0);
}

void encode_q4_0(uint8_t *out, const float *x, size_t n) {
    for (size_t i = 0; i < n; i += N, out += dtypes[DTYPE_Q4_0].block_bytes)
        symmetric(out + Q4_0_D, out + Q4_0_Q, NULL, x + i, 8);
}

void encode_q5_0(uint8_t *out, const float *x, size_t n) {
    for (size_t i = 0; i < n; i += N, out += dtypes[DTYPE_Q5_0].block_bytes)
        symmetric(out + Q5_0_D, out + Q5_0_Q, out + Q5_0_H, x + i, 16);
}

void encode_q4_1(uint8_t *out, const float *x, size_t n) {
    for (size_t i = 0; i < n; i += N, out += dtypes[DTYPE_Q4_1].block_bytes)
        with_minimum(out + Q4_1_D, out + Q4_1_M, out + Q4_1_Q, NULL, x + i, 15);
}

void encode_q5_1(uint8_t *out, const float *x, size_t n) {
    for (size_t i = 0; i < n; i += N, out += dtypes[DTYPE_Q5_1].block_bytes)
        with_minimum(out + Q5_1_D, out + Q5_1_M, out + Q5_1_Q, out + Q5_1_H, x + i, 31);
}

// ---- codes ----

// The codes nearest to x / scale, and the sums of x * code and of code^2. Writes the codes unless `code` is NULL.
static void nearest_codes(const float *x, float scale, float *xc, float *cc, uint8_t *code) {
    const quad inv = quad_of(inverse(scale));
    quad sums[2][2] = {{{0}, {0}}, {{0}, {0}}};
    for (size_t i = 0; i < N; i += QUAD) {
        quad a = quad_load(x + i), t = a * inv, c = quad_of((float)codes_iq4[0]);
        quad_mask index = {0};
        for (int k = 1; k < 16; k++) {
            quad_mask above = t > quad_of(((float)codes_iq4[k - 1] + (float)codes_iq4[k]) / 2);
            c += quad_select(above, quad_of((float)(codes_iq4[k] - codes_iq4[k - 1])), quad_of(0));
            index -= above;
        }
        sums[0][i / QUAD % 2] += a * c;
        sums[1][i / QUAD % 2] += c * c;
        for (size_t l = 0; code && l < QUAD; l++) code[i + l] = (uint8_t)index[l];
    }
    *xc = fold8(sums[0][0], sums[0][1]), *cc = fold8(sums[1][0], sums[1][1]);
}

void encode_iq4_nl(uint8_t *out, const float *x, size_t n) {
    enum { TRIALS = 17 };
    for (size_t i = 0; i < n; i += N, x += N, out += dtypes[DTYPE_IQ4_NL].block_bytes) {
        const float max = largest(x, N);
        float scale = max / (float)codes_iq4[0], gain = -1, xc, cc;
        if (fabsf(max) < 0x1p-60f) scale = 0;
        for (int t = 0; t < 2 * TRIALS && scale != 0; t++) {
            float to = t % 2 ? -127.0f : 113.0f, trial = max / (to * (0.8f + 0.025f * (float)(t / 2)));
            for (int r = 0; r < 2; r++) {
                nearest_codes(x, trial, &xc, &cc, NULL);
                if (!(cc > 0)) break;
                trial = xc / cc;
                if (xc * trial > gain) gain = xc * trial, scale = trial;
                else break;
            }
        }
        scale = store_half(out + IQ4_NL_D, scale);
        uint8_t code[N];
        nearest_codes(x, scale, &xc, &cc, code);
        for (int k = 0; k < N / 2; k++) out[IQ4_NL_Q + k] = (uint8_t)(code[k] | code[N / 2 + k] << 4);
    }
}
