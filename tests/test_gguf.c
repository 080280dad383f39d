// SPDX-License-Identifier: MIT
// What a GGUF file gives, and the rules it has to keep.
#include "gguf_bytes.h"

// ---- what a valid file gives ----------------------------------------------------------------------------------------

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
    struct str list[2];
    assert_int_equal(meta_strings(strings.array, list), 2);
    assert_true(str_is(list[0], "one") && str_is(list[1], ""));
    struct meta_array cut = *strings.array;
    cut.bytes--;
    assert_int_equal(meta_strings(&cut, list), 1);
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
    assert_true(t && t->dtype == DTYPE_NONE && strcmp(t->type, "I64") == 0 && t->bytes == 16);
    t = weights_tensor(w, STR("future"));
    assert_true(t && t->dtype == DTYPE_NONE && !t->type && t->bytes == 0 && t->shape[0] == 7);
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
    assert_int_equal(meta_float(w, "u8", &f, &found, &err), QUILL_E_MODEL);
    assert_string_equal(err.text, "test.gguf: metadata 'u8': expected a real number, found an integer");
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

// ---- what is refused, and what is not -------------------------------------------------------------------------------

static struct buffer bytes_of(const char *p, size_t n) {
    struct buffer b = {0};
    put(&b, p, n);
    return b;
}

static void other_formats_are_recognised(void **state) {
    (void)state;
    static const struct {
        const char *bytes;
        size_t n;
        const char *words;
    } cases[] = {
        {"", 0, "an empty file"},
        {"GG", 2, "something else"},
        {"gguf\3\0\0\0", 8, "something else"},
        {"PK\3\4aaaaaaaa", 12, "a PyTorch checkpoint"},
        {"\x80\2}q\0aaaaaaa", 12, "a Python pickle"},
        {"lmgg\1\0\0\0aaaa", 12, "older than GGUF"},
        {"tjgg\3\0\0\0aaaa", 12, "older than GGUF"},
        {"\x10\0\0\0\0\0\0\0{\"a\":1}", 15, "a safetensors file; give the folder"},
        {"<!DOCTYPE html>", 15, "a web page"},
        {"version https://git-lfs", 23, "a Git LFS pointer"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct buffer b = bytes_of(cases[i].bytes, cases[i].n);
        refused(&b, cases[i].words);
    }
}

static void only_versions_2_and_3_are_read(void **state) {
    (void)state;
    struct buffer b = {0};
    for (uint32_t version = 0; version < 6; version++) {
        put_header(&b, version, 0, 0);
        if (version == 2 || version == 3) accepted_and_closed(&b);
        else refused(&b, "expected GGUF version 2 or 3, found");
    }
    put_header(&b, 0x03000000, 0, 0);
    refused(&b, "a big-endian one");
    put_header(&b, 0x01000000, 0, 0);
    refused(&b, "a big-endian one");
    put_header(&b, UINT32_MAX, 0, 0);
    refused(&b, "found 4294967295");
    put(&b, "GGUF\1\0\0\0", 8); // version 1 has shorter counts
    refused(&b, "version 2 or 3, found 1");
}

static void counts_are_believed_only_when_the_file_is_that_long(void **state) {
    (void)state;
    static const uint64_t counts[] = {1, 1 << 20, (uint64_t)1 << 32, (uint64_t)1 << 60, UINT64_MAX};
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        struct buffer b = {0};
        put_header(&b, 3, 0, counts[i]);
        refused(&b, "expected metadata within the file");
        put_header(&b, 3, counts[i], 0);
        refused(&b, "expected tensors within the file");
        put_header(&b, 3, 0, 1);
        put_key(&b, "array", ARRAY), put_array(&b, F64, counts[i]), put(&b, "1234567", 7);
        refused(&b, "'array': expected array elements within the file");
        put_header(&b, 3, 0, 1);
        put_key(&b, "array", ARRAY), put_array(&b, STRING, counts[i]), put(&b, "1234567", 7);
        refused(&b, "'array': expected array elements within the file");
        put_header(&b, 3, 0, 1);
        put_key(&b, "text", STRING), put64(&b, counts[i]);
        refused(&b, "'text': expected a string that ends within the file");
        put_header(&b, 3, 0, 1);
        put64(&b, counts[i]), put32(&b, U32), put32(&b, 0); // the key's own length
        if (counts[i] > 1) refused(&b, "metadata key 0: expected at most 65536 bytes");
        else buffer_free(&b);
    }
}

static void metadata_keys_are_named_once(void **state) {
    (void)state;
    struct buffer b = {0};
    put_header(&b, 3, 0, 3), put_u32(&b, "a", 1), put_u32(&b, "b", 1), put_u32(&b, "a", 1);
    refused(&b, "metadata 'a': expected once, found twice");
    put_header(&b, 3, 0, 2), put_u32(&b, "first", 1), put_u32(&b, "", 1), put(&b, "12345678", 8);
    refused(&b, "metadata key 1: expected a name, found none");
    put_header(&b, 3, 0, 2), put_u32(&b, "a", 1);
    put64(&b, 2), put(&b, "a\0", 2), put32(&b, U32), put32(&b, 1); // another name: bytes count, not C strings
    accepted_and_closed(&b);
    put_header(&b, 3, 0, 2), put_u32(&b, "a", 1), put_key(&b, "\x1b[31m", 77), put64(&b, 0);
    refused(&b, "metadata '\\x1b[31m': expected a value type from 0 to 12, found 77");
}

static void keys_have_up_to_64_kib(void **state) {
    (void)state;
    for (size_t n = 65536; n < 65538; n++) {
        struct buffer b = {0};
        put_header(&b, 3, 0, 1);
        put64(&b, n);
        for (size_t i = 0; i < n; i++) assert_true(buffer_add_byte(&b, 'k'));
        put32(&b, U32), put32(&b, 1);
        if (n == 65536) accepted_and_closed(&b);
        else refused(&b, "metadata key 0: expected at most 65536 bytes");
    }
}

static void names_of_tensors_have_up_to_64_kib(void **state) {
    (void)state;
    static char name[65538];
    for (size_t n = 65536; n < 65538; n++) {
        struct buffer b = {0};
        memset(name, 'n', n);
        put_header(&b, 3, 1, 0);
        put_tensor(&b, name, 1, 8, 0, 0, 0);
        put_data(&b, 32);
        if (n == 65536) accepted_and_closed(&b);
        else refused(&b, "tensor 0 (''): expected an entry within the file");
    }
}

static void arrays_nest_up_to_8_deep(void **state) {
    (void)state;
    for (int depth = 8; depth < 10; depth++) {
        struct buffer b = {0};
        put_header(&b, 3, 0, 1);
        put_key(&b, "deep", ARRAY);
        for (int i = 1; i < depth; i++) put_array(&b, ARRAY, 1);
        put_array(&b, U8, 1), put(&b, "\5", 1);
        if (depth == 9) {
            refused(&b, "'deep': expected arrays nested at most 8 deep");
            continue;
        }
        void *copy;
        struct weights *w = accepted(&b, &copy);
        struct meta m = *get(w, "deep", META_ARRAY);
        for (int i = 0; i < depth; i++) {
            struct meta inner;
            assert_true(meta_next(&(struct meta_walk){.array = &m.a}, &inner));
            m = inner;
        }
        assert_int_equal(m.i, 5);
        weights_close(w);
        free(copy);
    }
    struct buffer b = {0};
    put_header(&b, 3, 0, 1), put_key(&b, "a", ARRAY), put_array(&b, 13, 0);
    refused(&b, "'a': expected array elements of type 0 to 12");
}

static void truth_values_are_0_or_1(void **state) {
    (void)state;
    struct buffer b = {0};
    put_header(&b, 3, 0, 1), put_key(&b, "flag", BOOL), put(&b, "\2", 1);
    refused(&b, "'flag': expected a truth value of 0 or 1");
    put_header(&b, 3, 0, 1), put_key(&b, "flags", ARRAY), put_array(&b, BOOL, 3), put(&b, "\0\1\2", 3);
    refused(&b, "'flags': expected truth values of 0 or 1");
}

static void alignment_is_a_u32_power_of_two_within_bounds(void **state) {
    (void)state;
    static const uint32_t bad[] = {0, 1, 4, 7, 9, 24, 33, 131072, 0x80000000, UINT32_MAX};
    struct buffer b = {0};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        put_header(&b, 3, 0, 1), put_u32(&b, "general.alignment", bad[i]);
        refused(&b, "metadata 'general.alignment': expected a power of two from 8 to 65536, found");
    }
    put_header(&b, 3, 0, 1), put_key(&b, "general.alignment", U64), put64(&b, 32);
    refused(&b, "metadata 'general.alignment': expected type 4 (u32), found type 10");
    put_header(&b, 3, 0, 1), put_key(&b, "general.alignment", STRING), put_name(&b, "32");
    refused(&b, "found type 8");
    for (uint32_t alignment = 8; alignment <= 65536; alignment *= 2) {
        put_header(&b, 3, 2, 1), put_u32(&b, "general.alignment", alignment);
        put_tensor(&b, "a", 1, 1, 0, 0, 0), put_tensor(&b, "b", 1, 1, 0, 0, alignment);
        pad(&b, alignment);
        for (uint32_t i = 0; i < alignment + 4; i++) assert_true(buffer_add_byte(&b, (char)(i / alignment)));
        void *copy;
        struct weights *w = accepted(&b, &copy);
        assert_int_equal(weights_tensor(w, STR("b"))->data[0], 1);
        weights_close(w);
        free(copy);
    }
    put_header(&b, 3, 1, 1), put_u32(&b, "general.alignment", 64), put_tensor(&b, "a", 1, 1, 0, 0, 32), put_data(&b,
                                                                                                                 256);
    refused(&b, "tensor 'a': expected an offset aligned to 64, found 32");
}

// One tensor, then n bytes of data.
static struct buffer one(uint32_t n_dims, uint64_t inner, uint64_t outer, uint32_t type, uint64_t offset, size_t n) {
    struct buffer b = {0};
    put_header(&b, 3, 1, 0);
    put_tensor(&b, "t", n_dims, inner, outer, type, offset);
    put_data(&b, n);
    return b;
}

static void tensors_have_1_to_4_dimensions(void **state) {
    (void)state;
    static const uint32_t bad[] = {0, 5, 9, 0x80000000, UINT32_MAX};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct buffer b = one(bad[i], 1, 1, 0, 0, 64);
        refused(&b, "tensor 't': expected 1 to 4 dimensions, found");
    }
    for (uint32_t n = 1; n <= 4; n++) {
        struct buffer b = one(n, 2, 1, 0, 0, 8);
        accepted_and_closed(&b);
    }
    struct buffer b = one(2, 0, 3, 0, 0, 0); // of no values: refused where somebody needs it
    accepted_and_closed(&b);
}

static void sizes_that_overflow_are_refused(void **state) {
    (void)state;
    struct buffer b = one(2, (uint64_t)1 << 32, (uint64_t)1 << 32, 0, 0, 64);
    refused(&b, "tensor 't': expected a size that fits 64 bits");
    b = one(2, (uint64_t)1 << 32, (uint64_t)1 << 30, 0, 0, 64); // of bytes: 2^64
    refused(&b, "tensor 't': expected");
    b = one(1, UINT64_MAX, 1, 0, 0, 64);
    refused(&b, "tensor 't': expected");
    b = one(1, (uint64_t)1 << 61, 1, 0, 0, 64);
    refused(&b, "tensor 't': expected 9223372036854775808 bytes within the file");
    b = one(1, 4, 1, 0, UINT64_MAX - 31, 64);
    refused(&b, "tensor 't': expected 16 bytes within the file");
}

static void tensors_lie_within_the_file_and_aligned(void **state) {
    (void)state;
    struct buffer b = one(1, 16, 1, 0, 32, 96);
    accepted_and_closed(&b);
    b = one(1, 16, 1, 0, 32, 95);
    refused(&b, "tensor 't': expected 64 bytes within the file, found a file of");
    b = one(1, 1, 1, 0, 33, 96);
    refused(&b, "tensor 't': expected an offset aligned to 32, found 33");
    b = one(1, 1, 1, 0, 128, 96);
    refused(&b, "tensor 't'");
    b = one(2, 33, 2, 8, 0, 200); // Q8_0 rows of 33
    refused(&b, "tensor 't': expected rows of whole Q8_0 blocks, found 33 values");
    b = one(2, 128, 2, 12, 0, 200); // Q4_K is not run, but its blocks are known
    refused(&b, "tensor 't': expected rows of whole Q4_K blocks");
    b = one(2, 256, 2, 12, 0, 287);
    refused(&b, "tensor 't': expected 288 bytes within the file");
    b = one(2, 33, 2, 31, 0, 0); // a number without a meaning
    accepted_and_closed(&b);
    b = one(1, 1, 1, 31, 320, 64); // its extent is unknown, its beginning is not
    refused(&b, "tensor 't'");
    b = one(1, 16, 1, 0, 0, 64);
    put(&b, "more", 4); // after the last tensor
    accepted_and_closed(&b);
}

static void tensors_do_not_overlap(void **state) {
    (void)state;
    struct buffer b = {0};
    put_header(&b, 3, 2, 0), put_tensor(&b, "a", 1, 9, 0, 0, 0), put_tensor(&b, "b", 1, 8, 0, 0, 32), put_data(&b, 64);
    refused(&b, "tensor 'b': expected data of its own, found an overlap with tensor 'a'");
    put_header(&b, 3, 2, 0), put_tensor(&b, "b", 1, 8, 0, 0, 32), put_tensor(&b, "a", 1, 9, 0, 0, 0), put_data(&b, 64);
    refused(&b, "overlap");
    put_header(&b, 3, 2, 0), put_tensor(&b, "a", 1, 8, 0, 0, 0), put_tensor(&b, "b", 1, 8, 0, 0, 0), put_data(&b, 64);
    refused(&b, "overlap");
    put_header(&b, 3, 2, 0), put_tensor(&b, "a", 1, 16, 0, 0, 0), put_tensor(&b, "b", 1, 8, 0, 77, 32), put_data(&b,
                                                                                                                 64);
    refused(&b, "overlap");
    put_header(&b, 3, 3, 0); // any order, holes between
    put_tensor(&b, "c", 1, 8, 0, 0, 128), put_tensor(&b, "a", 1, 8, 0, 0, 0), put_tensor(&b, "b", 1, 8, 0, 0, 32);
    put_data(&b, 160);
    void *copy;
    struct weights *w = accepted(&b, &copy);
    assert_true(str_is(w->tensors[0].name, "a") && str_is(w->tensors[2].name, "c"));
    assert_int_equal(weights_tensor(w, STR("c"))->data[0], 128);
    weights_close(w);
    free(copy);
}

// Numbers, values of a block and its bytes, as the structs of ggml-common.h add up.
static const struct {
    const char *name;
    uint32_t number, values, bytes;
} stored_types[] = {
    {"F32", 0, 1, 4},
    {"F16", 1, 1, 2},
    {"Q4_0", 2, 32, 2 + 16},                 // d, quants
    {"Q4_1", 3, 32, 2 + 2 + 16},             // d, m, quants
    {"Q5_0", 6, 32, 2 + 4 + 16},             // d, high bits, quants
    {"Q5_1", 7, 32, 2 + 2 + 4 + 16},
    {"Q8_0", 8, 32, 2 + 32},
    {"Q8_1", 9, 32, 2 + 2 + 32},
    {"Q2_K", 10, 256, 16 + 64 + 2 + 2},      // scales and minima, quants, d, dmin
    {"Q3_K", 11, 256, 32 + 64 + 12 + 2},     // high bits, quants, scales, d
    {"Q4_K", 12, 256, 2 + 2 + 12 + 128},
    {"Q5_K", 13, 256, 2 + 2 + 12 + 32 + 128},
    {"Q6_K", 14, 256, 128 + 64 + 16 + 2},    // low bits, high bits, scales, d
    {"Q8_K", 15, 256, 4 + 256 + 32},         // d as a float, quants, sums
    {"IQ2_XXS", 16, 256, 2 + 64},
    {"IQ2_XS", 17, 256, 2 + 64 + 8},
    {"IQ3_XXS", 18, 256, 2 + 96},
    {"IQ1_S", 19, 256, 2 + 32 + 16},
    {"IQ4_NL", 20, 32, 2 + 16},
    {"IQ3_S", 21, 256, 2 + 64 + 8 + 32 + 4},
    {"IQ2_S", 22, 256, 2 + 64 + 8 + 8},
    {"IQ4_XS", 23, 256, 2 + 2 + 4 + 128},    // d, high and low bits of scales, quants
    {"I8", 24, 1, 1},
    {"I16", 25, 1, 2},
    {"I32", 26, 1, 4},
    {"I64", 27, 1, 8},
    {"F64", 28, 1, 8},
    {"IQ1_M", 29, 256, 32 + 16 + 8},
    {"BF16", 30, 1, 2},
    {"TQ1_0", 34, 256, 2 + 4 + 48},
    {"TQ2_0", 35, 256, 2 + 64},
    {"MXFP4", 39, 32, 1 + 16},               // exponent, quants
    {"NVFP4", 40, 64, 4 + 32},
    {"Q1_0", 41, 128, 2 + 16},
};
enum { N_STORED = sizeof stored_types / sizeof *stored_types };

// Tensors of 3 rows of 2 blocks, each right behind the other: one that is thought too long overlaps the next.
static void tensors_of_every_type_have_their_extent(void **state) {
    (void)state;
    struct buffer b = {0};
    uint64_t at = 0;
    put_header(&b, 3, N_STORED, 1);
    put_u32(&b, "general.alignment", 8);
    for (size_t i = 0; i < N_STORED; i++) {
        put_tensor(&b, stored_types[i].name, 2, 2 * stored_types[i].values, 3, stored_types[i].number, at);
        at += (6 * stored_types[i].bytes + 7) / 8 * 8;
    }
    pad(&b, 8);
    put_data(&b, at);
    void *copy;
    struct weights *w = accepted(&b, &copy);
    for (size_t i = 0; i < N_STORED; i++) {
        const struct tensor *t = weights_tensor(w, str_of(stored_types[i].name));
        assert_non_null(t);
        if (t->bytes != 6 * stored_types[i].bytes) print_error("%s: %d bytes\n", stored_types[i].name, (int)t->bytes);
        assert_int_equal(t->bytes, 6 * stored_types[i].bytes);
        assert_int_equal(t->dtype, dtype_from_name(str_of(stored_types[i].name)));
        assert_string_equal(dtype_gguf_name(stored_types[i].number), stored_types[i].name);
        struct buffer half = {0}; // a row that is no whole number of blocks
        put_header(&half, 3, 1, 0);
        put_tensor(&half, "t", 2, stored_types[i].values / 2, 2, stored_types[i].number, 0);
        put_data(&half, 1000);
        char words[64];
        snprintf(words, sizeof words, "tensor 't': expected rows of whole %s blocks", stored_types[i].name);
        if (stored_types[i].values > 1) refused(&half, words);
        else buffer_free(&half);
    }
    weights_close(w);
    free(copy);
}

static void tensor_names_are_used_once(void **state) {
    (void)state;
    struct buffer b = {0};
    put_header(&b, 3, 2, 0), put_tensor(&b, "a", 1, 8, 0, 0, 0), put_tensor(&b, "a", 1, 8, 0, 0, 32), put_data(&b, 64);
    refused(&b, "tensor 'a': expected once, found twice");
}

static void a_tokenizer_alone_needs_no_tensors(void **state) {
    (void)state;
    struct buffer b = {0};
    put_header(&b, 3, 12345, 1), put_u32(&b, "a", 1), put(&b, "no tensor table", 15);
    struct weights *w;
    quill_error err;
    assert_ok(weights_open_memory(&w, b.p, b.n, "test.gguf", WEIGHTS_TOKENIZER_ONLY, &err), err);
    assert_true(w->n_tensors == 0 && weights_meta(w, STR("a")) && !weights_tensor(w, STR("a")));
    weights_close(w);
    refused(&b, "tensor");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_metadata_type_is_read),
        cmocka_unit_test(arrays_are_walked_in_order),
        cmocka_unit_test(tensors_are_views_outermost_first),
        cmocka_unit_test(typed_look_ups_check_type_and_range),
        cmocka_unit_test(other_formats_are_recognised),
        cmocka_unit_test(only_versions_2_and_3_are_read),
        cmocka_unit_test(counts_are_believed_only_when_the_file_is_that_long),
        cmocka_unit_test(metadata_keys_are_named_once),
        cmocka_unit_test(keys_have_up_to_64_kib),
        cmocka_unit_test(names_of_tensors_have_up_to_64_kib),
        cmocka_unit_test(arrays_nest_up_to_8_deep),
        cmocka_unit_test(truth_values_are_0_or_1),
        cmocka_unit_test(alignment_is_a_u32_power_of_two_within_bounds),
        cmocka_unit_test(tensors_have_1_to_4_dimensions),
        cmocka_unit_test(sizes_that_overflow_are_refused),
        cmocka_unit_test(tensors_lie_within_the_file_and_aligned),
        cmocka_unit_test(tensors_do_not_overlap),
        cmocka_unit_test(tensors_of_every_type_have_their_extent),
        cmocka_unit_test(tensor_names_are_used_once),
        cmocka_unit_test(a_tokenizer_alone_needs_no_tensors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
