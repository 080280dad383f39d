// SPDX-License-Identifier: MIT
// The KV cache's stores, attention over a tile and the merge of tiles against the reference.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "check.h"

static const size_t head_dims[] =
    {1, 2, 3, 5, 8, 15, 16, 17, 20, 31, 32, 33, 40, 48, 63, 64, 65, 80, 96, 100, 128, 160, 256};
enum { N_HEAD_DIMS = sizeof head_dims / sizeof *head_dims };

static bool finish(bool same) {
    same = same && guards_intact();
    release_guarded();
    return same;
}

// Positions from anywhere in a tile to anywhere in it, a whole one first.
static bool check_store(const struct kernels *k, enum kv_type type) {
    for (size_t i = 0; i < (size_t)N_HEAD_DIMS * 8; i++) {
        size_t dim = head_dims[i % N_HEAD_DIMS], bytes = kv_keys_bytes(type, dim);
        for (int round = 0; round < 4; round++) {
            size_t position = round ? random_below(KV_TILE) : 0;
            size_t n = round ? 1 + random_below(round == 1 ? 1 : KV_TILE - position) : KV_TILE;
            size_t stride = dim + random_below(5), count = (n - 1) * stride + dim;
            struct kv_store_job job = {guarded(bytes), guarded(bytes), position, n, dim, NULL, NULL, stride}, ref = job;
            float *key = guarded(count * sizeof *key), *value = guarded(count * sizeof *value);
            random_floats(key, count, (enum values)(i % 6));
            random_floats(value, count, (enum values)(i / 4 % 6));
            job.k = ref.k = key, job.v = ref.v = value;
            ref.keys = guarded(bytes), ref.values = guarded(bytes);
            kernels_ref.kv_store[type](&ref);
            k->kv_store[type](&job);
            if (!finish(same_bytes("keys", job.keys, ref.keys, bytes) &&
                        same_bytes("values", job.values, ref.values, bytes)))
                return complain("head_dim %zu, positions %zu..%zu", dim, position, position + n - 1);
        }
    }
    return true;
}

static bool check_store_f16(const struct kernels *k) { return check_store(k, KV_F16); }
static bool check_store_f32(const struct kernels *k) { return check_store(k, KV_F32); }
static bool check_store_q8_0(const struct kernels *k) { return check_store(k, KV_Q8_0); }

// A tile with every position stored, then with garbage (0x99, or NaN) at those that no query sees.
static void fill_tile(enum kv_type type, uint8_t *keys, uint8_t *values, size_t dim, int32_t lo, int32_t hi,
                      enum values kind) {
    float key[256], value[256];
    if (random_below(2)) {
        memset(keys, 0xff, kv_keys_bytes(type, dim));
        memset(values, 0xff, kv_values_bytes(type, dim));
    }
    for (int32_t j = lo; j < hi; j++) {
        random_floats(key, dim, kind);
        random_floats(value, dim, kind);
        kernels_ref.kv_store[type](&(struct kv_store_job){keys, values, (size_t)j, 1, dim, key, value, dim});
    }
}

// Ranges as they occur: a causal prompt, a window, queries from behind the tile, and anything.
static void make_ranges(int32_t *lo, int32_t *hi, size_t n_q) {
    int32_t first = (int32_t)random_below(KV_TILE), style = (int32_t)random_below(4);
    int32_t window = 1 + (int32_t)random_below(40);
    for (size_t i = 0; i < n_q; i++) {
        int32_t at = first + (int32_t)i < KV_TILE ? first + (int32_t)i : KV_TILE - 1;
        lo[i] = style == 1 && at > window ? at - window : 0;
        hi[i] = style == 2 ? KV_TILE : at + 1;
        if (style == 3) {
            lo[i] = (int32_t)random_below(KV_TILE);
            hi[i] = lo[i] + 1 + (int32_t)random_below((size_t)(KV_TILE - lo[i]));
        }
    }
}

static struct attn_job make_job(enum kv_type type, size_t dim, size_t n_q, enum values kind) {
    struct attn_job job = {.head_dim = dim, .n_q = n_q};
    uint8_t *keys = guarded(kv_keys_bytes(type, dim)), *values = guarded(kv_values_bytes(type, dim));
    int32_t *lo = guarded(n_q * sizeof *lo), *hi = guarded(n_q * sizeof *hi), *pos = guarded(n_q * sizeof *pos);
    make_ranges(lo, hi, n_q);
    int32_t first = KV_TILE, last = 0;
    for (size_t i = 0; i < n_q; i++) {
        first = lo[i] < first ? lo[i] : first;
        last = hi[i] > last ? hi[i] : last;
        pos[i] = hi[i] - 1 + (int32_t)random_below(2000);
    }
    fill_tile(type, keys, values, dim, first, last, kind);
    job.q_stride = dim + random_below(5);
    size_t count = (n_q - 1) * job.q_stride + dim;
    float *q = guarded(count * sizeof *q);
    random_floats(q, count, kind);
    job.q = q;
    job.next = random_below(2) ? keys : NULL;
    job.keys = keys, job.values = values, job.lo = lo, job.hi = hi, job.pos = pos;
    job.scale = random_below(2) ? 0.125f : 1.0f;
    job.softcap = random_below(3) == 0 ? 30.0f : 0.0f;
    job.slope = random_below(3) == 0 ? 0.0625f : 0.0f;
    if (random_below(3) == 0) {
        job.bias_stride = KV_TILE + random_below(3) * 16;
        const size_t n_bias = (n_q - 1) * job.bias_stride + KV_TILE;
        float *bias = guarded(n_bias * sizeof *bias);
        random_floats(bias, n_bias, kind);
        job.bias = bias;
    }
    job.ml_stride = 1 + random_below(3);
    job.o_stride = dim + random_below(3);
    return job;
}

static bool check_tile(const struct kernels *k, enum kv_type type) {
    for (size_t i = 0; i < (size_t)N_HEAD_DIMS * 10; i++) {
        size_t dim = head_dims[i % N_HEAD_DIMS], n_q = 1 + random_below(i % 4 ? 9 : 70);
        enum values kind = i / N_HEAD_DIMS < 6 ? UNIT : (enum values)(i / N_HEAD_DIMS % 6);
        struct attn_job job = make_job(type, dim, n_q, kind), ref = job;
        size_t n_o = (n_q - 1) * job.o_stride + dim, n_ml = (n_q - 1) * job.ml_stride + 1;
        job.o = guarded(n_o * 4), ref.o = guarded(n_o * 4);
        job.m = guarded(n_ml * 4), ref.m = guarded(n_ml * 4);
        job.l = guarded(n_ml * 4), ref.l = guarded(n_ml * 4);
        job.scratch = guarded_scratch(k), ref.scratch = guarded_scratch(&kernels_ref);
        kernels_ref.attn_tile[type](&ref);
        k->attn_tile[type](&job);
        bool same = same_floats("m", job.m, ref.m, n_ml) && same_floats("l", job.l, ref.l, n_ml) &&
                    same_floats("o", job.o, ref.o, n_o);
        if (!finish(same)) return complain("head_dim %zu, %zu queries, values of kind %d", dim, n_q, kind);
    }
    return true;
}

static bool check_tile_f16(const struct kernels *k) { return check_tile(k, KV_F16); }
static bool check_tile_f32(const struct kernels *k) { return check_tile(k, KV_F32); }
static bool check_tile_q8_0(const struct kernels *k) { return check_tile(k, KV_Q8_0); }

static bool check_merge(const struct kernels *k) {
    for (size_t i = 0; i < (size_t)N_HEAD_DIMS * 20; i++) {
        size_t dim = head_dims[i % N_HEAD_DIMS], n = 1 + random_below(12);
        enum values kind = i / N_HEAD_DIMS < 12 ? UNIT : (enum values)(i / N_HEAD_DIMS % 6);
        float *m = guarded(n * 4), *l = guarded(n * 4), *o = guarded(n * dim * 4);
        float *out = guarded(dim * 4), *want = guarded(dim * 4);
        random_floats(m, n, kind), random_floats(l, n, kind), random_floats(o, n * dim, kind);
        for (size_t t = 0; kind == UNIT && t < n; t++) m[t] *= 90.0f, l[t] = 1.5f - l[t];
        kernels_ref.attn_merge(want, m, l, o, n, dim);
        k->attn_merge(out, m, l, o, n, dim);
        if (!finish(same_floats("out", out, want, dim))) return complain("head_dim %zu, %zu tiles", dim, n);
    }
    return true;
}

// ---- measurements: a full tile of 64 dimensions ----

struct bench {
    const struct kernels *k;
    enum kv_type type;
    struct attn_job job;
};

static void call_tile(void *arg) {
    struct bench *b = arg;
    b->k->attn_tile[b->type](&b->job);
}

static void bench_tile(const struct kernels *k, enum kv_type type, size_t n_q) {
    static const char *const names[] = {"f16", "f32", "q8_0"};
    enum { DIM = 64 };
    static float q[64 * DIM], o[64 * DIM], m[64], l[64];
    static int32_t lo[64], hi[64], pos[64];
    char what[64];
    size_t bytes = kv_keys_bytes(type, DIM);
    struct bench b = {.k = k, .type = type};
    uint8_t *keys = malloc(bytes), *values = malloc(bytes);
    void *scratch = aligned_alloc(64, (k->scratch_bytes + 63) / 64 * 64);
    if (keys && values && scratch) {
        random_floats(q, sizeof q / sizeof *q, UNIT);
        fill_tile(type, keys, values, DIM, 0, KV_TILE, UNIT);
        for (int i = 0; i < 64; i++) hi[i] = KV_TILE;
        b.job = (struct attn_job){
            .head_dim = DIM, .n_q = n_q, .q = q, .q_stride = DIM, .keys = keys, .values = values, .lo = lo, .hi = hi,
            .pos = pos, .scale = 0.125f, .m = m, .l = l, .ml_stride = 1, .o = o, .o_stride = DIM, .scratch = scratch,
        };
        snprintf(what, sizeof what, "attn_tile %s 64 x%zu", names[type], n_q);
        measure(k, what, 4.0 * DIM * KV_TILE * (double)n_q, 2.0 * (double)bytes, call_tile, &b);
    }
    free(keys), free(values), free(scratch);
}

static void bench_tile_f16(const struct kernels *k) { bench_tile(k, KV_F16, 1), bench_tile(k, KV_F16, 64); }
static void bench_tile_f32(const struct kernels *k) { bench_tile(k, KV_F32, 1), bench_tile(k, KV_F32, 64); }
static void bench_tile_q8_0(const struct kernels *k) { bench_tile(k, KV_Q8_0, 1), bench_tile(k, KV_Q8_0, 64); }

const struct check attn_checks[] = {
    {"kv_store f16", check_store_f16, NULL},
    {"kv_store f32", check_store_f32, NULL},
    {"kv_store q8_0", check_store_q8_0, NULL},
    {"attn_tile f16", check_tile_f16, bench_tile_f16},
    {"attn_tile f32", check_tile_f32, bench_tile_f32},
    {"attn_tile q8_0", check_tile_q8_0, bench_tile_q8_0},
    {"attn_merge", check_merge, NULL},
    {NULL, NULL, NULL},
};
