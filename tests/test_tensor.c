// SPDX-License-Identifier: MIT
#include "test.h"

#include <math.h>

#include "tensor/dtype.h"
#include "tensor/half.h"
#include "tensor/rows.h"

static void half_round_trips_every_value(void **state) {
    (void)state;
    for (uint32_t h = 0; h < 0x10000; h++) {
        float f = half_to_f32((uint16_t)h);
        if (isnan(f)) assert_true(isnan(half_to_f32(half_from_f32(f))));
        else assert_int_equal(half_from_f32(f), h);
    }
    assert_true(half_to_f32(0x3c00) == 1.0f && half_to_f32(0x0001) == 0x1p-24f && half_to_f32(0x7bff) == 65504.0f);
}

// Nearest by search among the neighbours, ties to the even bit pattern.
static void half_rounds_to_nearest_even(void **state) {
    (void)state;
    for (uint32_t h = 0; h < 0x7bff; h++) {
        double a = (double)half_to_f32((uint16_t)h), b = (double)half_to_f32((uint16_t)(h + 1)), middle = (a + b) / 2;
        assert_int_equal(half_from_f32((float)middle), h & 1 ? h + 1 : h);
        assert_int_equal(half_from_f32(nextafterf((float)middle, 0)), h);
        assert_int_equal(half_from_f32(nextafterf((float)middle, INFINITY)), h + 1);
        assert_int_equal(half_from_f32(-(float)middle), 0x8000 | (h & 1 ? h + 1 : h));
    }
    assert_int_equal(half_from_f32(65519.0f), 0x7bff);
    assert_int_equal(half_from_f32(65520.0f), 0x7c00);
    assert_int_equal(half_from_f32_saturate(1e30f), 0x7bff);
    assert_int_equal(half_from_f32_saturate(-INFINITY), 0xfbff);
    assert_true(isnan(half_to_f32(half_from_f32_saturate(NAN))));
}

static void bf16_rounds_to_nearest_even(void **state) {
    (void)state;
    assert_int_equal(bf16_from_f32(1.0f), 0x3f80);
    assert_int_equal(bf16_from_f32(f32_from_bits(0x3f808000)), 0x3f80);
    assert_int_equal(bf16_from_f32(f32_from_bits(0x3f818000)), 0x3f82);
    assert_int_equal(bf16_from_f32(f32_from_bits(0x3f808001)), 0x3f81);
    assert_true(isnan(bf16_to_f32(bf16_from_f32(NAN))));
}

static void types_are_found_by_every_name(void **state) {
    (void)state;
    assert_int_equal(dtype_from_name(STR("q8_0")), DTYPE_Q8_0);
    assert_int_equal(dtype_from_name(STR("q8_00")), DTYPE_NONE);
    assert_int_equal(dtype_from_gguf(30), DTYPE_BF16);
    assert_int_equal(dtype_from_gguf(4), DTYPE_NONE);
    assert_int_equal(dtype_from_safetensors(STR("BF16")), DTYPE_BF16);
    assert_string_equal(dtype_gguf_name(16), "IQ2_XXS");
    assert_null(dtype_gguf_name(4));
    assert_null(dtype_gguf_name(1000));
    uint64_t bytes;
    assert_true(dtype_bytes(DTYPE_Q8_0, 64, &bytes) && bytes == 68);
    assert_false(dtype_bytes(DTYPE_Q8_0, 63, &bytes));
    assert_false(dtype_bytes(DTYPE_F32, UINT64_MAX / 2, &bytes));
    assert_true(dtype_gguf_bytes(14, 512, &bytes) && bytes == 420); // Q6_K
    assert_false(dtype_gguf_bytes(14, 128, &bytes));
    assert_false(dtype_gguf_bytes(4, 256, &bytes));
    for (int type = 0; type < DTYPE_COUNT; type++) { // each has a row, and no two have a name or a number in common
        assert_non_null(dtypes[type].name);
        assert_int_equal(dtype_from_name(str_of(dtypes[type].name)), type);
        assert_int_equal(dtype_from_gguf(dtypes[type].gguf), type);
        if (!dtype_is_float((enum dtype)type))
            assert_int_equal(dtypes[type].block_values % act_block[dtypes[type].acts], 0);
    }
}

static void matrix_views_slice_outputs_in_both_storages(void **state) {
    (void)state;
    const uint8_t data[48] = {0};
    struct tensor t = {.dtype = DTYPE_F32, .n_dims = 2, .shape = {3, 4}, .data = data, .bytes = 48};
    struct mat w = mat_rows(tensor_mat(&t, false), 1, 2);
    assert_true(w.rows == 2 && w.cols == 4 && w.stride == 16 && w.data == data + 16);
    w = mat_rows(tensor_mat(&t, true), 1, 2);
    assert_true(w.rows == 2 && w.cols == 3 && w.stride == 16 && w.data == data + 4 && w.transposed);
}

// Six rows of 16 bytes in runs of two, which begin 80 bytes apart: rows 0 and 1 at 0, 2 and 3 at 80, 4 and 5 at 160.
static void matrix_views_find_their_runs(void **state) {
    (void)state;
    const uint8_t data[192] = {0};
    const struct mat w = {.dtype = DTYPE_F32, .rows = 6, .cols = 4, .stride = 16, .run = 2, .run_stride = 80,
                          .data = data};
    struct mat part = mat_rows(w, 4, 2);
    assert_true(part.rows == 2 && part.data == data + 160);
    size_t n = 5;
    part = mat_run(w, 3, &n); // the second row of a run is its last
    assert_true(n == 1 && part.rows == 1 && part.run == 0 && part.data == data + 96);
    n = 3;
    part = mat_run(w, 2, &n);
    assert_true(n == 2 && part.rows == 2 && part.data == data + 80);
    n = 1;
    part = mat_run(w, 2, &n);
    assert_true(n == 1 && part.rows == 1 && part.data == data + 80);
}

// Rows of three matrices: two in order, the second with runs, and one whose heads of four rows are taken by halves.
static void rows_are_found_in_several_matrices(void **state) {
    (void)state;
    static const uint8_t data[400] = {0};
    const struct mat whole = {.dtype = DTYPE_F32, .rows = 3, .cols = 4, .stride = 16, .data = data};
    const struct mat runs = {.dtype = DTYPE_F32, .rows = 4, .cols = 4, .stride = 16, .run = 2, .run_stride = 64,
                             .data = data + 100};
    const struct mat heads = {.dtype = DTYPE_F32, .rows = 8, .cols = 4, .stride = 16, .data = data + 200};
    struct rows rows = {.n = 0};
    rows_add(&rows, whole, 0);
    rows_add(&rows, runs, 0);
    rows_add(&rows, heads, 4);
    static const struct {
        size_t first, n, found, at;
    } cases[] = {{0, 9, 3, 0},    {1, 1, 1, 16},   {2, 3, 1, 32},   {3, 5, 2, 100},  {4, 5, 1, 116},  {5, 9, 2, 164},
                 {7, 3, 1, 200},  {8, 1, 1, 232},  {9, 9, 1, 216},  {10, 1, 1, 248}, {11, 9, 1, 264}, {12, 9, 1, 296},
                 {13, 9, 1, 280}, {14, 9, 1, 312}};
    assert_int_equal(rows.n, 15);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        size_t n = cases[i].n;
        const struct mat part = rows_at(&rows, cases[i].first, &n);
        assert_int_equal(n, cases[i].found);
        assert_int_equal(part.rows, n);
        assert_int_equal(part.data - data, cases[i].at);
        assert_int_equal(part.run, 0);
    }
}

// The rows of a tensor of three dimensions are those of its matrices, and a vector is one row.
static void rows_of_tensors_run_along_the_last_dimension(void **state) {
    (void)state;
    static const uint8_t data[96] = {0};
    struct tensor t = {.dtype = DTYPE_F32, .n_dims = 3, .shape = {2, 3, 4}, .data = data};
    struct rows rows = rows_of_tensor(&t);
    size_t n = 9;
    assert_true(rows.n == 6 && rows_at(&rows, 2, &n).data == data + 32 && n == 4);
    t.n_dims = 1;
    rows = rows_of_tensor(&t);
    assert_true(rows.n == 1 && rows.parts[0].w.cols == 2);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(half_round_trips_every_value),
        cmocka_unit_test(half_rounds_to_nearest_even),
        cmocka_unit_test(bf16_rounds_to_nearest_even),
        cmocka_unit_test(types_are_found_by_every_name),
        cmocka_unit_test(matrix_views_slice_outputs_in_both_storages),
        cmocka_unit_test(matrix_views_find_their_runs),
        cmocka_unit_test(rows_are_found_in_several_matrices),
        cmocka_unit_test(rows_of_tensors_run_along_the_last_dimension),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
