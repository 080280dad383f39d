// SPDX-License-Identifier: MIT
// The reference kernels against plain computations in double precision, and the rules of rounding by hand. The other
// tables are compared with the reference bit for bit, by check_kernels.
#include "test.h"

#include <float.h>
#include <math.h>

#include "kernels/kernels.h"
#include "kernels/mathf.h"
#include "kernels/ref/kernels_ref.h"
#include "model/hparams.h"
#include "tensor/half.h"

_Static_assert((int)HEAD_DIM_LIMIT == (int)MAX_HEAD_DIM, "scratch is for every head the model floor admits");

static const struct kernels *const K = &kernels_ref;

static uint64_t seed = 1;

static float uniform(void) { return (float)(int32_t)test_random(&seed) * 0x1p-31f; }

static void fill(float *x, size_t n) {
    for (size_t i = 0; i < n; i++) x[i] = uniform();
}

// |got - want| in units of the last place of want as a float; subnormal results count by the smallest normal's.
static double ulps(float got, double want) {
    if (isnan(want) || isnan(got)) return isnan(want) && isnan(got) ? 0.0 : 1e9;
    if ((double)got == want) return 0;
    int exponent;
    frexp(want, &exponent);
    if (exponent < -125) exponent = -125;
    return fabs((double)got - want) / ldexp(1.0, exponent - 24);
}

// Worst error of f over the floats from lo to hi (of one sign, |lo| < |hi|), every 97th, by `error`.
static double worst(float (*f)(float), double (*want)(double), float lo, float hi, double (*error)(float, double)) {
    double most = 0;
    for (uint32_t bits = f32_bits(lo); bits <= f32_bits(hi); bits += 97) {
        float x = f32_from_bits(bits);
        double e = error(f(x), want((double)x));
        if (e > most) most = e;
    }
    return most;
}

static void exp_is_within_one_ulp(void **state) {
    (void)state;
    double up = worst(mathf_exp, exp, 0x1p-40f, 88.7228f, ulps), down = worst(mathf_exp, exp, -0x1p-40f, -87.33f, ulps);
    print_message("exp: %.3f ulp above 0, %.3f below\n", up, down);
    assert_true(up <= 1.0 && down <= 1.0);
    assert_true(mathf_exp(0.0f) == 1.0f && mathf_exp(-0.0f) == 1.0f);
    assert_int_equal(f32_bits(mathf_exp(-87.34f)), 0);
    assert_int_equal(f32_bits(mathf_exp(-INFINITY)), 0);
    assert_true(mathf_exp(88.73f) == INFINITY && mathf_exp(INFINITY) == INFINITY && isnan(mathf_exp(NAN)));
}

static void tanh_is_within_two_ulp(void **state) {
    (void)state;
    double most = worst(mathf_tanh, tanh, 0x1p-60f, 100.0f, ulps);
    print_message("tanh: %.3f ulp\n", most);
    assert_true(most <= 2.0);
    for (float x = 0x1p-20f; x < 100; x *= 1.37f) assert_true(mathf_tanh(-x) == -mathf_tanh(x));
    assert_true(mathf_tanh(INFINITY) == 1.0f && mathf_tanh(-INFINITY) == -1.0f && isnan(mathf_tanh(NAN)));
    assert_int_equal(f32_bits(mathf_tanh(-0.0f)), 0x80000000);
}

static double gelu_erf(double x) { return 0.5 * x * erfc(-x * 0.70710678118654752440); }
static double quick_gelu(double x) { return x / (1 + exp(-1.702 * x)); }
static double silu(double x) { return x / (1 + exp(-x)); }
static double gelu_tanh(double x) {
    return x / (1 + exp(-2 * 0.79788456080286535588 * (x + 0.044715 * x * x * x)));
}

// In ulps of the result, but none smaller than those of 2^-24: below, the activation is nothing next to 1.
static double ulps_of_activation(float got, double want) {
    return fabs(want) < 0x1p-24 ? fabs((double)got - want) / 0x1p-48 : ulps(got, want);
}

static void activations_are_within_their_bounds(void **state) {
    (void)state;
    static const struct {
        const char *name;
        float (*f)(float);
        double (*want)(double);
        double up, down; // ulps; the negative side is a small difference that exp enlarges by its argument
    } rows[] = {
        {"gelu_tanh", mathf_gelu_tanh, gelu_tanh, 3, 40},
        {"gelu_erf", mathf_gelu_erf, gelu_erf, 3, 64},
        {"silu", mathf_silu, silu, 3, 3},
        {"quick_gelu", mathf_quick_gelu, quick_gelu, 3, 40},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        double up = worst(rows[i].f, rows[i].want, 0x1p-40f, 1000.0f, ulps_of_activation);
        double down = worst(rows[i].f, rows[i].want, -0x1p-40f, -1000.0f, ulps_of_activation);
        print_message("%s: %.2f ulp above 0, %.2f below\n", rows[i].name, up, down);
        assert_true(up <= rows[i].up && down <= rows[i].down);
        assert_true(isnan(rows[i].f(NAN)) && rows[i].f(INFINITY) == INFINITY && rows[i].f(0.0f) == 0.0f);
    }
    float x[] = {-1.0f, -0.0f, 0.0f, 2.5f, NAN};
    K->activate[ACTF_RELU](x, 5);
    assert_int_equal(f32_bits(x[0]) | f32_bits(x[1]), 0);
    assert_true(x[3] == 2.5f && isnan(x[4]));
    float y[] = {-3.0f, -0.0f, 2.5f, 0x1p80f, NAN};
    K->activate[ACTF_RELU_SQUARED](y, 5);
    assert_int_equal(f32_bits(y[0]) | f32_bits(y[1]), 0);
    assert_true(y[2] == 6.25f && y[3] == INFINITY && isnan(y[4]));
    float z[] = {0.25f, -2.0f};
    K->activate[ACTF_TANH](z, 2);
    assert_true(fabs((double)z[0] - tanh(0.25)) < 1e-7 && fabs((double)z[1] - tanh(-2)) < 1e-7);
}

static void norms_agree_with_double_precision(void **state) {
    (void)state;
    float x[777], w[777], b[777], out[777], rms[777];
    fill(x, 777), fill(w, 777), fill(b, 777);
    for (size_t n = 1; n <= 777; n = n * 3 / 2 + 1) {
        double mean = 0, variance = 0, square = 0;
        for (size_t i = 0; i < n; i++) {
            mean += (double)x[i] / (double)n;
            square += (double)x[i] * (double)x[i] / (double)n;
        }
        for (size_t i = 0; i < n; i++) variance += ((double)x[i] - mean) * ((double)x[i] - mean) / (double)n;
        K->layer_norm(out, x, w, b, 1e-5f, n);
        K->rms_norm(rms, x, w, 1e-6f, n);
        for (size_t i = 0; i < n; i++) {
            double want = ((double)x[i] - mean) / sqrt(variance + 1e-5) * (double)w[i] + (double)b[i];
            assert_true(fabs((double)out[i] - want) < 2e-6);
            assert_true(fabs((double)rms[i] - (double)x[i] / sqrt(square + 1e-6) * (double)w[i]) < 2e-6);
        }
    }
    K->layer_norm(out, x, NULL, NULL, 1e-5f, 40);
    K->layer_norm(rms, x, NULL, b, 1e-5f, 40);
    for (int i = 0; i < 40; i++) assert_true(rms[i] == out[i] + b[i]);
}

// The statistics are sums by 16 lanes and a fold: small values beside a large one of another lane are not lost.
static void rows_are_summed_by_sixteen_lanes(void **state) {
    (void)state;
    float x[32];
    for (int i = 0; i < 32; i++) x[i] = 0;
    // Lane 0 has exp(0) = 1; lanes 1..15 have 2^-24 each. One after the other 1 + 2^-24 would stay 1.
    for (int i = 1; i < 16; i++) x[i] = -24 * 0.69314718f;
    for (int i = 16; i < 32; i++) x[i] = -INFINITY;
    float sum = K->row_exp_sum(x, 32, 0.0f);
    assert_true(sum > 1.0f && fabs((double)sum - (1 + 15 * 0x1p-24)) < 0x1p-23);
}

static void row_max_skips_nan_and_knows_no_minus_zero(void **state) {
    (void)state;
    float x[] = {NAN, -3.0f, -0.0f, -1.0f, NAN};
    assert_int_equal(f32_bits(K->row_max(x, 5)), 0);
    assert_true(K->row_max(x, 2) == -3.0f && K->row_max(x, 1) == -INFINITY);
}

// amax = 127: id = 1, so that q = x rounded to the nearest integer, halves to even.
static void infinities_and_nan_are_not_finite(void **state) {
    (void)state;
    static const float bad[] = {INFINITY, -INFINITY, NAN};
    float x[19];
    for (size_t i = 0; i < 19; i++) x[i] = i % 2 ? FLT_MAX : -FLT_MAX;
    assert_true(K->all_finite(x, 19));
    assert_true(K->all_finite(x, 0));
    for (size_t i = 0; i < 19; i++)
        for (size_t k = 0; k < 3; k++) {
            const float kept = x[i];
            x[i] = bad[k];
            assert_false(K->all_finite(x, 19));
            assert_true(K->all_finite(x, i));
            x[i] = kept;
        }
}

static void activations_round_to_nearest_even(void **state) {
    (void)state;
    float x[32] = {127.0f, 0.5f, 1.5f, 2.5f, -0.5f, -1.5f, -2.5f, 0.50001f, -126.5f, -127.0f, 3.49999f}, xd, xs;
    static const int8_t want[11] = {127, 0, 2, 2, 0, -2, -2, 1, -126, -127, 3};
    int8_t q[32];
    int32_t start;
    const int32_t sum = 127 + 2 + 2 - 2 - 2 + 1 - 126 - 127 + 3;
    assert_true(K->quantize[ACT_Q8_32](&(struct qacts){.q = q, .xd = &xd, .xs = &xs, .start = &start}, x, 32));
    assert_memory_equal(q, want, sizeof want);
    assert_int_equal(start, -128 * sum);
    assert_true(xd == 127.0f * (1.0f / 127.0f) && xs == xd * (float)sum);
}

static void tiny_blocks_are_zero_and_infinite_ones_refused(void **state) {
    (void)state;
    float x[64] = {[3] = 0x1.fffffep-101f, [40] = -0x1p-100f}, xd[2], xs[2];
    int8_t q[64];
    int32_t start[2];
    const struct qacts to = {.q = q, .xd = xd, .xs = xs, .start = start};
    assert_true(K->quantize[ACT_Q8_32](&to, x, 64));
    assert_int_equal(q[3], 0);
    assert_int_equal(f32_bits(xd[0]), 0);
    assert_int_equal(q[40], -127);
    assert_true(xd[1] == 0x1p-100f * (1.0f / 127.0f) && start[1] == 128 * 127);
    x[50] = INFINITY;
    assert_false(K->quantize[ACT_Q8_32](&to, x, 64));
    x[50] = NAN;
    assert_false(K->quantize[ACT_Q8_32](&to, x, 64));
}

// d = 254/127 = 2 (f16 0x4000), id = 0.5; halves go away from zero.
static void q8_0_encodes_as_ggml_does(void **state) {
    (void)state;
    float x[32] = {254.0f, 1.0f, -1.0f, 3.0f, -3.0f, 0.9f, -254.0f}, back[32];
    uint8_t block[34];
    encode_row(DTYPE_Q8_0, block, x, 32);
    assert_int_equal(load_u16(block), 0x4000);
    static const int8_t want[7] = {127, 1, -1, 2, -2, 0, -127};
    assert_memory_equal(block + 2, want, sizeof want);
    K->decode_row[DTYPE_Q8_0](back, block, 32);
    assert_true(back[0] == 254.0f && back[1] == 2.0f && back[6] == -254.0f && back[31] == 0.0f);
}

static void q8_0_encodes_what_ggml_cannot(void **state) {
    (void)state;
    static const float odd[] = {INFINITY, -INFINITY, NAN, 1e38f, 0x1p-149f, 1e-38f, 0.0f};
    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
        float x[32] = {1.0f, odd[i]};
        uint8_t block[34];
        encode_row(DTYPE_Q8_0, block, x, 32);
        assert_true(load_u16(block) < 0x7c00);
        x[0] = 0;
        encode_row(DTYPE_Q8_0, block, x, 32);
        assert_true(load_u16(block) < 0x7c00);
    }
}

static void encoding_to_float_types_rounds_once(void **state) {
    (void)state;
    float x[3] = {1.0f + 0x1p-11f, 1.0f + 0x1.8p-10f, -1e30f}, back[3];
    uint8_t row[12];
    encode_row(DTYPE_F16, row, x, 3);
    K->decode_row[DTYPE_F16](back, row, 3);
    assert_true(back[0] == 1.0f && back[1] == 1.0f + 0x1p-9f && back[2] == -INFINITY);
    encode_row(DTYPE_BF16, row, x, 3);
    K->decode_row[DTYPE_BF16](back, row, 3);
    assert_true(back[0] == 1.0f && back[2] == bf16_to_f32(bf16_from_f32(-1e30f)));
    encode_row(DTYPE_F32, row, x, 3);
    K->decode_row[DTYPE_F32](back, row, 3);
    assert_memory_equal(back, x, sizeof x);
}

// ((1e8 + 1) - 1e8) is 0 in floats; any other order, or a wider sum, would give 1.
static void products_are_one_ascending_chain_with_the_bias_last(void **state) {
    (void)state;
    const float w[3] = {1e8f, 1.0f, -1e8f}, x[3] = {1, 1, 1}, bias = 0.5f;
    float out;
    struct matmul_job job = {
        .w = {.dtype = DTYPE_F32, .rows = 1, .cols = 3, .stride = 12, .data = (const uint8_t *)w},
        .row1 = 1, .n_tokens = 1, .x = x, .x_stride = 3, .bias = &bias, .out = &out, .out_stride = 1,
    };
    K->matmul[DTYPE_F32](&job);
    assert_true(out == 0.5f);
    // One rounding per step: 2^-30 survives only in a fused multiply-add.
    const float fine[2] = {1.0f + 0x1p-15f, -1.0f - 0x1p-14f}, ones[2] = {1.0f + 0x1p-15f, 1.0f};
    job.w.data = (const uint8_t *)fine, job.w.cols = 2, job.x = ones, job.x_stride = 2, job.bias = NULL;
    K->matmul[DTYPE_F32](&job);
    assert_true(out == 0.0f); // fma(w0, x0, 0) rounds to 1 + 2^-14
    const float swapped[2] = {-1.0f - 0x1p-14f, 1.0f + 0x1p-15f}, other[2] = {1.0f, 1.0f + 0x1p-15f};
    job.w.data = (const uint8_t *)swapped, job.x = other;
    K->matmul[DTYPE_F32](&job);
    assert_true(out == 0x1p-30f);
}

enum { ROWS = 21, COLS = 96, TOKENS = 5 };

// W in both storage orders, as the types that can be transposed.
static void both_storage_orders_give_the_same_bits(void **state) {
    (void)state;
    static const enum dtype types[] = {DTYPE_F32, DTYPE_F16, DTYPE_BF16};
    float w[ROWS][COLS], turned[COLS][ROWS], x[TOKENS][COLS], out[2][TOKENS][ROWS];
    static uint8_t rows[ROWS * COLS * 4], columns[ROWS * COLS * 4];
    uint16_t rounded[TOKENS][COLS]; // whole blocks
    fill(&w[0][0], ROWS * COLS), fill(&x[0][0], TOKENS * COLS);
    for (int t = 0; t < TOKENS; t++) K->round_bf16(rounded[t], x[t], COLS);
    for (int r = 0; r < ROWS; r++)
        for (int c = 0; c < COLS; c++) turned[c][r] = w[r][c];
    for (int i = 0; i < 3; i++) {
        size_t size = dtypes[types[i]].block_bytes;
        encode_row(types[i], rows, &w[0][0], ROWS * COLS);
        encode_row(types[i], columns, &turned[0][0], ROWS * COLS);
        for (int t = 0; t < 2; t++) {
            struct matmul_job job = {
                .w = {.dtype = types[i], .transposed = t == 1, .rows = ROWS, .cols = COLS,
                      .stride = (t ? ROWS : COLS) * size, .data = t ? columns : rows},
                .row1 = ROWS, .n_tokens = TOKENS, .x = &x[0][0], .x_stride = COLS, .out = &out[t][0][0],
                .out_stride = ROWS, .q = {.bf16 = &rounded[0][0], .stride = COLS},
            };
            K->matmul[types[i]](&job);
        }
        assert_memory_equal(out[0], out[1], sizeof out[0]);
        for (int t = 0; t < TOKENS; t++)
            for (int r = 0; r < ROWS; r++) {
                double want = 0;
                float weight[COLS];
                K->decode_row[types[i]](weight, rows + (size_t)r * COLS * size, COLS);
                for (int c = 0; c < COLS; c++)
                    want += (double)weight[c] * (double)(i == 2 ? bf16_to_f32(rounded[t][c]) : x[t][c]);
                assert_true(fabs((double)out[0][t][r] - want) < COLS * COLS * 0x1p-24);
            }
    }
}

static void quantized_products_are_those_of_the_decoded_values(void **state) {
    (void)state;
    float w[ROWS][COLS], x[TOKENS][COLS], xd[TOKENS * 3], xs[TOKENS * 3], out[TOKENS][ROWS], decoded[COLS];
    uint8_t rows[ROWS][COLS / 32 * 34];
    int8_t q[TOKENS * COLS];
    int32_t start[TOKENS * 3];
    const struct qacts acts = {.q = q, .xd = xd, .xs = xs, .start = start, .stride = COLS};
    fill(&w[0][0], ROWS * COLS), fill(&x[0][0], TOKENS * COLS);
    for (int r = 0; r < ROWS; r++) encode_row(DTYPE_Q8_0, rows[r], w[r], COLS);
    assert_true(K->quantize[ACT_Q8_32](&acts, &x[0][0], TOKENS * COLS));
    struct matmul_job job = {
        .w = {.dtype = DTYPE_Q8_0, .rows = ROWS, .cols = COLS, .stride = sizeof rows[0], .data = rows[0]},
        .row1 = ROWS, .n_tokens = TOKENS, .q = acts,
        .out = &out[0][0], .out_stride = ROWS,
    };
    K->matmul[DTYPE_Q8_0](&job);
    for (int r = 0; r < ROWS; r++) {
        K->decode_row[DTYPE_Q8_0](decoded, rows[r], COLS);
        for (int t = 0; t < TOKENS; t++) {
            double want = 0, exact = 0;
            for (int c = 0; c < COLS; c++) {
                want += (double)decoded[c] * (double)q[t * COLS + c] * (double)xd[(t * COLS + c) / 32];
                exact += (double)w[r][c] * (double)x[t][c];
            }
            assert_true(fabs((double)out[t][r] - want) < 1e-5);
            assert_true(fabs((double)out[t][r] - exact) < 0.15); // 96 values in [-1,1], each off by at most 1/127
        }
    }
}

// ---- attention ----

enum { DIM = 40, LENGTH = 600, TILES = 3 };

struct sequence {
    enum kv_type type;
    float k[LENGTH][DIM], v[LENGTH][DIM], q[DIM];
    uint8_t *keys[TILES], *values[TILES];
};

static void store_one(enum kv_type type, uint8_t *keys, uint8_t *values, size_t position, size_t dim, const float *k,
                      const float *v) {
    K->kv_store[type](&(struct kv_store_job){keys, values, position, 1, dim, k, v, dim});
}

// Unwritten positions hold 0xff: NaN in f16 and f32.
static struct sequence *make_sequence(enum kv_type type) {
    struct sequence *s = test_calloc(1, sizeof *s);
    s->type = type;
    fill(&s->k[0][0], LENGTH * DIM), fill(&s->v[0][0], LENGTH * DIM), fill(s->q, DIM);
    for (int t = 0; t < TILES; t++) {
        s->keys[t] = test_malloc(kv_keys_bytes(type, DIM));
        s->values[t] = test_malloc(kv_values_bytes(type, DIM));
        memset(s->keys[t], 0xff, kv_keys_bytes(type, DIM));
        memset(s->values[t], 0xff, kv_values_bytes(type, DIM));
    }
    for (size_t j = 0; j < LENGTH; j++)
        store_one(type, s->keys[j / KV_TILE], s->values[j / KV_TILE], j % KV_TILE, DIM, s->k[j], s->v[j]);
    return s;
}

static void free_sequence(struct sequence *s) {
    for (int t = 0; t < TILES; t++) test_free(s->keys[t]), test_free(s->values[t]);
    test_free(s);
}

struct scoring {
    float scale, softcap, slope;
    const float *bias; // [TILES * KV_TILE] or NULL
};

// Positions [lo, hi) by tiles and their merge.
static void attend(float *out, const struct sequence *s, int lo, int hi, struct scoring scoring) {
    float m[TILES], l[TILES], o[TILES][DIM];
    size_t n = 0;
    for (int t = lo / KV_TILE; t * KV_TILE < hi; t++, n++) {
        int32_t first = lo - t * KV_TILE, last = hi - t * KV_TILE, pos = hi - 1 - t * KV_TILE;
        first = first < 0 ? 0 : first, last = last > KV_TILE ? KV_TILE : last;
        struct attn_job job = {
            .head_dim = DIM,
            .n_q = 1,
            .q = s->q,
            .q_stride = DIM,
            .keys = s->keys[t],
            .values = s->values[t],
            .lo = &first,
            .hi = &last,
            .pos = &pos,
            .scale = scoring.scale,
            .softcap = scoring.softcap,
            .slope = scoring.slope,
            .bias = scoring.bias ? scoring.bias + t * KV_TILE : NULL,
            .m = &m[n],
            .l = &l[n],
            .ml_stride = 1,
            .o = o[n],
            .o_stride = DIM,
        };
        K->attn_tile[s->type](&job);
    }
    K->attn_merge(out, m, l, o[0], n, DIM);
}

// The same without tiles, in double precision.
static void attend_plainly(double *out, const struct sequence *s, int lo, int hi, struct scoring scoring) {
    double score[LENGTH], most = -1e300, sum = 0;
    for (int j = lo; j < hi; j++) {
        score[j] = 0;
        for (int d = 0; d < DIM; d++) score[j] += (double)s->k[j][d] * (double)s->q[d];
        score[j] *= (double)scoring.scale;
        if (scoring.softcap > 0) score[j] = (double)scoring.softcap * tanh(score[j] / (double)scoring.softcap);
        score[j] += (double)scoring.slope * (j - (hi - 1)) + (scoring.bias ? (double)scoring.bias[j] : 0);
        most = score[j] > most ? score[j] : most;
    }
    for (int d = 0; d < DIM; d++) out[d] = 0;
    for (int j = lo; j < hi; j++) {
        double p = exp(score[j] - most);
        sum += p;
        for (int d = 0; d < DIM; d++) out[d] += p * (double)s->v[j][d];
    }
    for (int d = 0; d < DIM; d++) out[d] /= sum;
}

static void compare_attention(enum kv_type type, struct scoring scoring, double tolerance) {
    static const int ranges[][2] = {{0, 1}, {0, 16}, {0, 17}, {0, 255}, {0, 256}, {0, 257}, {0, 600},
                                    {255, 257}, {100, 300}, {300, 333}, {511, 600}};
    struct sequence *s = make_sequence(type);
    for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++) {
        float out[DIM];
        double want[DIM];
        attend(out, s, ranges[i][0], ranges[i][1], scoring);
        attend_plainly(want, s, ranges[i][0], ranges[i][1], scoring);
        for (int d = 0; d < DIM; d++)
            assert_true(fabs((double)out[d] - want[d]) < tolerance);
    }
    free_sequence(s);
}

static void tiles_merge_to_the_softmax_over_all_positions(void **state) {
    (void)state;
    compare_attention(KV_F32, (struct scoring){.scale = 1.0f}, 2e-6);
    compare_attention(KV_F16, (struct scoring){.scale = 1.0f}, 2e-3);
    compare_attention(KV_Q8_0, (struct scoring){.scale = 1.0f}, 5e-2);
}

static void soft_cap_and_slope_bend_the_scores(void **state) {
    (void)state;
    compare_attention(KV_F32, (struct scoring){.scale = 0.15811388f, .softcap = 0.5f}, 2e-6);
    compare_attention(KV_F32, (struct scoring){.scale = 0.15811388f, .slope = 0.25f}, 4e-6);
    compare_attention(KV_F32, (struct scoring){.scale = 2.0f, .softcap = 3.0f, .slope = 0.0625f}, 4e-6);
}

// The order of the steps shows where it matters: a bias is neither scaled nor capped.
static void a_bias_is_added_last(void **state) {
    (void)state;
    static float bias[TILES * KV_TILE];
    fill(bias, TILES * KV_TILE);
    for (int j = 0; j < TILES * KV_TILE; j += 3) bias[j] *= 7;
    compare_attention(KV_F32, (struct scoring){.scale = 0.15811388f, .bias = bias}, 4e-6);
    compare_attention(KV_F32, (struct scoring){.scale = 0.25f, .softcap = 0.5f, .bias = bias}, 4e-6);
    compare_attention(KV_F16, (struct scoring){.scale = 2.0f, .softcap = 3.0f, .slope = 0.0625f, .bias = bias}, 2e-3);
}

// A chain begins with the first visible position: what lies before, NaN here, is not read.
static void invisible_positions_are_not_visited(void **state) {
    (void)state;
    struct sequence *s = make_sequence(KV_F32);
    float want[DIM], got[DIM], nan[DIM];
    attend(want, s, 100, 300, (struct scoring){.scale = 0.5f});
    for (int d = 0; d < DIM; d++) nan[d] = NAN;
    store_one(KV_F32, s->keys[0], s->values[0], 99, DIM, nan, nan);
    store_one(KV_F32, s->keys[1], s->values[1], 300 - KV_TILE, DIM, nan, nan);
    attend(got, s, 100, 300, (struct scoring){.scale = 0.5f});
    assert_memory_equal(got, want, sizeof want);
    attend(got, s, 99, 300, (struct scoring){.scale = 0.5f});
    assert_true(isnan(got[0]));
    free_sequence(s);
}

static void one_visible_position_gives_its_value(void **state) {
    (void)state;
    struct sequence *s = make_sequence(KV_F32);
    float out[DIM];
    attend(out, s, 511, 512, (struct scoring){.scale = 3.0f});
    assert_memory_equal(out, s->v[511], sizeof out);
    free_sequence(s);
}

// K [16 blocks][head_dim][16 positions], V [256][head_dim].
static void cache_tiles_have_their_stated_layout(void **state) {
    (void)state;
    enum { N = 3 };
    static uint8_t keys[KV_TILE * N * 2], values[KV_TILE * N * 2];
    assert_int_equal(kv_keys_bytes(KV_F16, N), sizeof keys);
    assert_int_equal(kv_keys_bytes(KV_F32, N), 2 * sizeof keys);
    assert_int_equal(kv_keys_bytes(KV_Q8_0, 33), KV_TILE * (33 + 2 * 2));
    const float k[N] = {1, 2, 70000.0f}, v[N] = {-4, NAN, -INFINITY};
    store_one(KV_F16, keys, values, 37, N, k, v); // block 2, lane 5
    assert_int_equal(load_u16(keys + 2 * ((2 * N + 0) * 16 + 5)), 0x3c00);
    assert_int_equal(load_u16(keys + 2 * ((2 * N + 1) * 16 + 5)), 0x4000);
    assert_int_equal(load_u16(keys + 2 * ((2 * N + 2) * 16 + 5)), 0x7bff); // saturated
    assert_int_equal(load_u16(values + 2 * (37 * N)), 0xc400);
    assert_true(isnan(half_to_f32(load_u16(values + 2 * (37 * N + 1)))));
    assert_int_equal(load_u16(values + 2 * (37 * N + 2)), 0xfbff);
    size_t written = 0;
    for (size_t i = 0; i < sizeof keys; i += 2) written += load_u16(keys + i) != 0;
    assert_int_equal(written, N);
}

// amax 254: the scale is 2 in f16; values are rounded to multiples of it, halves to even.
static void cached_int8_values_are_multiples_of_the_stored_scale(void **state) {
    (void)state;
    enum { N = 33 };
    static uint8_t keys[KV_TILE * (N + 4)], values[KV_TILE * (N + 4)];
    float k[N] = {254.0f, 1.0f, 3.0f, -5.0f, [32] = 0x1p-30f}, v[N] = {[1] = 1e30f, -1e30f, [32] = NAN};
    store_one(KV_Q8_0, keys, values, 17, N, k, v); // block 1, lane 1
    static const int want[4] = {127, 0, 2, -2};
    for (int d = 0; d < 4; d++) assert_int_equal((int8_t)keys[(1 * N + d) * 16 + 1], want[d]);
    const uint8_t *scales = keys + KV_TILE * N;
    assert_int_equal(load_u16(scales + 2 * ((1 * 2 + 0) * 16 + 1)), 0x4000);
    assert_int_equal(load_u16(scales + 2 * ((1 * 2 + 1) * 16 + 1)), 0); // the second group, of one value: too small
    assert_int_equal(keys[(1 * N + 32) * 16 + 1], 0);
    assert_int_equal((int8_t)values[17 * N + 1], 127);
    assert_int_equal((int8_t)values[17 * N + 2], -127);
    assert_int_equal((int8_t)values[17 * N + 32], -127); // NaN, whose scale says so
    assert_int_equal(load_u16(values + KV_TILE * N + 2 * (17 * 2)), 0x7bff);
    assert_true(isnan(half_to_f32(load_u16(values + KV_TILE * N + 2 * (17 * 2 + 1)))));
}

static void a_table_is_chosen_up_to_the_cap(void **state) {
    (void)state;
    const struct kernels *k = NULL, *tables[16];
    const char *level = NULL;
    quill_error err;
    assert_ok(kernels_select(&k, &level, "ref", &err), err);
    assert_ptr_equal(k, &kernels_ref);
    assert_string_equal(level, "ref");
    size_t n = kernels_available(tables, 16);
    assert_true(n >= 1 && tables[0] == &kernels_ref);
    assert_ok(kernels_select(&k, &level, NULL, &err), err);
    assert_ptr_equal(k, tables[n - 1]);
    for (size_t i = 0; i < n; i++) {
        assert_ok(kernels_select(&k, &level, tables[i]->name, &err), err);
        assert_ptr_equal(k, tables[i]);
    }
}

static void unknown_and_missing_instruction_sets_are_refused(void **state) {
    (void)state;
    const struct kernels *k;
    const char *level;
    quill_error err;
#ifdef __x86_64__
    const char *elsewhere = "neon";
#else
    const char *elsewhere = "avx2";
#endif
    assert_int_equal(kernels_select(&k, &level, "avx3", &err), QUILL_E_USAGE);
    assert_non_null(strstr(err.text, "avx3"));
    assert_int_equal(kernels_select(&k, &level, elsewhere, &err), QUILL_E_USAGE);
    assert_non_null(strstr(err.text, elsewhere));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(exp_is_within_one_ulp),
        cmocka_unit_test(tanh_is_within_two_ulp),
        cmocka_unit_test(activations_are_within_their_bounds),
        cmocka_unit_test(norms_agree_with_double_precision),
        cmocka_unit_test(rows_are_summed_by_sixteen_lanes),
        cmocka_unit_test(row_max_skips_nan_and_knows_no_minus_zero),
        cmocka_unit_test(infinities_and_nan_are_not_finite),
        cmocka_unit_test(activations_round_to_nearest_even),
        cmocka_unit_test(tiny_blocks_are_zero_and_infinite_ones_refused),
        cmocka_unit_test(q8_0_encodes_as_ggml_does),
        cmocka_unit_test(q8_0_encodes_what_ggml_cannot),
        cmocka_unit_test(encoding_to_float_types_rounds_once),
        cmocka_unit_test(products_are_one_ascending_chain_with_the_bias_last),
        cmocka_unit_test(both_storage_orders_give_the_same_bits),
        cmocka_unit_test(quantized_products_are_those_of_the_decoded_values),
        cmocka_unit_test(tiles_merge_to_the_softmax_over_all_positions),
        cmocka_unit_test(soft_cap_and_slope_bend_the_scores),
        cmocka_unit_test(a_bias_is_added_last),
        cmocka_unit_test(invisible_positions_are_not_visited),
        cmocka_unit_test(one_visible_position_gives_its_value),
        cmocka_unit_test(cache_tiles_have_their_stated_layout),
        cmocka_unit_test(cached_int8_values_are_multiples_of_the_stored_scale),
        cmocka_unit_test(a_table_is_chosen_up_to_the_cap),
        cmocka_unit_test(unknown_and_missing_instruction_sets_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
