// SPDX-License-Identifier: MIT
// GGUF files made byte by byte for tests.
#ifndef QUILL_TESTS_GGUF_BYTES_H
#define QUILL_TESTS_GGUF_BYTES_H

#include "test.h"

#include "base/buffer.h"
#include "base/bytes.h"
#include "formats/weights.h"

enum { U8, I8, U16, I16, U32, I32, F32, BOOL, STRING, ARRAY, U64, I64, F64 };

static inline void put(struct buffer *b, const void *bytes, size_t n) { assert_true(buffer_add(b, bytes, n)); }
static inline void put32(struct buffer *b, uint32_t v) { put(b, &v, 4); }
static inline void put64(struct buffer *b, uint64_t v) { put(b, &v, 8); }

static inline void put_name(struct buffer *b, const char *name) {
    put64(b, strlen(name));
    put(b, name, strlen(name));
}

static inline void put_header(struct buffer *b, uint32_t version, uint64_t n_tensors, uint64_t n_meta) {
    put(b, "GGUF", 4);
    put32(b, version);
    put64(b, n_tensors);
    put64(b, n_meta);
}

static inline void put_key(struct buffer *b, const char *key, uint32_t type) {
    put_name(b, key);
    put32(b, type);
}

static inline void put_u32(struct buffer *b, const char *key, uint32_t value) {
    put_key(b, key, U32);
    put32(b, value);
}

static inline void put_array(struct buffer *b, uint32_t type, uint64_t n) {
    put32(b, type);
    put64(b, n);
}

static inline void put_tensor(struct buffer *b, const char *name, uint32_t n_dims, uint64_t inner, uint64_t outer,
                              uint32_t type,
                       uint64_t offset) {
    put_name(b, name);
    put32(b, n_dims);
    for (uint32_t i = 0; i < n_dims && i < 9; i++) put64(b, i == 0 ? inner : i == 1 ? outer : 1);
    put32(b, type);
    put64(b, offset);
}

static inline void pad(struct buffer *b, size_t alignment) {
    while (b->n % alignment) assert_true(buffer_add_byte(b, 0));
}

static inline void put_data(struct buffer *b, size_t n) {
    pad(b, 32);
    for (size_t i = 0; i < n; i++) assert_true(buffer_add_byte(b, (char)i));
}

// Opens a copy that ends where its allocation ends, so that the sanitizer sees a read past it.
static inline quill_status open_bytes(struct weights **w, void **copy, const char *p, size_t n, quill_error *err) {
    *copy = malloc(n ? n : 1);
    assert_non_null(*copy);
    if (n) memcpy(*copy, p, n);
    return weights_open_memory(w, *copy, n, "test.gguf", WEIGHTS_ALL, err);
}

static inline void refused(struct buffer *b, const char *words) {
    struct weights *w;
    void *copy;
    quill_error err = {0};
    quill_status s = open_bytes(&w, &copy, b->p, b->n, &err);
    if (s != QUILL_E_MODEL || !strstr(err.text, words) || !strstr(err.text, "test.gguf: ") ||
        !strstr(err.text, "expected")) print_error("wanted '%s', got status %d, '%s'\n", words, (int)s, err.text);
    assert_true(s == QUILL_E_MODEL && strstr(err.text, words) && strstr(err.text, "test.gguf: ") &&
                strstr(err.text, "expected"));
    assert_null(w);
    free(copy);
    buffer_free(b);
}

static inline struct weights *accepted(struct buffer *b, void **copy) {
    struct weights *w;
    quill_error err = {0};
    assert_ok(open_bytes(&w, copy, b->p, b->n, &err), err);
    buffer_free(b);
    return w;
}

static inline void accepted_and_closed(struct buffer *b) {
    void *copy;
    weights_close(accepted(b, &copy));
    free(copy);
}

// A file with every metadata type and four tensors; 16 keys.
static inline struct buffer tiny(void) {
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

static inline const struct meta *get(const struct weights *w, const char *key, enum meta_kind kind) {
    const struct meta *m = weights_meta(w, str_of(key));
    assert_non_null(m);
    assert_int_equal(m->kind, kind);
    return m;
}

#endif
