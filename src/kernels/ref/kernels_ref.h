// SPDX-License-Identifier: MIT
// The parts of the reference table that other files define, and what all tables share.
#ifndef QUILL_KERNELS_REF_KERNELS_REF_H
#define QUILL_KERNELS_REF_KERNELS_REF_H

#include "kernels/kernels.h"

enum { VIRTUAL_LANES = 16 };

#define AMAX_TINY 0x0d800000u    // bits of 2^-100: blocks below it are zero
#define F32_INFINITY 0x7f800000u // bits; a magnitude at or above it is not finite

static inline size_t kv_groups(size_t head_dim) { return (head_dim + KV_GROUP - 1) / KV_GROUP; }

// 8+8, 4+4, 2+2, 1+1.
static inline float fold_lanes(float lanes[VIRTUAL_LANES]) {
    for (int half = VIRTUAL_LANES / 2; half > 0; half /= 2)
        for (int i = 0; i < half; i++) lanes[i] += lanes[i + half];
    return lanes[0];
}

bool quantize_32_ref(const struct qacts *to, const float *x, size_t n);
bool quantize_256_ref(const struct qacts *to, const float *x, size_t n);
#define DECODE(type, ...) void decode_##type##_ref(float *out, const uint8_t *row, size_t n);
DTYPES(DECODE)
#undef DECODE
void matmul_ref(const struct matmul_job *job);
void matmul_bf16_ref(const struct matmul_job *job);
void round_bf16_ref(uint16_t *out, const float *x, size_t n);

void kv_store_f16_ref(const struct kv_store_job *job);
void kv_store_f32_ref(const struct kv_store_job *job);
void kv_store_q8_0_ref(const struct kv_store_job *job);
void attn_tile_f16_ref(const struct attn_job *job);
void attn_tile_f32_ref(const struct attn_job *job);
void attn_tile_q8_0_ref(const struct attn_job *job);
void attn_merge_ref(float *out, const float *m, const float *l, const float *o, size_t n_tiles, size_t head_dim);

void layer_norm_ref(float *out, const float *x, const float *w, const float *b, float eps, size_t n);
void rms_norm_ref(float *out, const float *x, const float *w, float eps, size_t n);
void gelu_tanh_ref(float *x, size_t n);
void gelu_erf_ref(float *x, size_t n);
void quick_gelu_ref(float *x, size_t n);
void relu_ref(float *x, size_t n);
void relu_squared_ref(float *x, size_t n);
void silu_ref(float *x, size_t n);
void tanh_of_ref(float *x, size_t n);
void add_ref(float *y, const float *x, size_t n);
void add_scaled_ref(float *y, const float *x, float scale, size_t n);
void multiply_ref(float *y, const float *x, size_t n);
void scale_ref(float *x, float factor, size_t n);
void clamp_ref(float *x, float limit, size_t n);
void softcap_ref(float *x, float cap, size_t n);
void rotate_halves_ref(float *x, const float *turns, size_t n);
void rotate_pairs_ref(float *x, const float *turns, size_t n);
bool all_finite_ref(const float *x, size_t n);
float row_max_ref(const float *x, size_t n);
float row_exp_sum_ref(const float *x, size_t n, float max);

// Every slot, for the beginning of a table: an instruction set overwrites what it does itself.
#define REFERENCE_DECODE(type, ...) [DTYPE_##type] = decode_##type##_ref,
#define REFERENCE_MATMUL(type, ...) [DTYPE_##type] = matmul_ref,
#define REFERENCE_SLOTS                                                                                               \
    .quantize = {[ACT_Q8_32] = quantize_32_ref, [ACT_Q8_256] = quantize_256_ref},                                     \
    .round_bf16 = round_bf16_ref,                                                                                     \
    .layer_norm = layer_norm_ref,                                                                                     \
    .rms_norm = rms_norm_ref,                                                                                         \
    .activate = {[ACTF_GELU_TANH] = gelu_tanh_ref, [ACTF_GELU_ERF] = gelu_erf_ref,                                    \
                 [ACTF_QUICK_GELU] = quick_gelu_ref,                                                                  \
                 [ACTF_RELU] = relu_ref, [ACTF_RELU_SQUARED] = relu_squared_ref,                                      \
                 [ACTF_SILU] = silu_ref, [ACTF_TANH] = tanh_of_ref},                                                  \
    .add = add_ref,                                                                                                   \
    .add_scaled = add_scaled_ref,                                                                                     \
    .multiply = multiply_ref,                                                                                         \
    .scale = scale_ref,                                                                                               \
    .clamp = clamp_ref,                                                                                               \
    .softcap = softcap_ref,                                                                                           \
    .rotate = {[ROPE_HALVES] = rotate_halves_ref, [ROPE_PAIRS] = rotate_pairs_ref},                                   \
    .all_finite = all_finite_ref,                                                                                     \
    .row_max = row_max_ref,                                                                                           \
    .row_exp_sum = row_exp_sum_ref,                                                                                   \
    .decode_row = {DTYPES(REFERENCE_DECODE)},                                                                         \
    .matmul = {DTYPES(REFERENCE_MATMUL)},                                                                             \
    .kv_store = {[KV_F16] = kv_store_f16_ref, [KV_F32] = kv_store_f32_ref, [KV_Q8_0] = kv_store_q8_0_ref},            \
    .attn_tile = {[KV_F16] = attn_tile_f16_ref, [KV_F32] = attn_tile_f32_ref, [KV_Q8_0] = attn_tile_q8_0_ref},        \
    .attn_merge = attn_merge_ref

#endif
