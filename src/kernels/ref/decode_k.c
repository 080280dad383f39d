// SPDX-License-Identifier: MIT
// Reference unpackers of the blocks of 256. Run r of 32 values has groups 2r and 2r + 1.
#include "kernels/quant_blocks.h"
#include "tensor/half.h"

// One scale per run of 32, so each appears twice in the list of groups of 16.
static void spread(int8_t groups[GROUPS_K], uint64_t runs) {
    for (int i = 0; i < GROUPS_K; i++) groups[i] = (int8_t)(uint8_t)(runs >> 8 * (i / 2));
}

// Run r of 2-bit values: bits 2 * (r % 4) of 32 bytes, which four runs share.
static int two_bits(const uint8_t *bytes, int run, int i) { return bytes[run / 4 * 32 + i] >> 2 * (run % 4) & 3; }

// Run r of 4-bit values: one half of 32 bytes, which two runs share.
static int four_bits(const uint8_t *bytes, int run, int i) { return bytes[run / 2 * 32 + i] >> 4 * (run % 2) & 15; }

// Run r of single bits: bit r of 32 bytes.
static int one_bit(const uint8_t *bytes, int run, int i) { return bytes[i] >> run & 1; }

void unpack_q2_k(struct quant_block *b, const uint8_t *block) {
    b->d = half_to_f32(load_u16(block + Q2_K_D));
    b->m = half_to_f32(load_u16(block + Q2_K_M));
    for (int i = 0; i < GROUPS_K; i++) {
        b->scale[i] = block[Q2_K_SCALES + i] & 15;
        b->min[i] = (int8_t)(block[Q2_K_SCALES + i] >> 4);
    }
    for (int i = 0; i < BLOCK_K; i++) b->q[i] = (int8_t)two_bits(block + Q2_K_Q, i / 32, i % 32);
}

void unpack_q3_k(struct quant_block *b, const uint8_t *block) {
    b->d = half_to_f32(load_u16(block + Q3_K_D));
    uint8_t scales[GROUPS_K];
    scales_q3_k(scales, block + Q3_K_SCALES);
    for (int i = 0; i < GROUPS_K; i++) b->scale[i] = (int8_t)scales[i];
    for (int i = 0; i < BLOCK_K; i++) {
        int high = one_bit(block + Q3_K_H, i / 32, i % 32);
        b->q[i] = (int8_t)(two_bits(block + Q3_K_Q, i / 32, i % 32) + 4 * high - 4);
    }
}

void unpack_q4_k(struct quant_block *b, const uint8_t *block) {
    b->d = half_to_f32(load_u16(block + Q4_K_D));
    b->m = half_to_f32(load_u16(block + Q4_K_M));
    spread(b->scale, scales_q4_k(block + Q4_K_SCALES));
    spread(b->min, mins_q4_k(block + Q4_K_SCALES));
    for (int i = 0; i < BLOCK_K; i++) b->q[i] = (int8_t)four_bits(block + Q4_K_Q, i / 32, i % 32);
}

void unpack_q5_k(struct quant_block *b, const uint8_t *block) {
    b->d = half_to_f32(load_u16(block + Q5_K_D));
    b->m = half_to_f32(load_u16(block + Q5_K_M));
    spread(b->scale, scales_q4_k(block + Q5_K_SCALES));
    spread(b->min, mins_q4_k(block + Q5_K_SCALES));
    for (int i = 0; i < BLOCK_K; i++) {
        int high = one_bit(block + Q5_K_H, i / 32, i % 32);
        b->q[i] = (int8_t)(four_bits(block + Q5_K_Q, i / 32, i % 32) + 16 * high);
    }
}

// Each half of 128 values has 64 bytes of lower and 32 bytes of upper bits. The first two of its four runs are the low
// halves of those 64 bytes, the last two the high halves.
void unpack_q6_k(struct quant_block *b, const uint8_t *block) {
    b->d = half_to_f32(load_u16(block + Q6_K_D));
    for (int i = 0; i < GROUPS_K; i++) b->scale[i] = (int8_t)block[Q6_K_SCALES + i];
    for (int i = 0; i < BLOCK_K; i++) {
        int run = i / 32, half = run / 4;
        int low = block[Q6_K_Q + 64 * half + i % 64] >> 4 * (run % 4 / 2) & 15;
        b->q[i] = (int8_t)((low | two_bits(block + Q6_K_H, run, i % 32) << 4) - 32);
    }
}

void unpack_iq4_xs(struct quant_block *b, const uint8_t *block) {
    b->d = half_to_f32(load_u16(block + IQ4_XS_D));
    spread(b->scale, scales_iq4_xs(block));
    for (int i = 0; i < BLOCK_K; i++) {
        uint8_t pair = block[IQ4_XS_Q + i / 32 * 16 + i % 16];
        b->q[i] = codes_iq4[i % 32 < 16 ? pair & 15 : pair >> 4];
    }
}
