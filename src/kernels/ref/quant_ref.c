// SPDX-License-Identifier: MIT
// Quantized activations and matrix products, in plain C: the formulas.
#include "kernels/mathf.h"
#include "kernels/quant_blocks.h"
#include "kernels_ref.h"
#include "tensor/half.h"

static int32_t round_even(float x) { return (int32_t)(f32_bits(x + ROUND_MAGIC) - f32_bits(ROUND_MAGIC)); }

// One block of n values, with a sum for each group.
static bool quantize_block(int8_t *q, float *xd, int32_t *sum, const float *x, size_t n, size_t group) {
    uint32_t amax = 0;
    for (size_t i = 0; i < n; i++) {
        uint32_t magnitude = f32_bits(x[i]) & 0x7fffffff;
        amax = magnitude > amax ? magnitude : amax;
    }
    if (amax >= F32_INFINITY) return false;
    bool tiny = amax < AMAX_TINY;
    float id = tiny ? 0.0f : 127.0f / f32_from_bits(amax);
    for (size_t g = 0; g < n / group; g++) sum[g] = 0;
    for (size_t i = 0; i < n; i++) {
        q[i] = (int8_t)round_even(x[i] * id);
        sum[i / group] += q[i];
    }
    *xd = tiny ? 0.0f : f32_from_bits(amax) * (1.0f / 127.0f);
    return true;
}

bool quantize_32_ref(int8_t *q, float *xd, float *xs, int32_t *sum, const float *x, size_t n) {
    for (size_t b = 0; b < n / ACT_BLOCK; b++) {
        if (!quantize_block(q + b * ACT_BLOCK, &xd[b], &sum[b], x + b * ACT_BLOCK, ACT_BLOCK, ACT_BLOCK)) return false;
        xs[b] = xd[b] * (float)sum[b];
    }
    return true;
}

bool quantize_256_ref(int8_t *q, float *xd, float *xs, int32_t *sum, const float *x, size_t n) {
    (void)xs;
    for (size_t b = 0; b < n / BLOCK_K; b++)
        if (!quantize_block(q + b * BLOCK_K, &xd[b], sum + b * GROUPS_K, x + b * BLOCK_K, BLOCK_K, GROUP_K))
            return false;
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

// Adds one block of one token to the chain a. x: the token's values of the block; sum: the sums of their groups.
static float block_product(float a, enum quant_form form, const struct quant_block *b, const int8_t *x, float xd,
                           float xs, const int32_t *sum) {
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
        if (form == QUANT_SCALES_MINS) offset += b->min[g] * sum[g];
    }
    a = q_fma(b->d * xd, (float)dot, a);
    return form == QUANT_SCALES_MINS ? q_fma(-(b->m * xd), (float)offset, a) : a;
}

static void matmul_blocks(const struct matmul_job *job) {
    const struct quant_format *format = &quant_formats[job->w.dtype];
    const struct dtype_info *type = &dtypes[job->w.dtype];
    const struct act_info *acts = &act_kinds[type->acts];
    const size_t n_blocks = job->w.cols / acts->block, n_sums = job->w.cols / acts->group;
    for (size_t r = job->row0; r < job->row1; r++) {
        for (size_t t = 0; t < job->n_tokens; t++) job->out[t * job->out_stride + r] = 0;
        for (size_t b = 0; b < n_blocks; b++) {
            struct quant_block block;
            format->unpack(&block, job->w.data + r * job->w.stride + b * type->block_bytes);
            for (size_t t = 0; t < job->n_tokens; t++) {
                float *a = &job->out[t * job->out_stride + r];
                size_t at = t * n_blocks + b;
                const int8_t *q = job->q.q + t * job->q.stride + b * acts->block;
                *a = block_product(*a, format->form, &block, q, job->q.xd[at],
                                   format->form == QUANT_MIN ? job->q.xs[at] : 0.0f,
                                   job->q.sum + t * n_sums + b * (acts->block / acts->group));
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
