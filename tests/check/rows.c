// SPDX-License-Identifier: MIT
// Kernels on rows against the reference.
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "check.h"

static const size_t lengths[] = {1,  2,  3,  4,  5,  7,  8,   9,   12,  15,  16,  17,  23,  24,  31,  32,
                                 33, 47, 48, 63, 64, 67, 100, 127, 128, 129, 193, 255, 256, 257, 777, 1023};
enum { N_LENGTHS = sizeof lengths / sizeof *lengths };

static float *inputs(size_t n, enum values kind) {
    float *x = guarded(n * sizeof *x);
    random_floats(x, n, kind);
    return x;
}

static bool finish(bool same) {
    same = same && guards_intact();
    release_guarded();
    return same;
}

// Blocks of every kind: usual ones, extremes, nearly nothing.
static void fill_blocks(float *x, size_t n, size_t block) {
    for (size_t i = 0; i < n; i += block) {
        static const enum values kinds[] = {UNIT, WIDE, ANY_FINITE, SUBNORMAL};
        random_floats(x + i, block, kinds[random_below(4)]);
        if (random_below(8) == 0)
            for (size_t j = 0; j < block; j++) x[i + j] = ldexpf(x[i + j], -60); // around 2^-100
        if (random_below(8) == 0) { // halves between two integers
            for (size_t j = 0; j < block; j++) x[i + j] = (float)((int)random_below(509) - 254) * 0.5f;
            x[i] = 127.0f;
        }
        if (random_below(8) == 0) memset(x + i, 0, block * sizeof *x);
    }
}

static bool check_quantize(const struct kernels *k, enum act_kind kind) {
    enum { BLOCKS = 20 };
    const size_t block = act_block[kind];
    for (int round = 0; round < 300; round++) {
        size_t n = block * (1 + random_below(BLOCKS)), blocks = n / block;
        float *x = guarded(n * sizeof *x), xd[2][BLOCKS], xs[2][BLOCKS] = {{0}};
        int8_t *q = guarded(n), *want_q = guarded(n);
        int32_t start[2][BLOCKS] = {{0}};
        int16_t sums[2][BLOCKS * ACT_SUMS] = {{0}};
        fill_blocks(x, n, block);
        bool finite = true;
        if (round % 10 == 0) {
            x[random_below(n)] = round % 20 ? NAN : -INFINITY;
            finite = false;
        }
        bool want = kernels_ref.quantize[kind](&(struct qacts){want_q, xd[1], xs[1], start[1], sums[1], NULL, 0}, x, n);
        bool got = k->quantize[kind](&(struct qacts){q, xd[0], xs[0], start[0], sums[0], NULL, 0}, x, n);
        if (got != want || got != finite) return finish(complain("returned %d for %d", got, finite));
        if (finite && (!same_bytes("q", q, want_q, n) || !same_floats("xd", xd[0], xd[1], blocks) ||
                       !same_floats("xs", xs[0], xs[1], blocks) ||
                       !same_bytes("start", start[0], start[1], 4 * blocks) ||
                       !same_bytes("sums", sums[0], sums[1], 2 * ACT_SUMS * blocks)))
            return finish(false);
        if (!finish(true)) return false;
    }
    return true;
}

static bool check_quantize_32(const struct kernels *k) { return check_quantize(k, ACT_Q8_32); }
static bool check_quantize_256(const struct kernels *k) { return check_quantize(k, ACT_Q8_256); }

static bool check_layer_norm(const struct kernels *k) {
    for (size_t i = 0; i < (size_t)N_LENGTHS * 12; i++) {
        size_t n = lengths[i % N_LENGTHS];
        enum values kind = i / N_LENGTHS < 8 ? UNIT : (enum values)(i / N_LENGTHS % 6);
        const float *x = inputs(n, kind), *w = i & 1 ? inputs(n, WIDE) : NULL, *b = i & 2 ? inputs(n, UNIT) : NULL;
        float *out = guarded(n * sizeof *out), *want = guarded(n * sizeof *want), eps = i & 4 ? 1e-5f : 1e-12f;
        kernels_ref.layer_norm(want, x, w, b, eps, n);
        k->layer_norm(out, x, w, b, eps, n);
        if (!finish(same_floats("out", out, want, n))) return false;
    }
    return true;
}

static bool check_rms_norm(const struct kernels *k) {
    for (size_t i = 0; i < (size_t)N_LENGTHS * 8; i++) {
        size_t n = lengths[i % N_LENGTHS];
        const float *x = inputs(n, i / N_LENGTHS < 4 ? UNIT : (enum values)(i / N_LENGTHS)), *w =
            i & 1 ? inputs(n, WIDE) : NULL;
        float *out = guarded(n * sizeof *out), *want = guarded(n * sizeof *want);
        kernels_ref.rms_norm(want, x, w, 1e-6f, n);
        k->rms_norm(out, x, w, 1e-6f, n);
        if (!finish(same_floats("out", out, want, n))) return false;
    }
    return true;
}

static bool in_place_is_the_same(const struct kernels *k) {
    float *x = inputs(777, UNIT), *w = inputs(777, UNIT), *out = guarded(777 * sizeof *out);
    k->layer_norm(out, x, w, w, 1e-5f, 777);
    k->layer_norm(x, x, w, w, 1e-5f, 777);
    bool same = same_floats("layer_norm in place", x, out, 777);
    k->rms_norm(out, x, w, 1e-5f, 777);
    k->rms_norm(x, x, w, 1e-5f, 777);
    return finish(same && same_floats("rms_norm in place", x, out, 777));
}

static bool check_activation(const struct kernels *k, enum act_fn f) {
    for (size_t i = 0; i < (size_t)N_LENGTHS * 6; i++) {
        size_t n = lengths[i % N_LENGTHS];
        float *x = inputs(n, (enum values)(i / N_LENGTHS)), *want = guarded_copy(x, n * sizeof *x);
        kernels_ref.activate[f](want, n);
        k->activate[f](x, n);
        if (!finish(same_floats("out", x, want, n))) return false;
    }
    // Every exponent and sign with many mantissas: all bit patterns in steps.
    enum { N = 4096 };
    uint32_t bits = (uint32_t)random_below(20011);
    for (int round = 0; round < 52; round++) {
        float *x = guarded(N * sizeof *x);
        for (int i = 0; i < N; i++, bits += 20011) x[i] = f32_from_bits(bits);
        float *want = guarded_copy(x, N * sizeof *x), *in = guarded_copy(x, N * sizeof *x);
        kernels_ref.activate[f](want, N);
        k->activate[f](x, N);
        for (int i = 0; i < N; i++)
            if (!same_floats("out", x + i, want + i, 1))
                return finish(complain("for %.9g (%08x)", (double)in[i], (unsigned)f32_bits(in[i])));
        if (!finish(true)) return false;
    }
    return true;
}

static bool check_gelu_tanh(const struct kernels *k) { return check_activation(k, ACTF_GELU_TANH); }
static bool check_gelu_erf(const struct kernels *k) { return check_activation(k, ACTF_GELU_ERF); }
static bool check_quick_gelu(const struct kernels *k) { return check_activation(k, ACTF_QUICK_GELU); }
static bool check_relu_squared(const struct kernels *k) { return check_activation(k, ACTF_RELU_SQUARED); }
static bool check_tanh(const struct kernels *k) { return check_activation(k, ACTF_TANH); }
static bool check_relu(const struct kernels *k) { return check_activation(k, ACTF_RELU); }
static bool check_silu(const struct kernels *k) { return check_activation(k, ACTF_SILU); }

static bool check_pair(void (*f)(float *, const float *, size_t), void (*ref)(float *, const float *, size_t)) {
    for (size_t i = 0; i < (size_t)N_LENGTHS * 6; i++) {
        size_t n = lengths[i % N_LENGTHS];
        const float *x = inputs(n, (enum values)(i / N_LENGTHS));
        float *y = inputs(n, (enum values)(i / N_LENGTHS)), *want = guarded_copy(y, n * sizeof *y);
        ref(want, x, n);
        f(y, x, n);
        if (!finish(same_floats("y", y, want, n))) return false;
    }
    return true;
}

static bool check_add(const struct kernels *k) { return check_pair(k->add, kernels_ref.add); }
static bool check_multiply(const struct kernels *k) { return check_pair(k->multiply, kernels_ref.multiply); }

static bool check_add_scaled(const struct kernels *k) {
    for (size_t i = 0; i < (size_t)N_LENGTHS * 6; i++) {
        size_t n = lengths[i % N_LENGTHS];
        const enum values kind = (enum values)(i / N_LENGTHS);
        const float *x = inputs(n, kind), scale = random_float(kind);
        float *y = inputs(n, kind), *want = guarded_copy(y, n * sizeof *y);
        kernels_ref.add_scaled(want, x, scale, n);
        k->add_scaled(y, x, scale, n);
        if (!finish(same_floats("y", y, want, n))) return complain("times %.9g", (double)scale);
    }
    return true;
}

// With a factor, a limit or a cap that is not 0.
static bool check_with_number(void (*f)(float *, float, size_t), void (*ref)(float *, float, size_t)) {
    for (size_t i = 0; i < (size_t)N_LENGTHS * 12; i++) {
        size_t n = lengths[i % N_LENGTHS];
        const float number = i % 2 ? 0.01f + fabsf(random_float(UNIT)) : 30.0f;
        float *x = inputs(n, (enum values)(i / N_LENGTHS % 6)), *want = guarded_copy(x, n * sizeof *x);
        ref(want, number, n);
        f(x, number, n);
        if (!finish(same_floats("x", x, want, n))) return complain("number %.9g", (double)number);
    }
    return true;
}

static bool check_scale(const struct kernels *k) { return check_with_number(k->scale, kernels_ref.scale); }
static bool check_clamp(const struct kernels *k) { return check_with_number(k->clamp, kernels_ref.clamp); }
static bool check_softcap(const struct kernels *k) { return check_with_number(k->softcap, kernels_ref.softcap); }

static bool check_rotate(const struct kernels *k) {
    for (size_t i = 0; i < (size_t)N_LENGTHS * 12; i++) {
        const size_t n = lengths[i % N_LENGTHS] > HEAD_DIM_LIMIT / 2 ? HEAD_DIM_LIMIT / 2 : lengths[i % N_LENGTHS];
        const enum rope_kind kind = i % 2 ? ROPE_HALVES : ROPE_PAIRS;
        const float *turns = inputs(2 * n, UNIT);
        float *x = inputs(2 * n, (enum values)(i / N_LENGTHS % 6)), *want = guarded_copy(x, 2 * n * sizeof *x);
        kernels_ref.rotate[kind](want, turns, n);
        k->rotate[kind](x, turns, n);
        if (!finish(same_floats("x", x, want, 2 * n))) return complain("kind %d, %zu pairs", (int)kind, n);
    }
    return true;
}

// A head whose values lie in pairs gives the bits of one whose values lie in halves.
static bool both_orders_turn_alike(const struct kernels *k) {
    for (size_t i = 0; i < N_LENGTHS; i++) {
        const size_t n = lengths[i] > HEAD_DIM_LIMIT / 2 ? HEAD_DIM_LIMIT / 2 : lengths[i];
        const float *turns = inputs(2 * n, UNIT);
        float *halves = inputs(2 * n, UNIT), *pairs = guarded(2 * n * sizeof *pairs);
        for (size_t j = 0; j < n; j++) pairs[2 * j] = halves[j], pairs[2 * j + 1] = halves[n + j];
        k->rotate[ROPE_HALVES](halves, turns, n);
        k->rotate[ROPE_PAIRS](pairs, turns, n);
        if (!finish(same_floats("x", pairs, halves, 2 * n))) return false;
    }
    return true;
}

static bool check_all_finite(const struct kernels *k) {
    static const float bad[] = {INFINITY, -INFINITY, NAN};
    for (size_t i = 0; i < (size_t)N_LENGTHS * 6; i++) {
        size_t n = lengths[i % N_LENGTHS];
        float *x = inputs(n, ANY_FINITE);
        if (!k->all_finite(x, n)) return finish(complain("finite values of length %zu are refused", n));
        x[random_below(n)] = bad[i % 3];
        if (k->all_finite(x, n)) return finish(complain("length %zu: not noticed", n));
        if (!finish(true)) return false;
    }
    return k->all_finite(NULL, 0);
}

static bool check_row_max(const struct kernels *k) {
    for (size_t i = 0; i < (size_t)N_LENGTHS * 12; i++) {
        size_t n = lengths[i % N_LENGTHS];
        float *x = inputs(n, (enum values)(i / N_LENGTHS % 6));
        if (i % 5 == 0)
            for (size_t j = 0; j < n; j++) x[j] = random_below(2) ? -0.0f : 0.0f;
        float want = kernels_ref.row_max(x, n), got = k->row_max(x, n);
        if (!finish(same_floats("max", &got, &want, 1))) return false;
    }
    return true;
}

static bool check_row_exp_sum(const struct kernels *k) {
    for (size_t i = 0; i < (size_t)N_LENGTHS * 12; i++) {
        size_t n = lengths[i % N_LENGTHS];
        float *x = inputs(n, i / N_LENGTHS < 6 ? UNIT : (enum values)(i / N_LENGTHS % 6));
        float max = kernels_ref.row_max(x, n), want = kernels_ref.row_exp_sum(x, n, max), got =
            k->row_exp_sum(x, n, max);
        if (!finish(same_floats("sum", &got, &want, 1))) return false;
    }
    return true;
}

static bool check_decode(const struct kernels *k, enum dtype type) {
    const struct dtype_info *info = &dtypes[type];
    for (size_t i = 0; i < (size_t)N_LENGTHS * 12; i++) {
        size_t n = info->block_values > 1 ? info->block_values * (1 + i % 40) : lengths[i % N_LENGTHS];
        size_t bytes = n / info->block_values * info->block_bytes, shift = i % 4 == 3;
        uint8_t *row = guarded(bytes + shift);
        random_bytes(row, bytes + shift);
        float *out = guarded(n * sizeof *out), *want = guarded(n * sizeof *want);
        kernels_ref.decode_row[type](want, row + shift, n);
        k->decode_row[type](out, row + shift, n);
        if (!finish(same_floats("out", out, want, n))) return false;
    }
    return true;
}

static bool check_decode_f32(const struct kernels *k) { return check_decode(k, DTYPE_F32); }
static bool check_decode_bf16(const struct kernels *k) { return check_decode(k, DTYPE_BF16); }
static bool check_decode_q8_0(const struct kernels *k) { return check_decode(k, DTYPE_Q8_0); }

static bool check_decode_f16(const struct kernels *k) {
    enum { ALL = 0x10000 };
    uint8_t *row = guarded(2 * ALL);
    float *out = guarded(ALL * sizeof *out), *want = guarded(ALL * sizeof *want);
    for (uint32_t h = 0; h < ALL; h++) store_u16(row + 2 * h, (uint16_t)h);
    kernels_ref.decode_row[DTYPE_F16](want, row, ALL);
    k->decode_row[DTYPE_F16](out, row, ALL);
    return finish(same_bytes("all f16 values", out, want, ALL * sizeof *out)) && check_decode(k, DTYPE_F16);
}

// ---- measurements: rows of 3072, one call of each kernel ----

enum { BENCH_N = 3072 };
struct bench {
    const struct kernels *k;
    float x[BENCH_N], y[BENCH_N], w[BENCH_N], b[BENCH_N], xd[BENCH_N / ACT_BLOCK], xs[BENCH_N / ACT_BLOCK];
    int8_t q[BENCH_N];
    int32_t start[BENCH_N / ACT_BLOCK];
    int16_t sums[BENCH_N / 256 * ACT_SUMS];
    volatile float sink;
    enum act_fn f;
};

static void with_bench(const struct kernels *k, const char *what, enum act_fn f, void (*call)(void *arg)) {
    struct bench *bench = calloc(1, sizeof *bench);
    if (!bench) return;
    bench->k = k;
    bench->f = f;
    random_floats(bench->x, BENCH_N, UNIT);
    random_floats(bench->w, BENCH_N, UNIT);
    measure(k, what, 0, BENCH_N * sizeof(float), call, bench);
    free(bench);
}

static void call_layer_norm(void *arg) {
    struct bench *b = arg;
    b->k->layer_norm(b->y, b->x, b->w, b->b, 1e-5f, BENCH_N);
}

static void call_quantize(void *arg) {
    struct bench *b = arg;
    const struct qacts to = {.q = b->q, .xd = b->xd, .xs = b->xs, .start = b->start};
    b->sink = b->k->quantize[ACT_Q8_32](&to, b->x, BENCH_N);
}

static void call_activation(void *arg) {
    struct bench *b = arg;
    memcpy(b->y, b->x, sizeof b->y);
    b->k->activate[b->f](b->y, BENCH_N);
}

static void call_row_exp_sum(void *arg) {
    struct bench *b = arg;
    b->sink = b->k->row_exp_sum(b->x, BENCH_N, 1.0f);
}

static void bench_layer_norm(const struct kernels *k) { with_bench(k, "layer_norm 3072", 0, call_layer_norm); }
static void call_quantize_256(void *arg) {
    struct bench *b = arg;
    b->sink = b->k->quantize[ACT_Q8_256](&(struct qacts){.q = b->q, .xd = b->xd, .sums = b->sums}, b->x, BENCH_N);
}
static void bench_quantize(const struct kernels *k) { with_bench(k, "quantize 32 3072", 0, call_quantize); }
static void bench_quantize_256(const struct kernels *k) { with_bench(k, "quantize 256 3072", 0, call_quantize_256); }
static void bench_gelu_tanh(const struct kernels *k) { with_bench(k, "gelu_tanh 3072", ACTF_GELU_TANH,
                                                                  call_activation); }
static void bench_gelu_erf(const struct kernels *k) { with_bench(k, "gelu_erf 3072", ACTF_GELU_ERF,
                                                                 call_activation); }
static void bench_silu(const struct kernels *k) { with_bench(k, "silu 3072", ACTF_SILU, call_activation); }
static void bench_exp_sum(const struct kernels *k) { with_bench(k, "row_exp_sum 3072", 0, call_row_exp_sum); }

// Rates of tile registers: the operations that they say they did, counted by hand for three rounds.
static bool check_tile_peaks(const struct kernels *k) {
    if (!k->peak_tile_int8) return true;
    return (k->peak_tile_int8(3) == 3 * 4 * 2 * 16 * 16 * 64 || complain("peak_tile_int8")) &&
           (k->peak_tile_bf16(3) == 3 * 4 * 2 * 16 * 16 * 32 || complain("peak_tile_bf16")) &&
           (k->peak_tile_blocks(3) == 3 * 2 * 2 * 16 * 16 * 32 || complain("peak_tile_blocks"));
}

const struct check row_checks[] = {
    {"peaks of tiles", check_tile_peaks, NULL},
    {"quantize 32", check_quantize_32, bench_quantize},
    {"quantize 256", check_quantize_256, bench_quantize_256},
    {"layer_norm", check_layer_norm, bench_layer_norm},
    {"rms_norm", check_rms_norm, NULL},
    {"norms in place", in_place_is_the_same, NULL},
    {"gelu_tanh", check_gelu_tanh, bench_gelu_tanh},
    {"gelu_erf", check_gelu_erf, bench_gelu_erf},
    {"quick_gelu", check_quick_gelu, NULL},
    {"relu", check_relu, NULL},
    {"relu_squared", check_relu_squared, NULL},
    {"tanh", check_tanh, NULL},
    {"silu", check_silu, bench_silu},
    {"add", check_add, NULL},
    {"add_scaled", check_add_scaled, NULL},
    {"multiply", check_multiply, NULL},
    {"scale", check_scale, NULL},
    {"clamp", check_clamp, NULL},
    {"softcap", check_softcap, NULL},
    {"rotate", check_rotate, NULL},
    {"rotate either order", both_orders_turn_alike, NULL},
    {"all_finite", check_all_finite, NULL},
    {"row_max", check_row_max, NULL},
    {"row_exp_sum", check_row_exp_sum, bench_exp_sum},
    {"decode_row f32", check_decode_f32, NULL},
    {"decode_row f16", check_decode_f16, NULL},
    {"decode_row bf16", check_decode_bf16, NULL},
    {"decode_row q8_0", check_decode_q8_0, NULL},
    {NULL, NULL, NULL},
};
