// SPDX-License-Identifier: MIT
// tokenizer.json of other kinds than byte-level BPE. Expected ids and texts are those of Hugging Face tokenizers
// (tests/data/README.md).
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

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(llama),
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
        cmocka_unit_test(unigram),
        cmocka_unit_test(unigram_bytes),
        cmocka_unit_test(unigram_words),
        cmocka_unit_test(unigram_unknown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
