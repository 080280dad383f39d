// SPDX-License-Identifier: MIT
// Matrix products against the reference: shapes, row ranges, strides, storage orders, token counts and extreme values.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "check.h"

struct problem {
    struct matmul_job job;
    size_t rows; // of out
    float *want;
};

static size_t stored_bytes(const struct mat *w) {
    size_t values = w->transposed ? w->rows : w->cols;
    return values / dtypes[w->dtype].block_values * dtypes[w->dtype].block_bytes;
}

// Where a block keeps its f16 scale and, past 0, its minimum.
static const struct {
    uint8_t d, m;
} halves[DTYPE_COUNT] = {
    [DTYPE_Q4_1] = {0, 2},  [DTYPE_Q5_1] = {0, 2}, [DTYPE_Q2_K] = {80, 82}, [DTYPE_Q3_K] = {108, 0},
    [DTYPE_Q4_K] = {0, 2},  [DTYPE_Q5_K] = {0, 2}, [DTYPE_Q6_K] = {208, 0},
};

// Random bytes are random scales and values of every type. Worst cases: every bit set or none, the sign bits alone and
// all but them, with scales at the limits of f16.
static void make_block(enum dtype type, uint8_t *block, enum values kind) {
    static const uint16_t extremes[] = {0x0000, 0x8000, 0x0001, 0x7bff, 0xfbff, 0x3c00};
    static const uint8_t fills[] = {0x00, 0xff, 0x80, 0x7f, 0x88, 0x77, 0x0f, 0xf0};
    uint16_t d[2];
    for (int i = 0; i < 2; i++)
        d[i] = kind == UNIT ? (uint16_t)(0x2000 + random_below(0x1000)) : extremes[random_below(6)];
    if (kind != UNIT && random_below(4)) memset(block, fills[random_below(8)], dtypes[type].block_bytes);
    if (type == DTYPE_MXFP4) {
        block[0] = kind == UNIT ? (uint8_t)(110 + random_below(20)) : (uint8_t)random_below(256);
        return;
    }
    store_u16(block + halves[type].d, d[0]);
    if (halves[type].m) store_u16(block + halves[type].m, d[1]);
}

// Weights without a padding behind the last row: the matrix may end a file.
static void make_weights(struct mat *w, enum values kind) {
    size_t stored = w->transposed ? w->cols : w->rows, row = stored_bytes(w);
    w->stride = row + (random_below(4) == 0 ? random_below(40) : 0);
    size_t bytes = stored ? (stored - 1) * w->stride + row : 0, step = dtypes[w->dtype].block_bytes;
    uint8_t *data = guarded(bytes);
    random_bytes(data, bytes);
    for (size_t r = 0; r < stored; r++)
        for (uint8_t *at = data + r * w->stride; at < data + r * w->stride + row; at += step) {
            if (!dtype_is_float(w->dtype)) {
                make_block(w->dtype, at, kind);
            } else {
                float f = random_float(kind);
                encode_row(w->dtype, at, &f, 1);
            }
        }
    w->data = data;
}

static void make_activations(struct matmul_job *job, enum values kind) {
    size_t cols = job->w.cols, n = job->n_tokens;
    enum act_kind acts = dtypes[job->w.dtype].acts;
    if (acts == ACT_BF16) {
        const size_t block = act_block[acts], padded = (cols + block - 1) / block * block;
        job->q.stride = padded + (random_below(3) == 0 ? random_below(20) : 0);
        float *x = malloc(cols * sizeof *x + 1);
        job->q.bf16 = guarded(((n - 1) * job->q.stride + padded) * 2);
        for (size_t t = 0; x && t < n; t++) {
            random_floats(x, cols, kind);
            kernels_ref.round_bf16(job->q.bf16 + t * job->q.stride, x, cols);
        }
        free(x);
        return;
    }
    if (acts == ACT_FLOAT) {
        job->x_stride = cols + (random_below(3) == 0 ? random_below(20) : 0);
        size_t count = (n - 1) * job->x_stride + cols;
        float *x = guarded(count * sizeof *x);
        random_floats(x, count, kind);
        job->x = x;
        return;
    }
    size_t block = act_block[acts], blocks = n * cols / block;
    job->q.stride = cols + (random_below(3) == 0 ? random_below(100) : 0);
    job->q.q = guarded((n - 1) * job->q.stride + cols), job->q.xd = guarded(blocks * 4);
    if (acts == ACT_Q8_32) job->q.xs = guarded(blocks * 4), job->q.start = guarded(blocks * 4);
    else job->q.sums = guarded(blocks * ACT_SUMS * 2);
    for (size_t i = 0; i < blocks; i++) {
        int sign = random_below(2) ? 1 : -1, sum = 0;
        int8_t *values = job->q.q + i * block / cols * job->q.stride + i * block % cols;
        for (size_t j = 0; j < block; j++) {
            int q = kind == UNIT ? (int)random_below(255) - 127 : 127 * sign;
            values[j] = (int8_t)q;
            sum += q;
            if (acts == ACT_Q8_32) continue;
            int16_t *sums = job->q.sums + i * ACT_SUMS;
            sums[j / 16] = (int16_t)((j % 16 ? sums[j / 16] : 0) + q);
            int16_t *run = &sums[ACT_RUN_SUMS + j / 32];
            *run = (int16_t)((j % 32 ? *run : 0) + q);
        }
        job->q.xd[i] = kind == UNIT ? random_float(UNIT) : random_float(ANY_FINITE);
        if (acts == ACT_Q8_32) job->q.xs[i] = job->q.xd[i] * (float)sum, job->q.start[i] = -128 * sum;
    }
}

static struct problem make(enum dtype type, bool transposed, size_t rows, size_t cols, size_t n_tokens,
                           enum values kind) {
    struct problem p = {.rows = rows};
    struct matmul_job *job = &p.job;
    job->w = (struct mat){.dtype = type, .transposed = transposed, .rows = rows, .cols = cols};
    job->n_tokens = n_tokens;
    make_weights(&job->w, kind);
    make_activations(job, kind);
    job->row0 = random_below(3) == 0 ? random_below(rows) : 0;
    job->row1 = random_below(3) == 0 ? job->row0 + 1 + random_below(rows - job->row0) : rows;
    if (random_below(2)) {
        float *bias = guarded(rows * sizeof *bias);
        random_floats(bias, rows, kind);
        job->bias = bias;
    }
    job->out_stride = rows + (random_below(3) == 0 ? random_below(9) : 0);
    size_t count = (n_tokens - 1) * job->out_stride + rows;
    job->out = guarded(count * sizeof *job->out);
    p.want = guarded(count * sizeof *p.want);
    return p;
}

static bool run(const struct kernels *k, struct problem *p) {
    struct matmul_job ref = p->job;
    ref.out = p->want;
    ref.scratch = guarded_scratch(&kernels_ref);
    kernels_ref.matmul[ref.w.dtype](&ref);
    p->job.scratch = guarded_scratch(k);
    k->matmul[ref.w.dtype](&p->job);
    size_t count = (ref.n_tokens - 1) * ref.out_stride + p->rows; // what is not of the range stays as it was, in both
    bool same = same_floats("out", p->job.out, p->want, count) && guards_intact();
    if (!same)
        complain("%zu x %zu, %zu tokens, rows %zu..%zu%s%s", p->rows, ref.w.cols, ref.n_tokens, ref.row0, ref.row1,
                 ref.w.transposed ? ", [in,out]" : "", ref.bias ? ", bias" : "");
    release_guarded();
    return same;
}

static bool check_type(const struct kernels *k, enum dtype type, bool transposed) {
    const size_t block = dtypes[type].block_values;
    for (size_t tokens = 1; tokens <= 20; tokens++) {
        struct problem p = make(type, transposed, 67, block == 1 ? 77 : 3 * block, tokens, UNIT);
        if (!run(k, &p)) return false;
    }
    for (size_t blocks = 1; blocks <= 5; blocks++) { // fewer than any step, and many tokens
        struct problem p = make(type, transposed, 67, blocks * block, 53, UNIT);
        if (!run(k, &p)) return false;
    }
    for (int round = 0; round < 120; round++) {
        static const enum values kinds[] = {UNIT, WIDE, ANY_FINITE, SUBNORMAL, SPECIAL, MIXED, EDGE};
        enum values kind = round < 60 ? UNIT : kinds[round % 7];
        size_t tokens = random_below(4) == 0 ? random_size(70) : 1 + random_below(8), rows = random_size(140);
        size_t limit = 120000 / (tokens * rows);
        size_t cols = block == 1 ? random_size(limit < 600 ? limit + 1 : 600)
                                 : block * (1 + random_below((limit < 600 ? 600 : limit) / block % 70 + 1));
        struct problem p = make(type, transposed, rows, cols, tokens, kind);
        if (!run(k, &p)) return false;
    }
    // Deeper than any panel, and no columns at all: the bias alone.
    static const size_t shapes[][3] = {{35, 2304, 7}, {18, 8448, 19}, {35, 0, 3}, {35, 0, 12}};
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        struct problem p = make(type, transposed, shapes[i][0], shapes[i][1], shapes[i][2], UNIT);
        if (!run(k, &p)) return false;
    }
    return true;
}

static bool check_f32(const struct kernels *k) { return check_type(k, DTYPE_F32, false); }
static bool check_f16(const struct kernels *k) { return check_type(k, DTYPE_F16, false); }
static bool check_bf16(const struct kernels *k) { return check_type(k, DTYPE_BF16, false); }
static bool check_f32_in_out(const struct kernels *k) { return check_type(k, DTYPE_F32, true); }
static bool check_f16_in_out(const struct kernels *k) { return check_type(k, DTYPE_F16, true); }
static bool check_bf16_in_out(const struct kernels *k) { return check_type(k, DTYPE_BF16, true); }
static bool check_q8_0(const struct kernels *k) { return check_type(k, DTYPE_Q8_0, false); }
static bool check_q4_0(const struct kernels *k) { return check_type(k, DTYPE_Q4_0, false); }
static bool check_q4_1(const struct kernels *k) { return check_type(k, DTYPE_Q4_1, false); }
static bool check_q5_0(const struct kernels *k) { return check_type(k, DTYPE_Q5_0, false); }
static bool check_q5_1(const struct kernels *k) { return check_type(k, DTYPE_Q5_1, false); }
static bool check_iq4_nl(const struct kernels *k) { return check_type(k, DTYPE_IQ4_NL, false); }
static bool check_mxfp4(const struct kernels *k) { return check_type(k, DTYPE_MXFP4, false); }
static bool check_q2_k(const struct kernels *k) { return check_type(k, DTYPE_Q2_K, false); }
static bool check_q3_k(const struct kernels *k) { return check_type(k, DTYPE_Q3_K, false); }
static bool check_q4_k(const struct kernels *k) { return check_type(k, DTYPE_Q4_K, false); }
static bool check_q5_k(const struct kernels *k) { return check_type(k, DTYPE_Q5_K, false); }
static bool check_q6_k(const struct kernels *k) { return check_type(k, DTYPE_Q6_K, false); }
static bool check_iq4_xs(const struct kernels *k) { return check_type(k, DTYPE_IQ4_XS, false); }

// ---- measurements: a matrix product as the model asks for it, in claims of row_chunk rows ----

struct bench {
    const struct kernels *k;
    struct matmul_job job;
};

static void call_matmul(void *arg) {
    struct bench *b = arg;
    for (size_t row = 0; row < b->job.w.rows; row += b->k->row_chunk) {
        b->job.row0 = row;
        b->job.row1 = row + b->k->row_chunk < b->job.w.rows ? row + b->k->row_chunk : b->job.w.rows;
        b->k->matmul[b->job.w.dtype](&b->job);
    }
}

static void bench_shape(const struct kernels *k, enum dtype type, bool transposed, size_t rows, size_t cols,
                        size_t tokens) {
    struct bench b = {.k = k};
    char what[64];
    struct matmul_job *job = &b.job;
    job->w = (struct mat){.dtype = type, .transposed = transposed, .rows = rows, .cols = cols};
    job->n_tokens = tokens;
    job->w.stride = stored_bytes(&job->w);
    size_t bytes = job->w.stride * (transposed ? cols : rows), blocks = tokens * cols / 32;
    uint8_t *data = malloc(bytes + 1);
    float *x = calloc(tokens * cols, sizeof *x);
    int8_t *q = calloc(tokens * cols, 1);
    float *xd = calloc(blocks, sizeof *xd);
    int32_t *start = calloc(blocks, sizeof *start);
    int16_t *sums = calloc(blocks, ACT_SUMS / 8 * sizeof *sums);
    job->out = calloc(tokens * rows, sizeof *job->out);
    job->scratch = aligned_alloc(64, (k->scratch_bytes + 63) / 64 * 64);
    if (data && x && q && xd && start && sums && job->out && job->scratch) {
        memset(data, 0x11, bytes + 1);
        job->w.data = data + 1;
        job->x = x;
        job->x_stride = cols;
        job->q = (struct qacts){.q = q, .xd = xd, .xs = xd, .start = start, .sums = sums, .stride = cols};
        if (dtypes[type].acts == ACT_BF16) job->q = (struct qacts){.bf16 = (uint16_t *)(void *)x, .stride = cols};
        job->out_stride = rows;
        snprintf(what, sizeof what, "matmul %s%s %zux%zu x%zu", dtypes[type].name, transposed ? " [in,out]" : "",
                 rows, cols, tokens);
        measure(k, what, 2.0 * (double)rows * (double)cols * (double)tokens, (double)bytes, call_matmul, &b);
    }
    free(data), free(x), free(q), free(xd), free(start), free(sums), free(job->out), free(job->scratch);
}

static void bench_type(const struct kernels *k, enum dtype type, bool transposed) {
    bench_shape(k, type, transposed, 768, 768, 1);
    bench_shape(k, type, transposed, 4096, 2048, 1);
    bench_shape(k, type, transposed, 16384, 2048, 1);
    bench_shape(k, type, transposed, 3072, 768, 4);
    bench_shape(k, type, transposed, 3072, 768, 16);
    bench_shape(k, type, transposed, 3072, 768, 128);
    bench_shape(k, type, transposed, 1024, 4096, 128);
}

static void bench_f32(const struct kernels *k) { bench_type(k, DTYPE_F32, false); }
static void bench_f16(const struct kernels *k) { bench_type(k, DTYPE_F16, false); }
static void bench_f16_in_out(const struct kernels *k) { bench_type(k, DTYPE_F16, true); }
static void bench_bf16(const struct kernels *k) { bench_type(k, DTYPE_BF16, false); }
static void bench_bf16_in_out(const struct kernels *k) { bench_type(k, DTYPE_BF16, true); }
static void bench_q8_0(const struct kernels *k) { bench_type(k, DTYPE_Q8_0, false); }
static void bench_q4_0(const struct kernels *k) { bench_type(k, DTYPE_Q4_0, false); }
static void bench_q4_1(const struct kernels *k) { bench_type(k, DTYPE_Q4_1, false); }
static void bench_q5_0(const struct kernels *k) { bench_type(k, DTYPE_Q5_0, false); }
static void bench_q5_1(const struct kernels *k) { bench_type(k, DTYPE_Q5_1, false); }
static void bench_iq4_nl(const struct kernels *k) { bench_type(k, DTYPE_IQ4_NL, false); }
static void bench_mxfp4(const struct kernels *k) { bench_type(k, DTYPE_MXFP4, false); }
static void bench_q2_k(const struct kernels *k) { bench_type(k, DTYPE_Q2_K, false); }
static void bench_q3_k(const struct kernels *k) { bench_type(k, DTYPE_Q3_K, false); }
static void bench_q4_k(const struct kernels *k) { bench_type(k, DTYPE_Q4_K, false); }
static void bench_q5_k(const struct kernels *k) { bench_type(k, DTYPE_Q5_K, false); }
static void bench_q6_k(const struct kernels *k) { bench_type(k, DTYPE_Q6_K, false); }
static void bench_iq4_xs(const struct kernels *k) { bench_type(k, DTYPE_IQ4_XS, false); }

// What a matrix product with one token is to be compared with: reading the same memory.
struct reading {
    uint64_t *p, n;
    volatile uint64_t sum;
};

static void call_read(void *arg) {
    struct reading *r = arg;
    uint64_t sum[4] = {0};
    for (uint64_t i = 0; i + 8 <= r->n; i += 8) // a word of each cache line
        sum[i / 8 % 4] += r->p[i];
    r->sum = sum[0] + sum[1] + sum[2] + sum[3];
}

static void bench_read(const struct kernels *k) {
    enum { WORDS = 1 << 22 };
    struct reading r = {.p = malloc(WORDS * sizeof *r.p)};
    if (!r.p) return;
    memset(r.p, 1, WORDS * sizeof *r.p);
    r.n = WORDS / 4;
    measure(k, "plain read of 8 MiB", 0, 8.0 * (double)r.n, call_read, &r);
    r.n = WORDS;
    measure(k, "plain read of 32 MiB", 0, 8.0 * (double)r.n, call_read, &r);
    free(r.p);
}

static bool nothing_to_check(const struct kernels *k) { return k != NULL; }

const struct check matmul_checks[] = {
    {"memory", nothing_to_check, bench_read},
    {"matmul f32", check_f32, bench_f32},
    {"matmul f16", check_f16, bench_f16},
    {"matmul bf16", check_bf16, bench_bf16},
    {"matmul f32 [in,out]", check_f32_in_out, NULL},
    {"matmul f16 [in,out]", check_f16_in_out, bench_f16_in_out},
    {"matmul bf16 [in,out]", check_bf16_in_out, bench_bf16_in_out},
    {"matmul q8_0", check_q8_0, bench_q8_0},
    {"matmul q4_0", check_q4_0, bench_q4_0},
    {"matmul q4_1", check_q4_1, bench_q4_1},
    {"matmul q5_0", check_q5_0, bench_q5_0},
    {"matmul q5_1", check_q5_1, bench_q5_1},
    {"matmul iq4_nl", check_iq4_nl, bench_iq4_nl},
    {"matmul mxfp4", check_mxfp4, bench_mxfp4},
    {"matmul q2_k", check_q2_k, bench_q2_k},
    {"matmul q3_k", check_q3_k, bench_q3_k},
    {"matmul q4_k", check_q4_k, bench_q4_k},
    {"matmul q5_k", check_q5_k, bench_q5_k},
    {"matmul q6_k", check_q6_k, bench_q6_k},
    {"matmul iq4_xs", check_iq4_xs, bench_iq4_xs},
    {NULL, NULL, NULL},
};
