// SPDX-License-Identifier: MIT
// tokenizer.json of other kinds than byte-level BPE. Expected ids and texts are those of Hugging Face tokenizers
// (tests/data/README.md).
#include <time.h>

#include "folder.h"
#include "formats/gguf_write.h"
#include "load/vocab.h"
#include "load/vocab_files.h"
#include "tokenizer/tokenizer.h"
#include "tokenizer_cases.h"

// A file of cases has three lines for each: a text and its ids, and what they are decoded to; "-" says nothing.
// `plain`: only texts without the added tokens.
static void check_file(const quill_tokenizer *t, const char *path, quill_special special, bool plain) {
    struct map file;
    struct buffer text = {0}, expected_back = {0}, back = {0};
    quill_ids expected = {0}, found = {0};
    size_t cases = 0;
    assert_ok(map_open(&file, path, MAP_FILE, QUILL_E_SYSTEM, &cases_err), cases_err);
    for (struct str rest = {(const char *)file.data, file.size}; rest.n; cases++) {
        read_hex(next_line(&rest), &text);
        read_ids(next_line(&rest), &expected);
        struct str decoded = next_line(&rest);
        if (plain && text.n && (memchr(text.p, '<', text.n) || memmem(text.p, text.n, "Word", 4))) continue;
        encode(t, &found, text.p, text.n, special);
        assert_ids(&found, &expected, buffer_str(&text));
        if (str_is(decoded, "-")) continue;
        read_hex(decoded, &expected_back);
        back.n = 0;
        decode(t, &back, &found, QUILL_SPECIAL_AS_TEXT);
        if (!str_equal(buffer_str(&back), buffer_str(&expected_back)))
            print_error("'%.*s': '%.*s', expected '%.*s'\n", (int)text.n, text.p, (int)back.n, back.p,
                        (int)expected_back.n, expected_back.p);
        assert_true(str_equal(buffer_str(&back), buffer_str(&expected_back)));
    }
    assert_true(cases > 5);
    buffer_free(&text);
    buffer_free(&back);
    buffer_free(&expected_back);
    quill_ids_free(&expected);
    quill_ids_free(&found);
    map_close(&file);
}

static void check(const char *name) {
    char path[200];
    snprintf(path, sizeof path, "%s/%s", TEST_DATA("tokenizer/json"), name);
    quill_tokenizer *t = open_tokenizer(path);
    snprintf(path, sizeof path, "%s/%s/cases.txt", TEST_DATA("tokenizer/json"), name);
    check_file(t, path, QUILL_SPECIAL_AS_TEXT, false);
    snprintf(path, sizeof path, "%s/%s/special.txt", TEST_DATA("tokenizer/json"), name);
    check_file(t, path, QUILL_SPECIAL_PARSE, false);
    quill_tokenizer_free(t);
}

#define CHECK(test, name) \
    static void test(void **state) { (void)state; check(name); }
CHECK(llama, "llama")
CHECK(converted, "converted")
CHECK(blank_runs, "blank-runs")
CHECK(ignore_merges, "ignore-merges")
CHECK(gemma, "gemma")
CHECK(metaspace_first, "metaspace-first")
CHECK(metaspace_always, "metaspace-always")
CHECK(metaspace_never, "metaspace-never")
CHECK(words, "words")
CHECK(unknown, "unknown")
CHECK(unknown_fused, "unknown-fused")
CHECK(unknown_dropped, "unknown-dropped")
CHECK(nfc, "nfc")
CHECK(nfd, "nfd")
CHECK(nfkc, "nfkc")
CHECK(nfkd, "nfkd")
CHECK(charsmap, "charsmap")
CHECK(bert, "bert")
CHECK(bert_accents, "bert-accents")
CHECK(whitespace, "whitespace")
CHECK(split_removed, "split-removed")
CHECK(split_isolated, "split-isolated")
CHECK(split_merged_with_previous, "split-merged-with-previous")
CHECK(split_merged_with_next, "split-merged-with-next")
CHECK(split_contiguous, "split-contiguous")
CHECK(split_inverted, "split-inverted")
CHECK(digits, "digits")
CHECK(gpt1, "gpt1")
CHECK(unigram, "unigram")
CHECK(unigram_bytes, "unigram-bytes")
CHECK(unigram_words, "unigram-words")
CHECK(unigram_unknown, "unigram-unknown")

// The same vocabulary as the files of GPT-1's first release; with the class, and without.
static void gpt1_of_two_files(void **state) {
    (void)state;
    for (int named = 0; named < 2; named++) {
        struct map vocab, merges;
        struct vocab_owner *owner;
        struct vocab_spec spec;
        quill_tokenizer *t;
        assert_ok(map_open(&vocab, TEST_DATA("tokenizer/json/gpt1/vocab.json"), MAP_FILE, QUILL_E_SYSTEM, &cases_err),
                  cases_err);
        assert_ok(map_open(&merges, TEST_DATA("tokenizer/json/gpt1/merges.txt"), MAP_FILE, QUILL_E_SYSTEM, &cases_err),
                  cases_err);
        const struct vocab_files files = {
            .directory = "dir",
            .vocab_json = {(const char *)vocab.data, vocab.size},
            .merges_txt = {(const char *)merges.data, merges.size},
            .tokenizer_config_json = named ? STR("{\"tokenizer_class\":\"OpenAIGPTTokenizer\"}") : STR("")};
        assert_ok(vocab_from_files(&spec, &owner, &files, &cases_err), cases_err);
        assert_ok(tokenizer_create(&t, &spec, &cases_err), cases_err);
        check_file(t, TEST_DATA("tokenizer/json/gpt1/cases.txt"), QUILL_SPECIAL_AS_TEXT, true);
        quill_tokenizer_free(t);
        vocab_owner_free(owner);
        map_close(&vocab);
        map_close(&merges);
    }
}

// Not a figure but a gulf: ordering a million marks in quadratic time takes hours.
static void a_long_text_takes_linear_time(void **state) {
    (void)state;
    enum { N = 1 << 19 };
    static const char *const names[] = {"nfc", "nfd", "nfkc", "nfkd", "charsmap", "bert", "words", "digits", "gpt1",
                                        "split-inverted", "unigram"};
    static const char *const units[] = {"\xcc\x81", "a\xcc\x81", "\xcc\x81\xcc\xa3", "\xea\xb0\x80", "\xef\xac\x81",
                                        " ", "1", "a", "\xff", "\xf0\x9f\x98\x80", "<", "\xe1\x85\xa1", "a "};
    char *p = malloc(N);
    for (size_t k = 0; k < sizeof names / sizeof *names; k++) {
        char path[200];
        snprintf(path, sizeof path, "%s/%s", TEST_DATA("tokenizer/json"), names[k]);
        quill_tokenizer *t = open_tokenizer(path);
        const size_t share = (size_t)test_share();
        for (size_t i = k % share; i < sizeof units / sizeof *units; i += share) {
            struct timespec begin, end;
            quill_ids ids = {0};
            size_t unit = strlen(units[i]), n = N / unit * unit;
            for (size_t at = 0; at < n; at++) p[at] = units[i][at % unit];
            clock_gettime(CLOCK_THREAD_CPUTIME_ID, &begin);
            encode(t, &ids, p, n, QUILL_SPECIAL_AS_TEXT);
            clock_gettime(CLOCK_THREAD_CPUTIME_ID, &end);
            assert_true(end.tv_sec - begin.tv_sec < 30);
            quill_ids_free(&ids);
        }
        quill_tokenizer_free(t);
    }
    free(p);
}

// ---- as keys of a GGUF file -----------------------------------------------------------------------------------------

static quill_status no_tensors(void *user, size_t index, uint64_t first_row, uint64_t n_rows, uint8_t *out,
                               quill_error *err) {
    (void)user, (void)index, (void)first_row, (void)n_rows, (void)out, (void)err;
    return QUILL_OK;
}

// Writes the vocabulary of a folder, with `more` rows beyond its tokens.
static quill_status write_vocabulary(const char *folder_name, int32_t more) {
    struct weights *w;
    struct ignored ignored = {.bos = false};
    quill_tokenizer *t = open_tokenizer(folder_name);
    const int32_t rows = quill_n_vocab(t) + more;
    quill_tokenizer_free(t);
    assert_ok(weights_open(&w, folder_name, WEIGHTS_TOKENIZER_ONLY, MAP_FILE, &cases_err), cases_err);
    struct gguf_writer *g = gguf_writer_new();
    assert_true(gguf_put_string(g, "general.architecture", STR("llama")));
    quill_status s = vocab_write(g, w, rows, &ignored, &cases_err);
    if (!s) assert_ok(gguf_writer_save(g, in_folder("written.gguf"), no_tensors, NULL, &cases_err), cases_err);
    gguf_writer_free(g);
    weights_close(w);
    buffer_free(&ignored.text);
    return s;
}

static void what_is_written_as_gguf_has_the_same_ids(void **state) {
    (void)state;
    size_t n;
    assert_ok(write_vocabulary(TEST_DATA("tokenizer/spm-bpe"), 3), cases_err);
    quill_tokenizer *t = open_tokenizer(in_folder("written.gguf"));
    assert_true(check_cases(t, TEST_DATA("tokenizer/spm-bpe/cases.txt"), QUILL_SPECIAL_AS_TEXT) > 500);
    assert_int_equal(quill_n_vocab(t), 903);
    quill_token_bytes(t, 902, QUILL_SPECIAL_PARSE, &n);
    assert_int_equal(n, 0);
    quill_tokenizer_free(t);
    assert_ok(write_vocabulary(TEST_DATA("tokenizer/json/converted"), 0), cases_err);
    t = open_tokenizer(in_folder("written.gguf"));
    check_file(t, TEST_DATA("tokenizer/json/converted/cases.txt"), QUILL_SPECIAL_AS_TEXT, false);
    assert_int_equal(quill_token_bos(t), 1);
    assert_true(quill_adds_bos(t));
    quill_tokenizer_free(t);
}

static void what_gguf_cannot_say_is_not_written(void **state) {
    (void)state;
    static const char *const cases[][2] = {
        {TEST_DATA("tokenizer/json/nfkc"), "its normalizer has no key"},
        {TEST_DATA("tokenizer/json/unigram"), "its kind has no key"},
        {TEST_DATA("tokenizer/spm-unigram"), "its kind has no key"},
        {TEST_DATA("tokenizer/json/gpt1"), "its kind has no key"},
        {TEST_DATA("tokenizer/json/metaspace-first"), "a space in front of what does not begin with one has no key"},
        {TEST_DATA("tokenizer/json/metaspace-never"), "its split pattern has no key"},
        {TEST_DATA("tokenizer/json/ignore-merges"), "ignore_merges has no key"},
        {TEST_DATA("tokenizer/json/llama"), "an added token that takes white space with it has no key"},
        {TEST_DATA("tokenizer/json/unknown"), "each unknown character by itself has no key"},
        {TEST_DATA("tokenizer/spm-plain"), "no space in front of what follows an added token has no key"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(write_vocabulary(cases[i][0], 0), QUILL_E_MODEL);
        if (!strstr(cases_err.text, cases[i][1])) print_error("%s\n", cases_err.text);
        assert_non_null(strstr(cases_err.text, cases[i][1]));
    }
}

// A merge is missing, or two tokens' merges alternate.
static void merges_that_are_no_scores_are_not_written(void **state) {
    (void)state;
    static const char *const merges[] = {"[\"a b\",\"b c\",\"ab c\"]", "[\"a b\",\"a bc\",\"b c\",\"ab c\"]",
                                         "[\"a b\",\"b c\",\"ab c\",\"a bc\"]"};
    for (int i = 0; i < 3; i++) {
        struct buffer text = {0};
        assert_true(buffer_add_string(&text, "{\"normalizer\":{\"type\":\"Replace\",\"pattern\":{\"String\":\" \"},"
                                             "\"content\":\"\xe2\x96\x81\"},\"model\":{\"fuse_unk\":true,\"vocab\":"
                                             "{\"a\":0,\"b\":1,\"c\":2,\"ab\":3,\"bc\":4,\"abc\":5},\"merges\":") &&
                    buffer_add_string(&text, merges[i]) && buffer_add_string(&text, "}}"));
        write_file("tokenizer.json", text.p, text.n);
        buffer_free(&text);
        quill_status s = write_vocabulary(folder, 0);
        assert_int_equal(s, i < 2 ? QUILL_E_MODEL : QUILL_OK);
        if (s) assert_non_null(strstr(cases_err.text, "its merges cannot be said as scores"));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(llama),
        cmocka_unit_test(converted),
        cmocka_unit_test(blank_runs),
        cmocka_unit_test(ignore_merges),
        cmocka_unit_test(gemma),
        cmocka_unit_test(metaspace_first),
        cmocka_unit_test(metaspace_always),
        cmocka_unit_test(metaspace_never),
        cmocka_unit_test(words),
        cmocka_unit_test(unknown),
        cmocka_unit_test(unknown_fused),
        cmocka_unit_test(unknown_dropped),
        cmocka_unit_test(nfc),
        cmocka_unit_test(nfd),
        cmocka_unit_test(nfkc),
        cmocka_unit_test(nfkd),
        cmocka_unit_test(charsmap),
        cmocka_unit_test(bert),
        cmocka_unit_test(bert_accents),
        cmocka_unit_test(whitespace),
        cmocka_unit_test(split_removed),
        cmocka_unit_test(split_isolated),
        cmocka_unit_test(split_merged_with_previous),
        cmocka_unit_test(split_merged_with_next),
        cmocka_unit_test(split_contiguous),
        cmocka_unit_test(split_inverted),
        cmocka_unit_test(digits),
        cmocka_unit_test(gpt1),
        cmocka_unit_test(gpt1_of_two_files),
        cmocka_unit_test(a_long_text_takes_linear_time),
        cmocka_unit_test_setup_teardown(what_is_written_as_gguf_has_the_same_ids, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(what_gguf_cannot_say_is_not_written, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(merges_that_are_no_scores_are_not_written, make_folder, remove_folder),
        cmocka_unit_test(unigram),
        cmocka_unit_test(unigram_bytes),
        cmocka_unit_test(unigram_words),
        cmocka_unit_test(unigram_unknown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
