// SPDX-License-Identifier: MIT
// The parts of the reference table that lie in other files, and what all tables share.
#ifndef QUILL_KERNELS_REF_KERNELS_REF_H
#define QUILL_KERNELS_REF_KERNELS_REF_H

#include "kernels/kernels.h"

enum { VIRTUAL_LANES = 16 };

#define AMAX_TINY 0x0d800000u    // bits of 2^-100: blocks below it are zero
#define F32_INFINITY 0x7f800000u // bits; what is not below it is not finite

static inline size_t kv_groups(size_t head_dim) { return (head_dim + KV_GROUP - 1) / KV_GROUP; }

// 8+8, 4+4, 2+2, 1+1.
static inline float fold_lanes(float lanes[VIRTUAL_LANES]) {
    for (int half = VIRTUAL_LANES / 2; half > 0; half /= 2)
        for (int i = 0; i < half; i++) lanes[i] += lanes[i + half];
    return lanes[0];
}

bool quantize_32_ref(int8_t *q, float *xd, float *xs, int32_t *sum, const float *x, size_t n);
bool quantize_256_ref(int8_t *q, float *xd, float *xs, int32_t *sum, const float *x, size_t n);
void decode_f32_ref(float *out, const uint8_t *row, size_t n);
void decode_f16_ref(float *out, const uint8_t *row, size_t n);
void decode_bf16_ref(float *out, const uint8_t *row, size_t n);
void decode_q8_0_ref(float *out, const uint8_t *row, size_t n);
void decode_q4_0_ref(float *out, const uint8_t *row, size_t n);
void decode_q4_1_ref(float *out, const uint8_t *row, size_t n);
void decode_q5_0_ref(float *out, const uint8_t *row, size_t n);
void decode_q5_1_ref(float *out, const uint8_t *row, size_t n);
void decode_iq4_nl_ref(float *out, const uint8_t *row, size_t n);
void decode_mxfp4_ref(float *out, const uint8_t *row, size_t n);
void decode_q2_k_ref(float *out, const uint8_t *row, size_t n);
void decode_q3_k_ref(float *out, const uint8_t *row, size_t n);
void decode_q4_k_ref(float *out, const uint8_t *row, size_t n);
void decode_q5_k_ref(float *out, const uint8_t *row, size_t n);
void decode_q6_k_ref(float *out, const uint8_t *row, size_t n);
void decode_iq4_xs_ref(float *out, const uint8_t *row, size_t n);
void matmul_float_ref(const struct matmul_job *job);
void matmul_quant_ref(const struct matmul_job *job);

void kv_store_f16_ref(const struct kv_store_job *job);
void kv_store_f32_ref(const struct kv_store_job *job);
void kv_store_q8_0_ref(const struct kv_store_job *job);
void attn_tile_f16_ref(const struct attn_job *job);
void attn_tile_f32_ref(const struct attn_job *job);
void attn_tile_q8_0_ref(const struct attn_job *job);
void attn_merge_ref(float *out, const float *m, const float *l, const float *o, size_t n_tiles, size_t head_dim);

#endif
