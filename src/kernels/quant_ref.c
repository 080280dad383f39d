// SPDX-License-Identifier: MIT
// Weight types, in plain C: quantized activations, decoding and encoding of rows, matrix products.
#include <string.h>

#include "kernels_ref.h"
#include "mathf.h"
#include "tensor/half.h"

static int32_t round_even(float x) { return (int32_t)(f32_bits(x + ROUND_MAGIC) - f32_bits(ROUND_MAGIC)); }

bool quantize_ref(int8_t *q, float *xd, float *xs, int32_t *sum, const float *x, size_t n) {
    for (size_t block = 0; block < n / ACT_BLOCK; block++, x += ACT_BLOCK, q += ACT_BLOCK) {
        uint32_t amax = 0;
        for (int i = 0; i < ACT_BLOCK; i++) {
            uint32_t magnitude = f32_bits(x[i]) & 0x7fffffff;
            amax = magnitude > amax ? magnitude : amax;
        }
        if (amax >= F32_INFINITY) return false;
        bool tiny = amax < AMAX_TINY;
        float id = tiny ? 0.0f : 127.0f / f32_from_bits(amax);
        int32_t total = 0;
        for (int i = 0; i < ACT_BLOCK; i++) {
            q[i] = (int8_t)round_even(x[i] * id);
            total += q[i];
        }
        xd[block] = tiny ? 0.0f : f32_from_bits(amax) * (1.0f / 127.0f);
        sum[block] = total;
        xs[block] = xd[block] * (float)total;
    }
    return true;
}

static float float_weight(enum dtype type, const uint8_t *p) {
    if (type == DTYPE_F32) return load_f32(p);
    return type == DTYPE_F16 ? half_to_f32(load_u16(p)) : bf16_to_f32(load_u16(p));
}

static void decode_float(float *out, enum dtype type, const uint8_t *row, size_t n) {
    for (size_t i = 0; i < n; i++) out[i] = float_weight(type, row + i * dtypes[type].block_bytes);
}

void decode_f32_ref(float *out, const uint8_t *row, size_t n) { decode_float(out, DTYPE_F32, row, n); }
void decode_f16_ref(float *out, const uint8_t *row, size_t n) { decode_float(out, DTYPE_F16, row, n); }
void decode_bf16_ref(float *out, const uint8_t *row, size_t n) { decode_float(out, DTYPE_BF16, row, n); }

void decode_q8_0_ref(float *out, const uint8_t *row, size_t n) {
    for (size_t i = 0; i < n; i++) {
        const uint8_t *block = row + i / Q8_0_VALUES * Q8_0_BYTES;
        out[i] = half_to_f32(load_u16(block)) * (float)(int8_t)block[2 + i % Q8_0_VALUES];
    }
}

static void store_output(const struct matmul_job *job, size_t token, size_t row, float a) {
    job->out[token * job->out_stride + row] = job->bias ? a + job->bias[row] : a;
}

void matmul_float_ref(const struct matmul_job *job) {
    const struct mat *w = &job->w;
    size_t value = dtypes[w->dtype].block_bytes;
    size_t row_step = w->transposed ? value : w->stride, col_step = w->transposed ? w->stride : value;
    for (size_t t = 0; t < job->n_tokens; t++)
        for (size_t r = job->row0; r < job->row1; r++) {
            float a = 0;
            const uint8_t *weight = w->data + r * row_step;
            const float *x = job->x + t * job->x_stride;
            for (size_t c = 0; c < w->cols; c++, weight += col_step) a = q_fma(float_weight(w->dtype, weight), x[c], a);
            store_output(job, t, r, a);
        }
}

void matmul_q8_0_ref(const struct matmul_job *job) {
    size_t n_blocks = job->w.cols / Q8_0_VALUES;
    for (size_t t = 0; t < job->n_tokens; t++)
        for (size_t r = job->row0; r < job->row1; r++) {
            const uint8_t *block = job->w.data + r * job->w.stride;
            const int8_t *q = job->q.q + t * job->w.cols;
            float a = 0;
            for (size_t b = 0; b < n_blocks; b++, block += Q8_0_BYTES, q += Q8_0_VALUES) {
                int32_t dot = 0;
                for (int i = 0; i < Q8_0_VALUES; i++) dot += (int8_t)block[2 + i] * q[i];
                a = q_fma(half_to_f32(load_u16(block)) * job->q.xd[t * n_blocks + b], (float)dot, a);
            }
            store_output(job, t, r, a);
        }
}

static void encode_f32(uint8_t *out, const float *x, size_t n) { memcpy(out, x, n * sizeof *x); }

static void encode_f16(uint8_t *out, const float *x, size_t n) {
    for (size_t i = 0; i < n; i++) store_u16(out + 2 * i, half_from_f32(x[i]));
}

static void encode_bf16(uint8_t *out, const float *x, size_t n) {
    for (size_t i = 0; i < n; i++) store_u16(out + 2 * i, bf16_from_f32(x[i]));
}

// As ggml's reference quantizer: d = amax / 127, stored as f16; q = x * (1/d) rounded, halves away from zero. Where
// ggml's result would be infinite or undefined (values that are not finite, 1/d or f16 overflow), q is clamped and d
// saturates.
static void encode_q8_0(uint8_t *out, const float *x, size_t n) {
    for (size_t b = 0; b < n / Q8_0_VALUES; b++, x += Q8_0_VALUES, out += Q8_0_BYTES) {
        float amax = 0;
        for (int i = 0; i < Q8_0_VALUES; i++) amax = max_f32(fabsf(x[i]), amax);
        float d = amax / 127.0f, id = d > 0 ? 1.0f / d : 0.0f;
        store_u16(out, half_from_f32_saturate(d));
        for (int i = 0; i < Q8_0_VALUES; i++) {
            float v = min_f32(max_f32(roundf(x[i] * id), -127.0f), 127.0f);
            out[2 + i] = (uint8_t)(int8_t)v;
        }
    }
}

static void (*const encoders[DTYPE_COUNT])(uint8_t *out, const float *x, size_t n) = {
    [DTYPE_F32] = encode_f32,
    [DTYPE_F16] = encode_f16,
    [DTYPE_BF16] = encode_bf16,
    [DTYPE_Q8_0] = encode_q8_0,
};

void encode_row(enum dtype type, uint8_t *out, const float *x, size_t n) { encoders[type](out, x, n); }
