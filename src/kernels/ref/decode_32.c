// SPDX-License-Identifier: MIT
// Reference decoders: rows of every weight type as f32. The blocks of 32; those of 256 are unpacked in decode_k.c.
#include "kernels/mathf.h"
#include "kernels/quant_blocks.h"
#include "kernels_ref.h"
#include "tensor/half.h"

const int8_t codes_iq4[16] = {-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113};
const int8_t codes_mxfp4[16] = {0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12};

static float half_at(const uint8_t *p) { return half_to_f32(load_u16(p)); }

static void unpack_q8_0(struct quant_block *b, const uint8_t *block) {
    b->d = half_at(block + Q8_0_D);
    for (int i = 0; i < 32; i++) b->q[i] = (int8_t)block[Q8_0_Q + i];
}

// Halves of bytes, with a fifth bit from `high` where there is one, less `bias`.
static void unpack_halves(int8_t q[32], const uint8_t *bytes, uint32_t high, int bias) {
    for (int i = 0; i < 16; i++) {
        q[i] = (int8_t)(((bytes[i] & 15) | (high >> i & 1) << 4) - (uint32_t)bias);
        q[16 + i] = (int8_t)((bytes[i] >> 4 | (high >> (16 + i) & 1) << 4) - (uint32_t)bias);
    }
}

static void unpack_codes(int8_t q[32], const uint8_t *bytes, const int8_t codes[16]) {
    for (int i = 0; i < 16; i++) {
        q[i] = codes[bytes[i] & 15];
        q[16 + i] = codes[bytes[i] >> 4];
    }
}

static void unpack_q4_0(struct quant_block *b, const uint8_t *block) {
    b->d = half_at(block + Q4_0_D);
    unpack_halves(b->q, block + Q4_0_Q, 0, 8);
}

static void unpack_q4_1(struct quant_block *b, const uint8_t *block) {
    b->d = half_at(block + Q4_1_D);
    b->m = half_at(block + Q4_1_M);
    unpack_halves(b->q, block + Q4_1_Q, 0, 0);
}

static void unpack_q5_0(struct quant_block *b, const uint8_t *block) {
    b->d = half_at(block + Q5_0_D);
    unpack_halves(b->q, block + Q5_0_Q, load_u32(block + Q5_0_H), 16);
}

static void unpack_q5_1(struct quant_block *b, const uint8_t *block) {
    b->d = half_at(block + Q5_1_D);
    b->m = half_at(block + Q5_1_M);
    unpack_halves(b->q, block + Q5_1_Q, load_u32(block + Q5_1_H), 0);
}

static void unpack_iq4_nl(struct quant_block *b, const uint8_t *block) {
    b->d = half_at(block + IQ4_NL_D);
    unpack_codes(b->q, block + IQ4_NL_Q, codes_iq4);
}

static void unpack_mxfp4(struct quant_block *b, const uint8_t *block) {
    b->d = mxfp4_scale(block[MXFP4_E]);
    unpack_codes(b->q, block + MXFP4_Q, codes_mxfp4);
}

const struct quant_format quant_formats[DTYPE_COUNT] = {
    [DTYPE_Q8_0] = {QUANT_PLAIN, unpack_q8_0},
    [DTYPE_Q4_0] = {QUANT_PLAIN, unpack_q4_0},
    [DTYPE_Q4_1] = {QUANT_MIN, unpack_q4_1},
    [DTYPE_Q5_0] = {QUANT_PLAIN, unpack_q5_0},
    [DTYPE_Q5_1] = {QUANT_MIN, unpack_q5_1},
    [DTYPE_IQ4_NL] = {QUANT_PLAIN, unpack_iq4_nl},
    [DTYPE_MXFP4] = {QUANT_PLAIN, unpack_mxfp4},
    [DTYPE_Q2_K] = {QUANT_SCALES_MINS, unpack_q2_k},
    [DTYPE_Q3_K] = {QUANT_SCALES, unpack_q3_k},
    [DTYPE_Q4_K] = {QUANT_SCALES_MINS, unpack_q4_k},
    [DTYPE_Q5_K] = {QUANT_SCALES_MINS, unpack_q5_k},
    [DTYPE_Q6_K] = {QUANT_SCALES, unpack_q6_k},
    [DTYPE_IQ4_XS] = {QUANT_SCALES, unpack_iq4_xs},
};

static float value_of(enum quant_form form, const struct quant_block *b, size_t i) {
    float q = (float)b->q[i];
    if (form == QUANT_PLAIN) return b->d * q;
    if (form == QUANT_MIN) return q_fma(b->d, q, b->m);
    float step = b->d * (float)b->scale[i / GROUP_K];
    return form == QUANT_SCALES ? step * q : q_fma(step, q, -(b->m * (float)b->min[i / GROUP_K]));
}

static void decode(float *out, enum dtype type, const uint8_t *row, size_t n) {
    const struct quant_format *format = &quant_formats[type];
    const size_t values = dtypes[type].block_values;
    for (size_t done = 0; done < n; done += values, row += dtypes[type].block_bytes) {
        struct quant_block b;
        format->unpack(&b, row);
        for (size_t i = 0; i < values; i++) out[done + i] = value_of(format->form, &b, i);
    }
}

void decode_f32_ref(float *out, const uint8_t *row, size_t n) {
    for (size_t i = 0; i < n; i++) out[i] = load_f32(row + 4 * i);
}
void decode_f16_ref(float *out, const uint8_t *row, size_t n) {
    for (size_t i = 0; i < n; i++) out[i] = half_to_f32(load_u16(row + 2 * i));
}
void decode_bf16_ref(float *out, const uint8_t *row, size_t n) {
    for (size_t i = 0; i < n; i++) out[i] = bf16_to_f32(load_u16(row + 2 * i));
}
void decode_q8_0_ref(float *out, const uint8_t *row, size_t n) { decode(out, DTYPE_Q8_0, row, n); }
void decode_q4_0_ref(float *out, const uint8_t *row, size_t n) { decode(out, DTYPE_Q4_0, row, n); }
void decode_q4_1_ref(float *out, const uint8_t *row, size_t n) { decode(out, DTYPE_Q4_1, row, n); }
void decode_q5_0_ref(float *out, const uint8_t *row, size_t n) { decode(out, DTYPE_Q5_0, row, n); }
void decode_q5_1_ref(float *out, const uint8_t *row, size_t n) { decode(out, DTYPE_Q5_1, row, n); }
void decode_iq4_nl_ref(float *out, const uint8_t *row, size_t n) { decode(out, DTYPE_IQ4_NL, row, n); }
void decode_mxfp4_ref(float *out, const uint8_t *row, size_t n) { decode(out, DTYPE_MXFP4, row, n); }
void decode_q2_k_ref(float *out, const uint8_t *row, size_t n) { decode(out, DTYPE_Q2_K, row, n); }
void decode_q3_k_ref(float *out, const uint8_t *row, size_t n) { decode(out, DTYPE_Q3_K, row, n); }
void decode_q4_k_ref(float *out, const uint8_t *row, size_t n) { decode(out, DTYPE_Q4_K, row, n); }
void decode_q5_k_ref(float *out, const uint8_t *row, size_t n) { decode(out, DTYPE_Q5_K, row, n); }
void decode_q6_k_ref(float *out, const uint8_t *row, size_t n) { decode(out, DTYPE_Q6_K, row, n); }
void decode_iq4_xs_ref(float *out, const uint8_t *row, size_t n) { decode(out, DTYPE_IQ4_XS, row, n); }
