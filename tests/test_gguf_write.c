// SPDX-License-Identifier: MIT
// What the GGUF writer writes, read back by the reader and, where it matters, byte by byte.
#include "gguf_bytes.h"

#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

#include "formats/gguf_write.h"

static char folder[] = "/tmp/quill-test-XXXXXX";
static char path[64];

static int make_folder(void **state) {
    (void)state;
    if (!mkdtemp(folder)) return -1;
    snprintf(path, sizeof path, "%s/out.gguf", folder);
    return 0;
}

static int remove_folder(void **state) {
    (void)state;
    unlink(path);
    return rmdir(folder); // fails when a temporary file was left
}

// Tensor bytes: a function of tensor and position. Calls have to come in order, whole rows at a time.
struct source {
    size_t index;
    uint64_t next_row, calls;
    const uint64_t *row_bytes;
    size_t fail_at; // index + 1
};

static uint8_t byte_at(size_t index, uint64_t at) { return (uint8_t)(at * 31 + at / 251 + index * 7 + 1); }

static quill_status fill(void *user, size_t index, uint64_t first_row, uint64_t n_rows, uint8_t *out,
                         quill_error *err) {
    struct source *source = user;
    if (index + 1 == source->fail_at) return fail(err, QUILL_E_MODEL, "no such tensor");
    if (index != source->index) source->index = index, source->next_row = 0;
    assert_true(first_row == source->next_row && n_rows > 0);
    uint64_t row = source->row_bytes[index];
    assert_true(n_rows * row <= 4 << 20 || n_rows == 1);
    for (uint64_t i = 0; i < n_rows * row; i++) out[i] = byte_at(index, first_row * row + i);
    source->next_row += n_rows;
    source->calls++;
    return QUILL_OK;
}

static struct weights *reopen(void) {
    struct weights *w;
    quill_error err;
    assert_ok(weights_open(&w, path, WEIGHTS_ALL, MAP_FILE, &err), err);
    return w;
}

static void values_come_back(void **state) {
    (void)state;
    struct gguf_writer *g = gguf_writer_new();
    const struct str words[] = {STR("one"), STR(""), STR("t\0o")};
    const int32_t numbers[] = {1, -2, INT32_MAX};
    assert_true(gguf_put_string(g, "general.architecture", STR("gpt2")));
    assert_true(gguf_put_u32(g, "u32", 4000000000) && gguf_put_f32(g, "f32", 1e-5f) && gguf_put_bool(g, "yes", true) &&
                gguf_put_bool(g, "no", false) && gguf_put_strings(g, "words", words, 3) &&
                gguf_put_i32s(g, "numbers", numbers, 3) && gguf_put_strings(g, "none", NULL, 0));
    quill_error err;
    assert_ok(gguf_writer_save(g, path, fill, NULL, &err), err);
    gguf_writer_free(g);
    struct weights *w = reopen();
    assert_int_equal(w->n_meta, 8);
    assert_true(str_is(get(w, "general.architecture", META_STRING)->s, "gpt2"));
    assert_true(get(w, "u32", META_INT)->i == 4000000000 && get(w, "f32", META_FLOAT)->f == (double)1e-5f);
    assert_true(get(w, "yes", META_BOOL)->b && !get(w, "no", META_BOOL)->b);
    struct meta e;
    struct meta_walk walk = {.array = &get(w, "words", META_ARRAY)->a};
    for (int i = 0; i < 3; i++) assert_true(meta_next(&walk, &e) && str_equal(e.s, words[i]));
    walk = (struct meta_walk){.array = &get(w, "numbers", META_ARRAY)->a};
    for (int i = 0; i < 3; i++) assert_true(meta_next(&walk, &e) && e.i == numbers[i]);
    assert_int_equal(get(w, "none", META_ARRAY)->a.n, 0);
    weights_close(w);
}

// Metadata of the tiny file, copied value by value, has the same bytes.
static void values_of_another_file_are_copied_as_they_are(void **state) {
    (void)state;
    struct buffer b = tiny();
    struct weights *w;
    quill_error err;
    assert_ok(weights_open_memory(&w, b.p, b.n, "tiny.gguf", WEIGHTS_TOKENIZER_ONLY, &err), err);
    struct gguf_writer *g = gguf_writer_new();
    for (size_t i = 0; i < w->n_meta; i++) assert_true(gguf_put_meta(g, &w->meta[i]));
    struct meta alignment = {.key = STR("general.alignment"), .kind = META_INT, .gguf_type = U32, .i = 4096};
    assert_true(gguf_put_meta(g, &alignment)); // that of the other file: left out
    assert_ok(gguf_writer_save(g, path, fill, NULL, &err), err);
    gguf_writer_free(g);
    struct map map;
    assert_ok(map_open(&map, path, MAP_FILE, QUILL_E_MODEL, &err), err);
    const struct meta *last = &w->meta[w->n_meta - 1];
    size_t end = (size_t)((const char *)last->a.data + last->a.bytes - b.p);
    assert_true(map.size >= end);
    assert_memory_equal(map.data + 16, b.p + 16, end - 16); // from the number of keys on
    map_close(&map);
    weights_close(w);
    buffer_free(&b);
}

static void tensors_come_back(void **state) {
    (void)state;
    static const struct {
        const char *name;
        enum dtype type;
        uint64_t shape[4];
        int n_dims;
    } wanted[] = {
        {"bias", DTYPE_F32, {3}, 1},
        {"matrix", DTYPE_F16, {5, 7}, 2},
        {"blocks", DTYPE_Q8_0, {3, 64}, 2},
        {"four", DTYPE_BF16, {2, 3, 4, 5}, 4},
        {"many rows", DTYPE_F32, {5000, 100}, 2},
        {"wide row", DTYPE_F32, {2, 1500000}, 2},
        {"empty", DTYPE_F32, {4, 0}, 2},
        {"no rows", DTYPE_F32, {0, 4}, 2},
        {"last", DTYPE_F32, {1}, 1},
    };
    enum { N = sizeof wanted / sizeof *wanted };
    uint64_t row_bytes[N];
    struct gguf_writer *g = gguf_writer_new();
    for (size_t i = 0; i < N; i++) {
        assert_true(gguf_put_tensor(g, str_of(wanted[i].name), wanted[i].type, wanted[i].shape, wanted[i].n_dims));
        assert_true(dtype_bytes(wanted[i].type, wanted[i].shape[wanted[i].n_dims - 1], &row_bytes[i]));
    }
    struct source source = {.row_bytes = row_bytes};
    quill_error err;
    assert_ok(gguf_writer_save(g, path, fill, &source, &err), err);
    assert_true(source.calls > N - 2);
    gguf_writer_free(g);
    struct weights *w = reopen();
    assert_int_equal(w->n_tensors, N);
    for (size_t i = 0; i < N; i++) {
        const struct tensor *t = weights_tensor(w, str_of(wanted[i].name));
        assert_non_null(t);
        assert_true(t->dtype == wanted[i].type && t->n_dims == wanted[i].n_dims && t->offset % 32 == 0);
        assert_memory_equal(t->shape, wanted[i].shape, (size_t)t->n_dims * 8);
        for (uint64_t k = 0; k < t->bytes; k++)
            if (t->data[k] != byte_at(i, k)) assert_int_equal(t->data[k], byte_at(i, k));
    }
    weights_close(w);
}

static void the_file_is_as_the_format_says(void **state) {
    (void)state;
    struct gguf_writer *g = gguf_writer_new();
    assert_true(gguf_put_u32(g, "k", 5) && gguf_put_tensor(g, STR("t"), DTYPE_F16, (const uint64_t[]){2, 3}, 2));
    struct source source = {.row_bytes = (const uint64_t[]){6}};
    quill_error err;
    assert_ok(gguf_writer_save(g, path, fill, &source, &err), err);
    gguf_writer_free(g);
    struct buffer b = {0};
    put_header(&b, 3, 1, 1), put_u32(&b, "k", 5), put_tensor(&b, "t", 2, 3, 2, 1, 0), pad(&b, 32);
    for (uint64_t i = 0; i < 12; i++) assert_true(buffer_add_byte(&b, (char)byte_at(0, i)));
    pad(&b, 32);
    struct map map;
    assert_ok(map_open(&map, path, MAP_FILE, QUILL_E_MODEL, &err), err);
    assert_int_equal(map.size, b.n);
    assert_memory_equal(map.data, b.p, b.n);
    map_close(&map);
    buffer_free(&b);
}

static void a_failed_save_leaves_the_old_file(void **state) {
    (void)state;
    struct gguf_writer *g = gguf_writer_new();
    assert_true(gguf_put_u32(g, "old", 1));
    quill_error err;
    assert_ok(gguf_writer_save(g, path, fill, NULL, &err), err);
    assert_true(gguf_put_tensor(g, STR("a"), DTYPE_F32, (const uint64_t[]){8}, 1));
    assert_true(gguf_put_tensor(g, STR("b"), DTYPE_F32, (const uint64_t[]){8}, 1));
    struct source source = {.row_bytes = (const uint64_t[]){32, 32}, .fail_at = 2};
    assert_int_equal(gguf_writer_save(g, path, fill, &source, &err), QUILL_E_MODEL);
    assert_string_equal(err.text, "no such tensor");
    struct weights *w = reopen();
    assert_int_equal(w->n_tensors, 0);
    weights_close(w);
    assert_int_equal(gguf_writer_save(g, "/nonexistent/out.gguf", fill, &source, &err), QUILL_E_SYSTEM);
    gguf_writer_free(g);
}

static void a_shape_that_does_not_fit_its_type_is_refused(void **state) {
    (void)state;
    static const struct {
        enum dtype type;
        uint64_t shape[5];
        int n_dims;
    } bad[] = {
        {DTYPE_Q8_0, {2, 33}, 2},
        {DTYPE_F32, {1}, 0},
        {DTYPE_F32, {1, 1, 1, 1, 1}, 5},
        {DTYPE_NONE, {1}, 1},
        {DTYPE_F32, {(uint64_t)1 << 62}, 1},
        {DTYPE_F32, {(uint64_t)1 << 40, (uint64_t)1 << 40, 1}, 3},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct gguf_writer *g = gguf_writer_new();
        quill_error err;
        assert_false(gguf_put_tensor(g, STR("t"), bad[i].type, bad[i].shape, bad[i].n_dims));
        assert_false(gguf_put_u32(g, "later", 1)); // the first failure sticks
        assert_int_equal(gguf_writer_save(g, path, fill, NULL, &err), QUILL_E_SYSTEM);
        assert_non_null(strstr(err.text, "a tensor whose shape does not fit its type"));
        gguf_writer_free(g);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_come_back),
        cmocka_unit_test(values_of_another_file_are_copied_as_they_are),
        cmocka_unit_test(tensors_come_back),
        cmocka_unit_test(the_file_is_as_the_format_says),
        cmocka_unit_test(a_failed_save_leaves_the_old_file),
        cmocka_unit_test(a_shape_that_does_not_fit_its_type_is_refused),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
