// SPDX-License-Identifier: MIT
// Expected ids are Hugging Face tokenizers' (tests/data/README.md) and those that come with llama.cpp's vocabularies.
#include "test.h"

#include "base/buffer.h"
#include "base/clock.h"
#include "base/map.h"
#include "quill/tokenizer.h"
#include "tokenizer/tokenizer.h"

static quill_error err;

static quill_tokenizer *open_tokenizer(const char *path) {
    quill_tokenizer *t;
    assert_ok(quill_tokenizer_open(&t, path, &err), err);
    return t;
}

static void encode(const quill_tokenizer *t, quill_ids *ids, const void *text, size_t n, quill_special special) {
    ids->n = 0;
    assert_ok(quill_encode(t, ids, text, n, special, &err), err);
}

static void decode(const quill_tokenizer *t, const quill_ids *ids, struct buffer *out) {
    out->n = 0;
    for (size_t i = 0; i < ids->n; i++) {
        size_t n;
        const char *bytes = quill_token_bytes(t, ids->ids[i], QUILL_SPECIAL_AS_TEXT, &n);
        assert_true(buffer_add(out, bytes, n));
    }
}

// decode(encode(text)) is text.
static void round_trip(const quill_tokenizer *t, const void *text, size_t n) {
    quill_ids ids = {0};
    struct buffer back = {0};
    encode(t, &ids, text, n, QUILL_SPECIAL_AS_TEXT);
    decode(t, &ids, &back);
    assert_int_equal(back.n, n);
    if (n) assert_memory_equal(back.p, text, n);
    buffer_free(&back);
    quill_ids_free(&ids);
}

// ---- expected ids ---------------------------------------------------------------------------------------------------

static struct str next_line(struct str *rest) {
    const char *newline = memchr(rest->p, '\n', rest->n);
    struct str line = {rest->p, newline ? (size_t)(newline - rest->p) : rest->n};
    size_t step = line.n + (newline != NULL);
    *rest = (struct str){rest->p + step, rest->n - step};
    return line;
}

static void read_hex(struct str line, struct buffer *out) {
    out->n = 0;
    for (size_t i = 0; i + 1 < line.n; i += 2) {
        char pair[3] = {line.p[i], line.p[i + 1], '\0'};
        assert_true(buffer_add_byte(out, (char)strtol(pair, NULL, 16)));
    }
}

static void read_ids(struct str line, quill_ids *out) {
    char *copy = strndup(line.p, line.n), *at = copy, *end;
    out->n = 0;
    for (long id; (id = strtol(at, &end, 10)), end != at; at = end) {
        if (out->n == out->cap) out->ids = realloc(out->ids, (out->cap = 2 * out->cap + 16) * sizeof *out->ids);
        out->ids[out->n++] = (int32_t)id;
    }
    free(copy);
}

static void assert_ids(const quill_ids *found, const quill_ids *expected, struct str text) {
    bool same =
        found->n == expected->n && (found->n == 0 || !memcmp(found->ids, expected->ids, found->n * sizeof(int32_t)));
    if (!same) {
        print_error("'%.*s':", (int)text.n, text.p);
        for (size_t i = 0; i < found->n; i++) print_error(" %d", found->ids[i]);
        print_error("\nexpected");
        for (size_t i = 0; i < expected->n; i++) print_error(" %d", expected->ids[i]);
        print_error("\n");
    }
    assert_true(same);
}

// A file of cases: a line with a text in hexadecimal, a line with its ids, and so on.
static size_t check_cases(const quill_tokenizer *t, const char *path, quill_special special) {
    struct map file;
    struct buffer text = {0};
    quill_ids expected = {0}, found = {0};
    size_t cases = 0;
    assert_ok(map_open(&file, path, MAP_FILE, QUILL_E_SYSTEM, &err), err);
    for (struct str rest = {(const char *)file.data, file.size}; rest.n; cases++) {
        read_hex(next_line(&rest), &text);
        read_ids(next_line(&rest), &expected);
        encode(t, &found, text.p, text.n, special);
        assert_ids(&found, &expected, buffer_str(&text));
        if (special == QUILL_SPECIAL_AS_TEXT) round_trip(t, text.p, text.n);
    }
    buffer_free(&text);
    quill_ids_free(&expected);
    quill_ids_free(&found);
    map_close(&file);
    return cases;
}

static void ids_are_those_of_hugging_face_tokenizers(void **state) {
    (void)state;
    static const char *const folders[] = {TEST_DATA("tokenizer/small"), TEST_DATA("tokenizer/large"),
                                          TEST_DATA("tokenizer/added")};
    for (size_t i = 0; i < 3; i++) {
        char path[200];
        quill_tokenizer *t = open_tokenizer(folders[i]);
        snprintf(path, sizeof path, "%s/cases.txt", folders[i]);
        assert_true(check_cases(t, path, QUILL_SPECIAL_AS_TEXT) > 100);
        quill_tokenizer_free(t);
    }
}

static void special_tokens_are_parsed_on_demand(void **state) {
    (void)state;
    quill_tokenizer *t = open_tokenizer(TEST_DATA("tokenizer/added"));
    assert_true(check_cases(t, TEST_DATA("tokenizer/added/special.txt"), QUILL_SPECIAL_PARSE) > 10);
    quill_tokenizer_free(t);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ids_are_those_of_hugging_face_tokenizers),
        cmocka_unit_test(special_tokens_are_parsed_on_demand),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
