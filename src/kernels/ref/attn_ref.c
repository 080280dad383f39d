// SPDX-License-Identifier: MIT
// The KV cache's tiles and attention over them, in plain C.
#include <string.h>

#include "kernels/mathf.h"
#include "kernels_ref.h"
#include "tensor/half.h"

size_t kv_keys_bytes(enum kv_type type, size_t head_dim) {
    if (type == KV_Q8_0) return KV_TILE * (head_dim + 2 * kv_groups(head_dim));
    return KV_TILE * head_dim * (type == KV_F16 ? 2 : 4);
}

size_t kv_values_bytes(enum kv_type type, size_t head_dim) { return kv_keys_bytes(type, head_dim); }

// Index in the keys of dimension d (of n) of a position, or in the scales after them of group d (of n).
static size_t key_index(size_t position, size_t d, size_t n) {
    return (position / KV_LANES * n + d) * KV_LANES + position % KV_LANES;
}

static void store_f16(uint8_t *keys, uint8_t *values, size_t position, size_t head_dim, const float *k,
                      const float *v) {
    for (size_t d = 0; d < head_dim; d++) {
        store_u16(keys + 2 * key_index(position, d, head_dim), half_from_f32_saturate(k[d]));
        store_u16(values + 2 * (position * head_dim + d), half_from_f32_saturate(v[d]));
    }
}

static void store_f32(uint8_t *keys, uint8_t *values, size_t position, size_t head_dim, const float *k,
                      const float *v) {
    for (size_t d = 0; d < head_dim; d++) {
        memcpy(keys + 4 * key_index(position, d, head_dim), &k[d], 4);
        memcpy(values + 4 * (position * head_dim + d), &v[d], 4);
    }
}

// The scale is rounded to f16 first (saturating), the values then to multiples of it; a NaN makes the scale NaN.
static uint16_t kv_scale(const float *x, size_t n) {
    uint32_t amax = 0;
    for (size_t i = 0; i < n; i++) {
        uint32_t magnitude = f32_bits(x[i]) & 0x7fffffff;
        amax = magnitude > amax ? magnitude : amax;
    }
    return half_from_f32_saturate(f32_from_bits(amax) * (1.0f / 127.0f));
}

static int8_t kv_value(float x, float scale) {
    if (scale == 0) return 0;
    float v = min_f32(max_f32(x * (1.0f / scale), -127.0f), 127.0f); // a NaN becomes -127
    return (int8_t)((v + ROUND_MAGIC) - ROUND_MAGIC);
}

static void store_q8_0(uint8_t *keys, uint8_t *values, size_t position, size_t head_dim, const float *k,
                       const float *v) {
    size_t n_groups = kv_groups(head_dim);
    uint8_t *key_scales = keys + KV_TILE * head_dim, *value_scales = values + KV_TILE * head_dim;
    for (size_t g = 0; g < n_groups; g++) {
        size_t first = g * KV_GROUP, n = head_dim - first < KV_GROUP ? head_dim - first : KV_GROUP;
        uint16_t ks = kv_scale(k + first, n), vs = kv_scale(v + first, n);
        store_u16(key_scales + 2 * key_index(position, g, n_groups), ks);
        store_u16(value_scales + 2 * (position * n_groups + g), vs);
        for (size_t d = first; d < first + n; d++) {
            keys[key_index(position, d, head_dim)] = (uint8_t)kv_value(k[d], half_to_f32(ks));
            values[position * head_dim + d] = (uint8_t)kv_value(v[d], half_to_f32(vs));
        }
    }
}

typedef void store_fn(uint8_t *keys, uint8_t *values, size_t position, size_t head_dim, const float *k, const float *v);

static void store_all(const struct kv_store_job *job, store_fn *store) {
    for (size_t i = 0; i < job->n; i++)
        store(job->keys, job->values, job->position + i, job->head_dim, job->k + i * job->stride,
              job->v + i * job->stride);
}

void kv_store_f16_ref(const struct kv_store_job *job) { store_all(job, store_f16); }
void kv_store_f32_ref(const struct kv_store_job *job) { store_all(job, store_f32); }
void kv_store_q8_0_ref(const struct kv_store_job *job) { store_all(job, store_q8_0); }

// Scores s[hi] of the visible positions lo..hi-1 (before scale), and one value v_j[d].
struct kv_ops {
    void (*scores)(float *s, const struct attn_job *job, const float *q, size_t lo, size_t hi);
    float (*value)(const struct attn_job *job, size_t position, size_t d);
};

static float key_f16(const uint8_t *keys, size_t index) { return half_to_f32(load_u16(keys + 2 * index)); }
static float key_f32(const uint8_t *keys, size_t index) { return load_f32(keys + 4 * index); }

static void scores_float(float *s, const struct attn_job *job, const float *q, size_t lo, size_t hi,
                         float (*key)(const uint8_t *keys, size_t index)) {
    for (size_t j = lo; j < hi; j++) {
        float a = 0;
        for (size_t d = 0; d < job->head_dim; d++) a = q_fma(key(job->keys, key_index(j, d, job->head_dim)), q[d], a);
        s[j] = a;
    }
}

static void scores_f16(float *s, const struct attn_job *job, const float *q, size_t lo, size_t hi) {
    scores_float(s, job, q, lo, hi, key_f16);
}

static void scores_f32(float *s, const struct attn_job *job, const float *q, size_t lo, size_t hi) {
    scores_float(s, job, q, lo, hi, key_f32);
}

// Quantizes a group of the query by the rule of activations; a value that is not finite makes the scale NaN.
static float quantize_group(int8_t *q, const float *x, size_t n) {
    float padded[ACT_BLOCK] = {0}, xd, xs;
    int8_t whole[ACT_BLOCK];
    int32_t start;
    memcpy(padded, x, n * sizeof *x);
    const struct qacts to = {.q = whole, .xd = &xd, .xs = &xs, .start = &start};
    if (!quantize_32_ref(&to, padded, ACT_BLOCK)) return memset(q, 0, n), NAN;
    memcpy(q, whole, n);
    return xd;
}

static void scores_q8_0(float *s, const struct attn_job *job, const float *q, size_t lo, size_t hi) {
    size_t n_groups = kv_groups(job->head_dim);
    const uint8_t *scales = job->keys + KV_TILE * job->head_dim;
    for (size_t j = lo; j < hi; j++) s[j] = 0;
    for (size_t g = 0; g < n_groups; g++) {
        size_t first = g * KV_GROUP, n = job->head_dim - first < KV_GROUP ? job->head_dim - first : KV_GROUP;
        int8_t group[KV_GROUP];
        float xd = quantize_group(group, q + first, n);
        for (size_t j = lo; j < hi; j++) {
            int32_t dot = 0;
            for (size_t d = 0; d < n; d++)
                dot += (int8_t)job->keys[key_index(j, first + d, job->head_dim)] * group[d];
            s[j] = q_fma(half_to_f32(load_u16(scales + 2 * key_index(j, g, n_groups))) * xd, (float)dot, s[j]);
        }
    }
}

static float value_f16(const struct attn_job *job, size_t position, size_t d) {
    return half_to_f32(load_u16(job->values + 2 * (position * job->head_dim + d)));
}

static float value_f32(const struct attn_job *job, size_t position, size_t d) {
    return load_f32(job->values + 4 * (position * job->head_dim + d));
}

static float value_q8_0(const struct attn_job *job, size_t position, size_t d) {
    const uint8_t *scales = job->values + KV_TILE * job->head_dim;
    float scale = half_to_f32(load_u16(scales + 2 * (position * kv_groups(job->head_dim) + d / KV_GROUP)));
    return scale * (float)(int8_t)job->values[position * job->head_dim + d];
}

static float final_score(const struct attn_job *job, size_t i, size_t j, float s) {
    s = s * job->scale;
    if (job->softcap > 0) s = job->softcap * mathf_tanh(s / job->softcap);
    if (job->slope != 0) s = s + job->slope * (float)((int32_t)j - job->pos[i]);
    if (job->bias) s = s + job->bias[i * job->bias_stride + j];
    return s;
}

static void attn_tile(const struct attn_job *job, const struct kv_ops *ops) {
    for (size_t i = 0; i < job->n_q; i++) {
        size_t lo = (size_t)job->lo[i], hi = (size_t)job->hi[i];
        float s[KV_TILE], lanes[KV_LANES] = {0}, m = -INFINITY, *o = job->o + i * job->o_stride;
        ops->scores(s, job, job->q + i * job->q_stride, lo, hi);
        for (size_t j = lo; j < hi; j++) {
            s[j] = final_score(job, i, j, s[j]);
            m = max_f32(s[j], m);
        }
        m = m + 0.0f; // a maximum of -0 becomes +0, so that the order of comparisons does not matter
        for (size_t j = lo; j < hi; j++) {
            s[j] = mathf_exp(s[j] - m);
            lanes[j % KV_LANES] += s[j];
        }
        for (size_t d = 0; d < job->head_dim; d++) o[d] = 0;
        for (size_t j = lo; j < hi; j++)
            for (size_t d = 0; d < job->head_dim; d++) o[d] = q_fma(s[j], ops->value(job, j, d), o[d]);
        job->m[i * job->ml_stride] = m;
        job->l[i * job->ml_stride] = fold_lanes(lanes);
    }
}

void attn_tile_f16_ref(const struct attn_job *job) { attn_tile(job, &(struct kv_ops){scores_f16, value_f16}); }
void attn_tile_f32_ref(const struct attn_job *job) { attn_tile(job, &(struct kv_ops){scores_f32, value_f32}); }
void attn_tile_q8_0_ref(const struct attn_job *job) { attn_tile(job, &(struct kv_ops){scores_q8_0, value_q8_0}); }

void attn_merge_ref(float *out, const float *m, const float *l, const float *o, size_t n_tiles, size_t head_dim) {
    float max = -INFINITY, sum = 0;
    for (size_t t = 0; t < n_tiles; t++) max = max_f32(m[t], max);
    for (size_t d = 0; d < head_dim; d++) out[d] = 0;
    for (size_t t = 0; t < n_tiles; t++) {
        float c = mathf_exp(m[t] - max);
        sum = q_fma(c, l[t], sum);
        for (size_t d = 0; d < head_dim; d++) out[d] = q_fma(c, o[t * head_dim + d], out[d]);
    }
    for (size_t d = 0; d < head_dim; d++) out[d] = out[d] / sum;
}
