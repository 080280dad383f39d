// SPDX-License-Identifier: MIT
// Products of BF16 weights, in plain C: what TDPBF16PS does, without a mode of the processor.
#include "kernels/mathf.h"
#include "kernels_ref.h"
#include "tensor/half.h"

#define SMALLEST 0x1p-126f               // smallest normal number
#define ROUNDS_TO_SMALLEST 0x1.ffffffp-127 // from here on, rounding to 24 bits with any exponent gives it

static float flushed(float x) { return fabsf(x) < SMALLEST ? copysignf(0.0f, x) : x; }

// A sum that is subnormal is exact: it has no bits below those of its operands.
static float flushed_add(float a, float b) { return flushed(flushed(a) + flushed(b)); }

// The rounding to odd keeps all that the comparisons and the rounding to f32 ask of the exact result.
static float flushed_fma(float a, float b, float c) {
    const double s = fma_to_odd(flushed(a), flushed(b), flushed(c));
    if (!(fabs(s) < (double)SMALLEST)) return (float)s;
    return (float)copysign(fabs(s) >= ROUNDS_TO_SMALLEST ? (double)SMALLEST : 0.0, s);
}

// Columns from..from+31 of a row; those from n on are zeros.
static float add_block(float a, const uint8_t *w, size_t col_step, const uint16_t *x, size_t from, size_t n) {
    float half[2] = {0, 0};
    for (size_t i = 0; i < act_block[ACT_BF16]; i++) {
        const float weight = from + i < n ? bf16_to_f32(load_u16(w + (from + i) * col_step)) : 0.0f;
        half[i % 2] = flushed_fma(weight, bf16_to_f32(x[from + i]), half[i % 2]);
    }
    return flushed_add(a, flushed_add(half[0], half[1]));
}

void matmul_bf16_ref(const struct matmul_job *job) {
    const struct mat *w = &job->w;
    const size_t value = dtypes[w->dtype].block_bytes, row_step = w->transposed ? value : w->stride;
    for (size_t t = 0; t < job->n_tokens; t++)
        for (size_t r = job->row0; r < job->row1; r++) {
            float a = 0;
            for (size_t c = 0; c < w->cols; c += act_block[ACT_BF16])
                a = add_block(a, w->data + r * row_step, w->transposed ? w->stride : value,
                              job->q.bf16 + t * job->q.stride, c, w->cols);
            job->out[t * job->out_stride + r] = job->bias ? flushed_add(a, job->bias[r]) : a;
        }
}

void round_bf16_ref(uint16_t *out, const float *x, size_t n) {
    const size_t block = act_block[ACT_BF16];
    for (size_t i = 0; i < (n + block - 1) / block * block; i++) out[i] = i < n ? bf16_from_f32(x[i]) : 0;
}
