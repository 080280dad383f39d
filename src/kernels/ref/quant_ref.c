// SPDX-License-Identifier: MIT
// Quantized activations and matrix products, in plain C: the formulas.
#include "kernels/mathf.h"
#include "kernels/quant_blocks.h"
#include "kernels_ref.h"
#include "tensor/half.h"

static int32_t round_even(float x) { return (int32_t)(f32_bits(x + ROUND_MAGIC) - f32_bits(ROUND_MAGIC)); }

// One block of n values.
static bool quantize_block(int8_t *q, float *xd, const float *x, size_t n) {
    uint32_t amax = 0;
    for (size_t i = 0; i < n; i++) {
        uint32_t magnitude = f32_bits(x[i]) & 0x7fffffff;
        amax = magnitude > amax ? magnitude : amax;
    }
    if (amax >= F32_INFINITY) return false;
    bool tiny = amax < AMAX_TINY;
    float id = tiny ? 0.0f : 127.0f / f32_from_bits(amax);
    for (size_t i = 0; i < n; i++) q[i] = (int8_t)round_even(x[i] * id);
    *xd = tiny ? 0.0f : f32_from_bits(amax) * (1.0f / 127.0f);
    return true;
}

static int32_t sum_of(const int8_t *q, size_t n) {
    int32_t sum = 0;
    for (size_t i = 0; i < n; i++) sum += q[i];
    return sum;
}

bool quantize_32_ref(const struct qacts *to, const float *x, size_t n) {
    for (size_t b = 0; b < n / ACT_BLOCK; b++) {
        int8_t *q = to->q + b * ACT_BLOCK;
        if (!quantize_block(q, &to->xd[b], x + b * ACT_BLOCK, ACT_BLOCK)) return false;
        const int32_t sum = sum_of(q, ACT_BLOCK);
        to->xs[b] = to->xd[b] * (float)sum;
        to->start[b] = -128 * sum;
    }
    return true;
}

bool quantize_256_ref(const struct qacts *to, const float *x, size_t n) {
    for (size_t b = 0; b < n / BLOCK_K; b++) {
        int8_t *q = to->q + b * BLOCK_K;
        int16_t *sums = to->sums + b * ACT_SUMS;
        if (!quantize_block(q, &to->xd[b], x + b * BLOCK_K, BLOCK_K)) return false;
        for (size_t g = 0; g < GROUPS_K; g++) sums[g] = (int16_t)sum_of(q + g * GROUP_K, GROUP_K);
        for (size_t i = 0; i < GROUPS_K / 2; i++) sums[ACT_RUN_SUMS + i] = (int16_t)(sums[2 * i] + sums[2 * i + 1]);
    }
    return true;
}

static float float_weight(enum dtype type, const uint8_t *p) {
    return type == DTYPE_F32 ? load_f32(p) : half_to_f32(load_u16(p));
}

static void store_output(const struct matmul_job *job, size_t token, size_t row, float a) {
    job->out[token * job->out_stride + row] = job->bias ? a + job->bias[row] : a;
}

static void matmul_floats(const struct matmul_job *job) {
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

// Adds one block of one token to the chain a. x: the token's values of the block; sums: of their groups, in blocks of
// 256.
static float block_product(float a, enum quant_form form, const struct quant_block *b, const int8_t *x, float xd,
                           float xs, const int16_t *sums) {
    int32_t dot = 0, offset = 0;
    if (form == QUANT_PLAIN || form == QUANT_MIN) {
        for (int i = 0; i < ACT_BLOCK; i++) dot += b->q[i] * x[i];
        a = q_fma(b->d * xd, (float)dot, a);
        return form == QUANT_MIN ? q_fma(b->m, xs, a) : a;
    }
    for (int g = 0; g < GROUPS_K; g++) {
        int32_t part = 0;
        for (int i = 0; i < GROUP_K; i++) part += b->q[g * GROUP_K + i] * x[g * GROUP_K + i];
        dot += b->scale[g] * part;
        if (form == QUANT_SCALES_MINS) offset += b->min[g] * sums[g];
    }
    a = q_fma(b->d * xd, (float)dot, a);
    return form == QUANT_SCALES_MINS ? q_fma(-(b->m * xd), (float)offset, a) : a;
}

static void matmul_blocks(const struct matmul_job *job) {
    const struct quant_format *format = &quant_formats[job->w.dtype];
    const struct dtype_info *type = &dtypes[job->w.dtype];
    const size_t values = act_block[type->acts], n_blocks = job->w.cols / values;
    for (size_t r = job->row0; r < job->row1; r++) {
        for (size_t t = 0; t < job->n_tokens; t++) job->out[t * job->out_stride + r] = 0;
        for (size_t b = 0; b < n_blocks; b++) {
            struct quant_block block;
            format->unpack(&block, job->w.data + r * job->w.stride + b * type->block_bytes);
            for (size_t t = 0; t < job->n_tokens; t++) {
                float *a = &job->out[t * job->out_stride + r];
                size_t at = t * n_blocks + b;
                const int8_t *q = job->q.q + t * job->q.stride + b * values;
                *a = block_product(*a, format->form, &block, q, job->q.xd[at],
                                   format->form == QUANT_MIN ? job->q.xs[at] : 0.0f,
                                   job->q.sums ? job->q.sums + at * ACT_SUMS : NULL);
            }
        }
        for (size_t t = 0; t < job->n_tokens; t++) store_output(job, t, r, job->out[t * job->out_stride + r]);
    }
}

void matmul_ref(const struct matmul_job *job) {
    if (quant_formats[job->w.dtype].unpack) matmul_blocks(job);
    else if (job->w.dtype == DTYPE_BF16) matmul_bf16_ref(job);
    else matmul_floats(job);
}
