// SPDX-License-Identifier: MIT
// Tokenizers from files, and the ids that others give for their texts.
#ifndef QUILL_TESTS_TOKENIZER_CASES_H
#define QUILL_TESTS_TOKENIZER_CASES_H

#include "test.h"

#include "base/buffer.h"
#include "base/map.h"
#include "quill/tokenizer.h"

static quill_error cases_err;

static inline quill_tokenizer *open_tokenizer(const char *path) {
    quill_tokenizer *t;
    assert_ok(quill_tokenizer_open(&t, path, &cases_err), cases_err);
    return t;
}

static inline void encode(const quill_tokenizer *t, quill_ids *ids, const void *text, size_t n, quill_special special) {
    ids->n = 0;
    assert_ok(quill_encode(t, ids, text, n, special, &cases_err), cases_err);
}

// Appends what the ids stand for, as one text.
static inline void decode(const quill_tokenizer *t, struct buffer *out, const quill_ids *ids, quill_special special) {
    quill_decoder decoder;
    size_t length;
    quill_decoder_begin(&decoder, t, special);
    for (size_t i = 0; i < ids->n; i++) {
        const char *bytes = quill_decoder_take(&decoder, ids->ids[i], &length);
        assert_true(buffer_add(out, bytes, length));
    }
    const char *bytes = quill_decoder_end(&decoder, &length);
    assert_true(buffer_add(out, bytes, length));
}

// What SentencePiece makes of a text: U+2581 is a space.
static inline void add_without_marks(struct buffer *out, struct str text) {
    for (size_t i = 0; i < text.n; i++) {
        const bool mark = text.n - i >= 3 && memcmp(text.p + i, "\xe2\x96\x81", 3) == 0;
        assert_true(buffer_add_byte(out, mark ? ' ' : text.p[i]));
        if (mark) i += 2;
    }
}

// decode(encode(text)) is text.
static inline void round_trip(const quill_tokenizer *t, const void *text, size_t n) {
    quill_ids ids = {0};
    struct buffer back = {0}, plain = {0};
    quill_tokenizer_info info;
    quill_tokenizer_describe(t, &info);
    encode(t, &ids, text, n, QUILL_SPECIAL_AS_TEXT);
    decode(t, &back, &ids, QUILL_SPECIAL_AS_TEXT);
    if (info.lossless) assert_true(buffer_add(&plain, text, n));
    else add_without_marks(&plain, (struct str){text, n});
    assert_int_equal(back.n, plain.n);
    if (n) assert_memory_equal(back.p, plain.p, plain.n);
    buffer_free(&back);
    buffer_free(&plain);
    quill_ids_free(&ids);
}

// ---- expected ids ---------------------------------------------------------------------------------------------------

static inline struct str next_line(struct str *rest) {
    const char *newline = memchr(rest->p, '\n', rest->n);
    struct str line = {rest->p, newline ? (size_t)(newline - rest->p) : rest->n};
    size_t step = line.n + (newline != NULL);
    *rest = (struct str){rest->p + step, rest->n - step};
    return line;
}

static inline void read_hex(struct str line, struct buffer *out) {
    out->n = 0;
    for (size_t i = 0; i + 1 < line.n; i += 2) {
        char pair[3] = {line.p[i], line.p[i + 1], '\0'};
        assert_true(buffer_add_byte(out, (char)strtol(pair, NULL, 16)));
    }
}

static inline void read_ids(struct str line, quill_ids *out) {
    char *copy = strndup(line.p, line.n), *at = copy, *end;
    out->n = 0;
    for (long id; (id = strtol(at, &end, 10)), end != at; at = end) {
        if (out->n == out->cap) out->ids = realloc(out->ids, (out->cap = 2 * out->cap + 16) * sizeof *out->ids);
        out->ids[out->n++] = (int32_t)id;
    }
    free(copy);
}

static inline void assert_ids(const quill_ids *found, const quill_ids *expected, struct str text) {
    bool same = found->n == expected->n;
    for (size_t i = 0; same && i < found->n; i++) same = found->ids[i] == expected->ids[i];
    if (!same) {
        print_error("'%.*s':", (int)text.n, text.p);
        for (size_t i = 0; i < found->n; i++) print_error(" %d", found->ids[i]);
        print_error("\nexpected");
        for (size_t i = 0; i < expected->n; i++) print_error(" %d", expected->ids[i]);
        print_error("\n");
    }
    assert_true(same);
}

// A file of cases: a line with a text in hexadecimal, a line with its ids, and so on. Returns their number. `back`:
// texts come back from their ids.
static inline size_t check_texts(const quill_tokenizer *t, const char *path, quill_special special, bool back) {
    struct map file;
    struct buffer text = {0};
    quill_ids expected = {0}, found = {0};
    size_t cases = 0;
    assert_ok(map_open(&file, path, MAP_FILE, QUILL_E_SYSTEM, &cases_err), cases_err);
    for (struct str rest = {(const char *)file.data, file.size}; rest.n; cases++) {
        read_hex(next_line(&rest), &text);
        read_ids(next_line(&rest), &expected);
        encode(t, &found, text.p, text.n, special);
        assert_ids(&found, &expected, buffer_str(&text));
        if (back && special == QUILL_SPECIAL_AS_TEXT) round_trip(t, text.p, text.n);
    }
    buffer_free(&text);
    quill_ids_free(&expected);
    quill_ids_free(&found);
    map_close(&file);
    return cases;
}

static inline size_t check_cases(const quill_tokenizer *t, const char *path, quill_special special) {
    return check_texts(t, path, special, true);
}

static inline size_t check_ids(const quill_tokenizer *t, const char *path, quill_special special) {
    return check_texts(t, path, special, false);
}

static inline struct map map_shared(const char *name, const char *suffix) {
    struct map file;
    char path[600];
    snprintf(path, sizeof path, "%s/tokenizers/ggml-vocab-%s.gguf%s", shared_data(), name, suffix);
    assert_ok(map_open(&file, path, MAP_FILE, QUILL_E_SYSTEM, &cases_err), cases_err);
    return file;
}

// Texts of NAME.gguf.inp are divided by a line of their own; NAME.gguf.out has a line of ids for each.
static inline void check_shared(const char *name) {
    static const char divider[] = "\n__ggml_vocab_test__\n";
    char path[600];
    quill_ids expected = {0}, found = {0};
    struct map texts = map_shared(name, ".inp"), ids = map_shared(name, ".out");
    snprintf(path, sizeof path, "%s/tokenizers/ggml-vocab-%s.gguf", shared_data(), name);
    quill_tokenizer *t = open_tokenizer(path);
    struct str rest = {(const char *)texts.data, texts.size}, lines = {(const char *)ids.data, ids.size};
    size_t cases = 0;
    for (bool more = true; more; cases++) {
        const char *end = memmem(rest.p, rest.n, divider, sizeof divider - 1);
        struct str text = {rest.p, end ? (size_t)(end - rest.p) : rest.n};
        more = end != NULL;
        if (more) rest = (struct str){end + sizeof divider - 1, rest.n - text.n - (sizeof divider - 1)};
        read_ids(next_line(&lines), &expected);
        encode(t, &found, text.p, text.n, QUILL_SPECIAL_AS_TEXT);
        assert_ids(&found, &expected, text);
        round_trip(t, text.p, text.n);
    }
    assert_true(cases > 40);
    assert_int_equal(lines.n, 0);
    quill_tokenizer_free(t);
    map_close(&texts);
    map_close(&ids);
    quill_ids_free(&expected);
    quill_ids_free(&found);
}

#endif
