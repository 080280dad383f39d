// SPDX-License-Identifier: MIT
// The definition of every kernel, in plain C. It is never made faster: the other tables are measured against its bits.
#include "kernels_ref.h"

#include "kernels/mathf.h"

static void layer_norm(float *out, const float *x, const float *w, const float *b, float eps, size_t n) {
    float sum[VIRTUAL_LANES] = {0}, squares[VIRTUAL_LANES] = {0};
    for (size_t i = 0; i < n; i++) sum[i % VIRTUAL_LANES] += x[i];
    float mean = fold_lanes(sum) / (float)n;
    for (size_t i = 0; i < n; i++) {
        float d = x[i] - mean, *lane = &squares[i % VIRTUAL_LANES];
        *lane = q_fma(d, d, *lane);
    }
    float inverse = 1.0f / sqrtf(fold_lanes(squares) / (float)n + eps);
    for (size_t i = 0; i < n; i++) {
        float y = (x[i] - mean) * inverse;
        if (w && b) y = q_fma(y, w[i], b[i]);
        else if (w) y = y * w[i];
        else if (b) y = y + b[i];
        out[i] = y;
    }
}

static void rms_norm(float *out, const float *x, const float *w, float eps, size_t n) {
    float squares[VIRTUAL_LANES] = {0};
    for (size_t i = 0; i < n; i++) squares[i % VIRTUAL_LANES] = q_fma(x[i], x[i], squares[i % VIRTUAL_LANES]);
    float inverse = 1.0f / sqrtf(fold_lanes(squares) / (float)n + eps);
    for (size_t i = 0; i < n; i++) out[i] = w ? (x[i] * inverse) * w[i] : x[i] * inverse;
}

static void gelu_tanh(float *x, size_t n) {
    for (size_t i = 0; i < n; i++) x[i] = mathf_gelu_tanh(x[i]);
}

static void gelu_erf(float *x, size_t n) {
    for (size_t i = 0; i < n; i++) x[i] = mathf_gelu_erf(x[i]);
}

static void quick_gelu(float *x, size_t n) {
    for (size_t i = 0; i < n; i++) x[i] = mathf_quick_gelu(x[i]);
}

// A NaN stays; -0 becomes +0.
static void relu(float *x, size_t n) {
    for (size_t i = 0; i < n; i++) x[i] = x[i] <= 0 ? 0.0f : x[i];
}

static void relu_squared(float *x, size_t n) {
    relu(x, n);
    for (size_t i = 0; i < n; i++) x[i] = x[i] * x[i];
}

static void silu(float *x, size_t n) {
    for (size_t i = 0; i < n; i++) x[i] = mathf_silu(x[i]);
}

static void tanh_of(float *x, size_t n) {
    for (size_t i = 0; i < n; i++) x[i] = mathf_tanh(x[i]);
}

static void add(float *y, const float *x, size_t n) {
    for (size_t i = 0; i < n; i++) y[i] += x[i];
}

static void add_scaled(float *y, const float *x, float scale, size_t n) {
    for (size_t i = 0; i < n; i++) y[i] = q_fma(scale, x[i], y[i]);
}

static void multiply(float *y, const float *x, size_t n) {
    for (size_t i = 0; i < n; i++) y[i] *= x[i];
}

static bool all_finite(const float *x, size_t n) {
    for (size_t i = 0; i < n; i++)
        if ((f32_bits(x[i]) & 0x7fffffff) >= F32_INFINITY) return false;
    return true;
}

// NaNs are passed over (of nothing but NaNs: -infinity), and a largest of -0 is given as +0, so that the order of
// comparisons does not show.
static float row_max(const float *x, size_t n) {
    float m = -INFINITY;
    for (size_t i = 0; i < n; i++) m = max_f32(x[i], m);
    return m + 0.0f;
}

static float row_exp_sum(const float *x, size_t n, float max) {
    float lanes[VIRTUAL_LANES] = {0};
    for (size_t i = 0; i < n; i++) lanes[i % VIRTUAL_LANES] += mathf_exp(x[i] - max);
    return fold_lanes(lanes);
}

const struct kernels kernels_ref = {
    .name = "ref",
    .row_chunk = 16,
    .scratch_bytes = HEAD_DIM_LIMIT * 2,
    .quantize = {[ACT_Q8_32] = quantize_32_ref, [ACT_Q8_256] = quantize_256_ref},
    .layer_norm = layer_norm,
    .rms_norm = rms_norm,
    .activate = {[ACTF_GELU_TANH] = gelu_tanh, [ACTF_GELU_ERF] = gelu_erf, [ACTF_QUICK_GELU] = quick_gelu,
                 [ACTF_RELU] = relu, [ACTF_RELU_SQUARED] = relu_squared, [ACTF_SILU] = silu, [ACTF_TANH] = tanh_of},
    .add = add,
    .add_scaled = add_scaled,
    .multiply = multiply,
    .all_finite = all_finite,
    .row_max = row_max,
    .row_exp_sum = row_exp_sum,
    .decode_row = {[DTYPE_F32] = decode_f32_ref, [DTYPE_F16] = decode_f16_ref, [DTYPE_BF16] = decode_bf16_ref,
                   [DTYPE_Q8_0] = decode_q8_0_ref, [DTYPE_Q4_0] = decode_q4_0_ref, [DTYPE_Q4_1] = decode_q4_1_ref,
                   [DTYPE_Q5_0] = decode_q5_0_ref, [DTYPE_Q5_1] = decode_q5_1_ref, [DTYPE_IQ4_NL] = decode_iq4_nl_ref,
                   [DTYPE_MXFP4] = decode_mxfp4_ref, [DTYPE_Q2_K] = decode_q2_k_ref, [DTYPE_Q3_K] = decode_q3_k_ref,
                   [DTYPE_Q4_K] = decode_q4_k_ref, [DTYPE_Q5_K] = decode_q5_k_ref, [DTYPE_Q6_K] = decode_q6_k_ref,
                   [DTYPE_IQ4_XS] = decode_iq4_xs_ref},
    .matmul = {[DTYPE_F32] = matmul_float_ref, [DTYPE_F16] = matmul_float_ref, [DTYPE_BF16] = matmul_float_ref,
               [DTYPE_Q8_0] = matmul_quant_ref, [DTYPE_Q4_0] = matmul_quant_ref, [DTYPE_Q4_1] = matmul_quant_ref,
               [DTYPE_Q5_0] = matmul_quant_ref, [DTYPE_Q5_1] = matmul_quant_ref, [DTYPE_IQ4_NL] = matmul_quant_ref,
               [DTYPE_MXFP4] = matmul_quant_ref, [DTYPE_Q2_K] = matmul_quant_ref, [DTYPE_Q3_K] = matmul_quant_ref,
               [DTYPE_Q4_K] = matmul_quant_ref, [DTYPE_Q5_K] = matmul_quant_ref, [DTYPE_Q6_K] = matmul_quant_ref,
               [DTYPE_IQ4_XS] = matmul_quant_ref},
    .kv_store = {[KV_F16] = kv_store_f16_ref, [KV_F32] = kv_store_f32_ref, [KV_Q8_0] = kv_store_q8_0_ref},
    .attn_tile = {[KV_F16] = attn_tile_f16_ref, [KV_F32] = attn_tile_f32_ref, [KV_Q8_0] = attn_tile_q8_0_ref},
    .attn_merge = attn_merge_ref,
};
