// SPDX-License-Identifier: MIT
// The definition of every kernel, in plain C. It is never made faster: tests compare the other tables with its bits.
#include "kernels_ref.h"

#include <string.h>

#include "kernels/mathf.h"

void layer_norm_ref(float *out, const float *x, const float *w, const float *b, float eps, size_t n) {
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

void rms_norm_ref(float *out, const float *x, const float *w, float eps, size_t n) {
    float squares[VIRTUAL_LANES] = {0};
    for (size_t i = 0; i < n; i++) squares[i % VIRTUAL_LANES] = q_fma(x[i], x[i], squares[i % VIRTUAL_LANES]);
    float inverse = 1.0f / sqrtf(fold_lanes(squares) / (float)n + eps);
    for (size_t i = 0; i < n; i++) out[i] = w ? (x[i] * inverse) * w[i] : x[i] * inverse;
}

void gelu_tanh_ref(float *x, size_t n) {
    for (size_t i = 0; i < n; i++) x[i] = mathf_gelu_tanh(x[i]);
}

void gelu_erf_ref(float *x, size_t n) {
    for (size_t i = 0; i < n; i++) x[i] = mathf_gelu_erf(x[i]);
}

void quick_gelu_ref(float *x, size_t n) {
    for (size_t i = 0; i < n; i++) x[i] = mathf_quick_gelu(x[i]);
}

// A NaN stays; -0 becomes +0.
void relu_ref(float *x, size_t n) {
    for (size_t i = 0; i < n; i++) x[i] = x[i] <= 0 ? 0.0f : x[i];
}

void relu_squared_ref(float *x, size_t n) {
    relu_ref(x, n);
    for (size_t i = 0; i < n; i++) x[i] = x[i] * x[i];
}

void silu_ref(float *x, size_t n) {
    for (size_t i = 0; i < n; i++) x[i] = mathf_silu(x[i]);
}

void tanh_of_ref(float *x, size_t n) {
    for (size_t i = 0; i < n; i++) x[i] = mathf_tanh(x[i]);
}

void add_ref(float *y, const float *x, size_t n) {
    for (size_t i = 0; i < n; i++) y[i] += x[i];
}

void add_scaled_ref(float *y, const float *x, float scale, size_t n) {
    for (size_t i = 0; i < n; i++) y[i] = q_fma(scale, x[i], y[i]);
}

void multiply_ref(float *y, const float *x, size_t n) {
    for (size_t i = 0; i < n; i++) y[i] *= x[i];
}

void scale_ref(float *x, float factor, size_t n) {
    for (size_t i = 0; i < n; i++) x[i] *= factor;
}

void clamp_ref(float *x, float limit, size_t n) {
    for (size_t i = 0; i < n; i++) x[i] = max_f32(-limit, min_f32(limit, x[i]));
}

void softcap_ref(float *x, float cap, size_t n) {
    for (size_t i = 0; i < n; i++) x[i] = cap * mathf_tanh(x[i] / cap);
}

static void rotate(float *x, float a, float b, const float *turns, size_t i, size_t n) {
    x[i] = q_fma(a, turns[i], -(b * turns[n + i]));
    x[n + i] = q_fma(b, turns[i], a * turns[n + i]);
}

void rotate_halves_ref(float *x, const float *turns, size_t n) {
    for (size_t i = 0; i < n; i++) rotate(x, x[i], x[n + i], turns, i, n);
}

void rotate_pairs_ref(float *x, const float *turns, size_t n) {
    float from[HEAD_DIM_LIMIT];
    memcpy(from, x, 2 * n * sizeof *x);
    for (size_t i = 0; i < n; i++) rotate(x, from[2 * i], from[2 * i + 1], turns, i, n);
}

bool all_finite_ref(const float *x, size_t n) {
    for (size_t i = 0; i < n; i++)
        if ((f32_bits(x[i]) & 0x7fffffff) >= F32_INFINITY) return false;
    return true;
}

// Ignores NaNs (only NaNs: -infinity). A maximum of -0 becomes +0, so that the order of comparisons does not matter.
float row_max_ref(const float *x, size_t n) {
    float m = -INFINITY;
    for (size_t i = 0; i < n; i++) m = max_f32(x[i], m);
    return m + 0.0f;
}

float row_exp_sum_ref(const float *x, size_t n, float max) {
    float lanes[VIRTUAL_LANES] = {0};
    for (size_t i = 0; i < n; i++) lanes[i % VIRTUAL_LANES] += mathf_exp(x[i] - max);
    return fold_lanes(lanes);
}

const struct kernels kernels_ref = {
    REFERENCE_SLOTS,
    .name = "ref",
    .row_chunk = 16,
    .scratch_bytes = HEAD_DIM_LIMIT * 2,
};
