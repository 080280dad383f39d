// SPDX-License-Identifier: MIT
// Reference decoders: rows of every weight type as f32. Blocks of 32 are unpacked here, blocks of 256 in decode_k.c.
#include "kernels/mathf.h"
#include "kernels/quant_blocks.h"
#include "kernels_ref.h"
#include "tensor/half.h"

const int8_t codes_iq4[16] = {-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113};
const int8_t codes_mxfp4[16] = {0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12};

static float half_at(const uint8_t *p) { return half_to_f32(load_u16(p)); }

void unpack_q8_0(struct quant_block *b, const uint8_t *block) {
    b->d = half_at(block + Q8_0_D);
    for (int i = 0; i < 32; i++) b->q[i] = (int8_t)block[Q8_0_Q + i];
}

// Unpacks half bytes, adds a fifth bit from `high` (0: none), and subtracts `bias`.
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

void unpack_q4_0(struct quant_block *b, const uint8_t *block) {
    b->d = half_at(block + Q4_0_D);
    unpack_halves(b->q, block + Q4_0_Q, 0, 8);
}

void unpack_q4_1(struct quant_block *b, const uint8_t *block) {
    b->d = half_at(block + Q4_1_D);
    b->m = half_at(block + Q4_1_M);
    unpack_halves(b->q, block + Q4_1_Q, 0, 0);
}

void unpack_q5_0(struct quant_block *b, const uint8_t *block) {
    b->d = half_at(block + Q5_0_D);
    unpack_halves(b->q, block + Q5_0_Q, load_u32(block + Q5_0_H), 16);
}

void unpack_q5_1(struct quant_block *b, const uint8_t *block) {
    b->d = half_at(block + Q5_1_D);
    b->m = half_at(block + Q5_1_M);
    unpack_halves(b->q, block + Q5_1_Q, load_u32(block + Q5_1_H), 0);
}

void unpack_iq4_nl(struct quant_block *b, const uint8_t *block) {
    b->d = half_at(block + IQ4_NL_D);
    unpack_codes(b->q, block + IQ4_NL_Q, codes_iq4);
}

void unpack_mxfp4(struct quant_block *b, const uint8_t *block) {
    b->d = mxfp4_scale(block[MXFP4_E]);
    unpack_codes(b->q, block + MXFP4_Q, codes_mxfp4);
}

const struct quant_format quant_formats[DTYPE_COUNT] = {
#define FORMAT(type, name, form) [DTYPE_##type] = {form, unpack_##name},
    QUANT_FORMATS(FORMAT)
};

static float value_of(enum quant_form form, const struct quant_block *b, size_t i) {
    float q = (float)b->q[i];
    if (form == QUANT_PLAIN) return b->d * q;
    if (form == QUANT_MIN) return q_fma(b->d, q, b->m);
    float step = b->d * (float)b->scale[i / GROUP_K];
    return form == QUANT_SCALES ? step * q : q_fma(step, q, -(b->m * (float)b->min[i / GROUP_K]));
}

static void decode_blocks(float *out, enum dtype type, const uint8_t *row, size_t n) {
    const struct quant_format *format = &quant_formats[type];
    const size_t values = dtypes[type].block_values;
    for (size_t done = 0; done < n; done += values, row += dtypes[type].block_bytes) {
        struct quant_block b;
        format->unpack(&b, row);
        for (size_t i = 0; i < values; i++) out[done + i] = value_of(format->form, &b, i);
    }
}

static void decode(float *out, enum dtype type, const uint8_t *row, size_t n) {
    if (quant_formats[type].unpack) {
        decode_blocks(out, type, row, n);
        return;
    }
    for (size_t i = 0; i < n; i++) {
        if (type == DTYPE_F32) out[i] = load_f32(row + 4 * i);
        else out[i] = type == DTYPE_F16 ? half_to_f32(load_u16(row + 2 * i)) : bf16_to_f32(load_u16(row + 2 * i));
    }
}

#define DECODE(type, ...) \
    void decode_##type##_ref(float *out, const uint8_t *row, size_t n) { decode(out, DTYPE_##type, row, n); }
DTYPES(DECODE)
