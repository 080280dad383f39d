// SPDX-License-Identifier: MIT
// GGUF files made byte by byte, and what the reader says to them.
#include "test.h"

#include <dirent.h>
#include <time.h>

#include "base/buffer.h"
#include "base/bytes.h"
#include "formats/weights.h"

// ---- a builder ---------------------------------------------------------------------------------------------------------

enum { U8, I8, U16, I16, U32, I32, F32, BOOL, STRING, ARRAY, U64, I64, F64 };

static void put(struct buffer *b, const void *bytes, size_t n) { assert_true(buffer_add(b, bytes, n)); }
static void put32(struct buffer *b, uint32_t v) { put(b, &v, 4); }
static void put64(struct buffer *b, uint64_t v) { put(b, &v, 8); }

static void put_name(struct buffer *b, const char *name) {
    put64(b, strlen(name));
    put(b, name, strlen(name));
}

static void put_header(struct buffer *b, uint32_t version, uint64_t n_tensors, uint64_t n_meta) {
    put(b, "GGUF", 4);
    put32(b, version);
    put64(b, n_tensors);
    put64(b, n_meta);
}

static void put_key(struct buffer *b, const char *key, uint32_t type) {
    put_name(b, key);
    put32(b, type);
}

static void put_u32(struct buffer *b, const char *key, uint32_t value) {
    put_key(b, key, U32);
    put32(b, value);
}

static void put_array(struct buffer *b, uint32_t type, uint64_t n) {
    put32(b, type);
    put64(b, n);
}

static void put_tensor(struct buffer *b, const char *name, uint32_t n_dims, uint64_t inner, uint64_t outer, uint32_t type,
                       uint64_t offset) {
    put_name(b, name);
    put32(b, n_dims);
    for (uint32_t i = 0; i < n_dims && i < 9; i++) put64(b, i == 0 ? inner : i == 1 ? outer : 1);
    put32(b, type);
    put64(b, offset);
}

static void pad(struct buffer *b, size_t alignment) {
    while (b->n % alignment) assert_true(buffer_add_byte(b, 0));
}

static void put_data(struct buffer *b, size_t n) {
    pad(b, 32);
    for (size_t i = 0; i < n; i++) assert_true(buffer_add_byte(b, (char)i));
}

// Opens a copy that ends where its allocation ends, so that the sanitizer sees a read past it.
static quill_status open_bytes(struct weights **w, void **copy, const char *p, size_t n, quill_error *err) {
    *copy = malloc(n ? n : 1);
    assert_non_null(*copy);
    if (n) memcpy(*copy, p, n);
    return weights_open_memory(w, *copy, n, "test.gguf", WEIGHTS_ALL, err);
}

__attribute__((unused)) static void refused(struct buffer *b, const char *words) {
    struct weights *w;
    void *copy;
    quill_error err = {0};
    quill_status s = open_bytes(&w, &copy, b->p, b->n, &err);
    if (s != QUILL_E_MODEL || !strstr(err.text, words) || !strstr(err.text, "test.gguf: ") || !strstr(err.text, "expected"))
        print_error("wanted '%s', got status %d, '%s'\n", words, (int)s, err.text);
    assert_true(s == QUILL_E_MODEL && strstr(err.text, words) && strstr(err.text, "test.gguf: ") &&
                strstr(err.text, "expected"));
    assert_null(w);
    free(copy);
    buffer_free(b);
}

static struct weights *accepted(struct buffer *b, void **copy) {
    struct weights *w;
    quill_error err = {0};
    assert_ok(open_bytes(&w, copy, b->p, b->n, &err), err);
    buffer_free(b);
    return w;
}

__attribute__((unused)) static void accepted_and_closed(struct buffer *b) {
    void *copy;
    weights_close(accepted(b, &copy));
    free(copy);
}

// ---- what a valid file gives -------------------------------------------------------------------------------------------

// A file with every metadata type and four tensors; 16 keys.
static struct buffer tiny(void) {
    struct buffer b = {0};
    put_header(&b, 3, 4, 16);
    put_key(&b, "u8", U8), put(&b, "\xff", 1);
    put_key(&b, "i8", I8), put(&b, "\xff", 1);
    put_key(&b, "u16", U16), put(&b, "\xfe\xff", 2);
    put_key(&b, "i16", I16), put(&b, "\xfe\xff", 2);
    put_u32(&b, "u32", 0xfffffffd);
    put_key(&b, "i32", I32), put32(&b, 0xfffffffd);
    put_key(&b, "f32", F32), put32(&b, 0x3fc00000);
    put_key(&b, "bool", BOOL), put(&b, "\1", 1);
    put_key(&b, "string", STRING), put64(&b, 3), put(&b, "a\0\xff", 3);
    put_key(&b, "u64", U64), put64(&b, UINT64_MAX);
    put_key(&b, "i64", I64), put64(&b, UINT64_MAX);
    put_key(&b, "f64", F64), put64(&b, 0x3fd0000000000000);
    put_key(&b, "ints", ARRAY), put_array(&b, I32, 3), put32(&b, 1), put32(&b, 0xffffffff), put32(&b, 3);
    put_key(&b, "strings", ARRAY), put_array(&b, STRING, 2), put_name(&b, "one"), put_name(&b, "");
    put_key(&b, "nested", ARRAY), put_array(&b, ARRAY, 2);
    put_array(&b, BOOL, 2), put(&b, "\1\0", 2), put_array(&b, STRING, 1), put_name(&b, "x");
    put_key(&b, "empty", ARRAY), put_array(&b, STRING, 0);
    put_tensor(&b, "matrix", 2, 3, 2, 0, 0);  // F32, 24 bytes
    put_tensor(&b, "blocks", 2, 32, 2, 8, 32); // Q8_0, 68 bytes
    put_tensor(&b, "whole", 1, 2, 0, 27, 128); // I64: not a weight type
    put_tensor(&b, "future", 1, 7, 0, 99, 160);
    put_data(&b, 160 + 8);
    return b;
}

static const struct meta *get(const struct weights *w, const char *key, enum meta_kind kind) {
    const struct meta *m = weights_meta(w, str_of(key));
    assert_non_null(m);
    assert_int_equal(m->kind, kind);
    return m;
}

static void every_metadata_type_is_read(void **state) {
    (void)state;
    struct buffer b = tiny();
    void *copy;
    struct weights *w = accepted(&b, &copy);
    assert_int_equal(w->n_meta, 16);
    assert_int_equal(get(w, "u8", META_INT)->i, 255);
    assert_int_equal(get(w, "i8", META_INT)->i, -1);
    assert_int_equal(get(w, "u16", META_INT)->i, 65534);
    assert_int_equal(get(w, "i16", META_INT)->i, -2);
    assert_int_equal(get(w, "u32", META_INT)->i, 4294967293);
    assert_int_equal(get(w, "i32", META_INT)->i, -3);
    assert_true(get(w, "f32", META_FLOAT)->f == 1.5);
    assert_true(get(w, "bool", META_BOOL)->b);
    assert_true(str_equal(get(w, "string", META_STRING)->s, STR("a\0\xff")));
    assert_true(get(w, "u64", META_INT)->is_unsigned && get(w, "u64", META_INT)->i == -1);
    assert_true(!get(w, "i64", META_INT)->is_unsigned && get(w, "i64", META_INT)->i == -1);
    assert_true(get(w, "f64", META_FLOAT)->f == 0.25);
    assert_null(weights_meta(w, STR("u3")));
    weights_close(w);
    free(copy);
}

static void arrays_are_walked_in_order(void **state) {
    (void)state;
    struct buffer b = tiny();
    void *copy;
    struct weights *w = accepted(&b, &copy);
    struct meta e;
    struct meta_walk ints = {.array = &get(w, "ints", META_ARRAY)->a};
    assert_true(ints.array->kind == META_INT && ints.array->n == 3);
    static const int64_t want[] = {1, -1, 3};
    for (int i = 0; i < 3; i++) assert_true(meta_next(&ints, &e) && e.kind == META_INT && e.i == want[i]);
    assert_false(meta_next(&ints, &e));
    struct meta_walk strings = {.array = &get(w, "strings", META_ARRAY)->a};
    assert_int_equal(strings.array->kind, META_STRING);
    assert_true(meta_next(&strings, &e) && str_is(e.s, "one"));
    assert_true(meta_next(&strings, &e) && str_is(e.s, ""));
    assert_false(meta_next(&strings, &e));
    struct meta_walk outer = {.array = &get(w, "nested", META_ARRAY)->a};
    assert_int_equal(outer.array->kind, META_NULL);
    assert_true(meta_next(&outer, &e) && e.kind == META_ARRAY && e.a.kind == META_BOOL && e.a.n == 2);
    struct meta first = e, inner;
    struct meta_walk bools = {.array = &first.a};
    assert_true(meta_next(&bools, &inner) && inner.b && meta_next(&bools, &inner) && !inner.b);
    assert_true(meta_next(&outer, &e) && e.a.kind == META_STRING && e.a.n == 1);
    assert_false(meta_next(&outer, &e));
    assert_true(get(w, "empty", META_ARRAY)->a.kind == META_NULL && get(w, "empty", META_ARRAY)->a.n == 0);
    weights_close(w);
    free(copy);
}

static void tensors_are_views_outermost_first(void **state) {
    (void)state;
    struct buffer b = tiny();
    size_t size = b.n;
    void *copy;
    struct weights *w = accepted(&b, &copy);
    assert_int_equal(w->n_tensors, 4);
    const struct tensor *t = weights_tensor(w, STR("matrix"));
    assert_true(t && t->dtype == DTYPE_F32 && t->n_dims == 2 && t->shape[0] == 2 && t->shape[1] == 3 && t->bytes == 24);
    assert_true(t->data[1] == 1 && t->data == (const uint8_t *)copy + t->offset && t->offset % 32 == 0);
    t = weights_tensor(w, STR("blocks"));
    assert_true(t && t->dtype == DTYPE_Q8_0 && t->bytes == 68 && t->data[0] == 32);
    t = weights_tensor(w, STR("whole"));
    assert_true(t && t->dtype == DTYPE_NONE && t->type_number == 27 && t->bytes == 16);
    t = weights_tensor(w, STR("future"));
    assert_true(t && t->dtype == DTYPE_NONE && t->type_number == 99 && t->bytes == 0 && t->shape[0] == 7);
    assert_null(weights_tensor(w, STR("matri")));
    assert_int_equal(w->file_bytes, size);
    weights_close(w);
    free(copy);
}

static void typed_look_ups_check_type_and_range(void **state) {
    (void)state;
    struct buffer b = tiny();
    void *copy;
    struct weights *w = accepted(&b, &copy);
    quill_error err;
    int64_t i = 7;
    double f = 7;
    bool found, flag = false;
    struct str s;
    assert_ok(meta_int(w, "i32", -3, 0, &i, &found, &err), err);
    assert_true(found && i == -3);
    assert_ok(meta_int(w, "absent", 0, 1, &i, &found, &err), err);
    assert_true(!found && i == -3);
    assert_int_equal(meta_int(w, "i32", -2, 0, &i, &found, &err), QUILL_E_MODEL);
    assert_string_equal(err.text, "test.gguf: metadata 'i32': expected -2 to 0, found -3");
    assert_int_equal(meta_int(w, "u64", -2, INT64_MAX, &i, &found, &err), QUILL_E_MODEL);
    assert_non_null(strstr(err.text, "18446744073709551615"));
    assert_int_equal(meta_int(w, "string", 0, 1, &i, &found, &err), QUILL_E_MODEL);
    assert_string_equal(err.text, "test.gguf: metadata 'string': expected an integer, found a string");
    assert_ok(meta_float(w, "f64", &f, &found, &err), err);
    assert_true(f == 0.25);
    assert_ok(meta_float(w, "u8", &f, &found, &err), err);
    assert_true(f == 255);
    assert_int_equal(meta_float(w, "bool", &f, &found, &err), QUILL_E_MODEL);
    assert_ok(meta_bool(w, "bool", &flag, &found, &err), err);
    assert_true(flag);
    assert_int_equal(meta_bool(w, "u8", &flag, &found, &err), QUILL_E_MODEL);
    assert_ok(meta_string(w, "string", &s, &found, &err), err);
    assert_int_equal(s.n, 3);
    assert_int_equal(meta_string(w, "ints", &s, &found, &err), QUILL_E_MODEL);
    weights_close(w);
    free(copy);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_metadata_type_is_read),
        cmocka_unit_test(arrays_are_walked_in_order),
        cmocka_unit_test(tensors_are_views_outermost_first),
        cmocka_unit_test(typed_look_ups_check_type_and_range),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
