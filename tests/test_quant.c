// SPDX-License-Identifier: MIT
// Quantized weight types: decoders against the gguf package, encoders by their errors, products against double
// precision.
#include "test.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "kernels/kernels.h"
#include "kernels/quant_blocks.h"

static uint64_t random_state = 1;

static double uniform(void) { // splitmix64, (0, 1]
    uint64_t z = random_state += 0x9e3779b97f4a7c15;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return ((double)((z ^ z >> 31) >> 11) + 1) * 0x1p-53;
}

static float normal(void) { return (float)(sqrt(-2 * log(uniform())) * cos(6.283185307179586 * uniform())); }

static bool is_quantized(int type) { return !dtype_is_float((enum dtype)type); }

// Three blocks as they lie in a file, then their values: made by scripts/make-reference.py.
static FILE *open_blocks(int type) {
    char path[256];
    snprintf(path, sizeof path, TEST_DATA("blocks/%s.bin"), dtypes[type].name);
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    return f;
}

static void decoders_give_the_values_of_the_gguf_package(void **state) {
    (void)state;
    for (int type = 0; type < DTYPE_COUNT; type++) {
        if (!is_quantized(type)) continue;
        uint8_t blocks[3 * 256], row[3 * 256 * 4];
        float want[3 * BLOCK_K], got[3 * BLOCK_K];
        FILE *f = open_blocks(type);
        size_t n = (size_t)3 * dtypes[type].block_values;
        assert_int_equal(fread(blocks, dtypes[type].block_bytes, 3, f), 3);
        assert_int_equal(fread(row, 4, n, f), n);
        assert_int_equal(fclose(f), 0);
        memcpy(want, row, 4 * n);
        kernels_ref.decode_row[type](got, blocks, n);
        for (size_t i = 0; i < n; i++)
            if (f32_bits(got[i]) != f32_bits(want[i])) {
                print_error("%s value %zu: %a, expected %a\n", dtypes[type].name, i, (double)got[i], (double)want[i]);
                assert_true(false);
            }
    }
}

static double relative_error(enum dtype type, const float *x, float *y, size_t n) {
    uint8_t *row = malloc(n / dtypes[type].block_values * dtypes[type].block_bytes);
    assert_non_null(row);
    encode_row(type, row, x, n);
    kernels_ref.decode_row[type](y, row, n);
    free(row);
    double error = 0, sum = 0;
    for (size_t i = 0; i < n; i++) {
        error += ((double)x[i] - (double)y[i]) * ((double)x[i] - (double)y[i]);
        sum += (double)x[i] * (double)x[i];
    }
    return sqrt(error / sum);
}

// The limits are the errors of ggml's quantizers without an importance matrix on normally distributed values.
static void encoders_err_no_more_than_ggml(void **state) {
    (void)state;
    static const struct {
        enum dtype type;
        double limit;
    } limits[] = {
        {DTYPE_Q8_0, 0.00539}, {DTYPE_Q4_0, 0.0862},  {DTYPE_Q4_1, 0.0783}, {DTYPE_Q5_0, 0.0429}, {DTYPE_Q5_1, 0.0379},
        {DTYPE_IQ4_NL, 0.0762}, {DTYPE_Q2_K, 0.2965}, {DTYPE_Q3_K, 0.1512}, {DTYPE_Q4_K, 0.0716}, {DTYPE_Q5_K, 0.0362},
        {DTYPE_Q6_K, 0.0178},
    };
    enum { N = 100 * BLOCK_K };
    static float x[N], y[N];
    for (size_t i = 0; i < N; i++) x[i] = 0.02f * normal();
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
        double error = relative_error(limits[i].type, x, y, N);
        print_message("%s: %.5f, ggml %.5f\n", dtypes[limits[i].type].name, error, limits[i].limit);
        assert_true(error <= limits[i].limit);
    }
}

static void encoders_bear_every_finite_value(void **state) {
    (void)state;
    static const float extremes[] = {0, -0.0f, 1e-45f, -1e-38f, 1e-8f, 6e4f, -7e4f, 3e38f, -3e38f, 1, -1};
    for (int type = 0; type < DTYPE_COUNT; type++) {
        if (!is_quantized(type) || !encode_known((enum dtype)type)) continue;
        float x[BLOCK_K], y[BLOCK_K];
        for (int round = 0; round < 200; round++) {
            for (int i = 0; i < BLOCK_K; i++) x[i] = extremes[(size_t)(uniform() * 10.99) % (1 + (size_t)round % 11)];
            relative_error((enum dtype)type, x, y, BLOCK_K);
            for (int i = 0; i < BLOCK_K; i++) assert_true(isfinite(y[i]));
        }
        for (int i = 0; i < BLOCK_K; i++) x[i] = 0;
        relative_error((enum dtype)type, x, y, BLOCK_K);
        for (int i = 0; i < BLOCK_K; i++) assert_true(y[i] == 0);
    }
}

// Values that a block can hold exactly come back exactly: one per level of the type, scale 1/4.
static void values_on_a_grid_are_kept(void **state) {
    (void)state;
    static const struct {
        enum dtype type;
        int lo, hi;
    } grids[] = {{DTYPE_Q4_0, -8, 7}, {DTYPE_Q4_1, 0, 15}, {DTYPE_Q5_0, -16, 15}, {DTYPE_Q5_1, 0, 31}};
    for (size_t g = 0; g < 4; g++) {
        float x[32], y[32];
        for (int i = 0; i < 32; i++) x[i] = 0.25f * (float)(grids[g].lo + i % (grids[g].hi - grids[g].lo + 1));
        relative_error(grids[g].type, x, y, 32);
        for (int i = 0; i < 32; i++) assert_true(fabsf(x[i] - y[i]) <= 1e-4f);
    }
}

// A product of the reference is the sum of decoded weights times dequantized activations, but for f32 rounding.
static void products_are_those_of_the_decoded_values(void **state) {
    (void)state;
    enum { COLS = 2 * BLOCK_K, ROWS = 5 };
    for (int type = 0; type < DTYPE_COUNT; type++) {
        if (!is_quantized(type)) continue;
        const size_t values = act_block[dtypes[type].acts];
        float x[COLS], xd[COLS / 32], xs[COLS / 32], out[ROWS], w[COLS];
        int8_t q[COLS];
        int32_t start[COLS / 32];
        int16_t sums[COLS / BLOCK_K * ACT_SUMS];
        const struct qacts acts = {.q = q, .xd = xd, .xs = xs, .start = start, .sums = sums, .stride = COLS};
        uint8_t data[ROWS * COLS * 2];
        size_t stride = COLS / dtypes[type].block_values * dtypes[type].block_bytes;
        for (size_t i = 0; i < COLS; i++) x[i] = normal();
        assert_true(kernels_ref.quantize[dtypes[type].acts](&acts, x, COLS));
        FILE *f = open_blocks(type);
        uint8_t block[3 * 256]; // the third is a usual one
        assert_int_equal(fread(block, dtypes[type].block_bytes, 3, f), 3);
        assert_int_equal(fclose(f), 0);
        for (size_t at = 0; at < ROWS * stride; at += dtypes[type].block_bytes) {
            memcpy(data + at, block + 2 * dtypes[type].block_bytes, dtypes[type].block_bytes);
            data[at + dtypes[type].block_bytes / 2] = (uint8_t)(uniform() * 255);
        }
        struct matmul_job job = {
            .w = {.dtype = (enum dtype)type, .rows = ROWS, .cols = COLS, .stride = stride, .data = data},
            .row1 = ROWS, .n_tokens = 1, .q = acts,
            .out = out, .out_stride = ROWS,
        };
        kernels_ref.matmul[type](&job);
        for (size_t r = 0; r < ROWS; r++) {
            double want = 0, magnitude = 0;
            kernels_ref.decode_row[type](w, data + r * stride, COLS);
            for (size_t c = 0; c < COLS; c++) {
                double product = (double)w[c] * (double)q[c] * (double)xd[c / values];
                want += product;
                magnitude += fabs(product);
            }
            if (!(fabs((double)out[r] - want) <= 1e-5 * magnitude)) {
                print_error("%s row %zu: %g, expected %g\n", dtypes[type].name, r, (double)out[r], want);
                assert_true(false);
            }
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(decoders_give_the_values_of_the_gguf_package),
        cmocka_unit_test(encoders_err_no_more_than_ggml),
        cmocka_unit_test(encoders_bear_every_finite_value),
        cmocka_unit_test(values_on_a_grid_are_kept),
        cmocka_unit_test(products_are_those_of_the_decoded_values),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
