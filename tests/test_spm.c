// SPDX-License-Identifier: MIT
// SentencePiece's BPE. Expected ids are the sentencepiece package's (tests/data/README.md), those that come with
// llama.cpp's vocabularies, worked out by hand, or found by the definition, pair by pair.
#include "tokenizer_cases.h"

#include <math.h>
#include <time.h>

#include "tokenizer_rig.h"

static quill_error err;

// ---- vocabularies made by hand --------------------------------------------------------------------------------------

// <unk> is id 0, the 256 bytes are ids 1 to 256; what a test adds comes behind them.
struct spm_rig {
    struct rig rig;
    double scores[RIG_TOKENS];
};
enum { BYTE = 1 };

static void begin(struct spm_rig *r) {
    static char names[256][8];
    *r = (struct spm_rig){.rig = {.spec = {.file = "rig", .model = VOCAB_SPM, .spelling = SPELLED_BLANKS, .bos = -1,
                                           .byte_fallback = true, .dummy_prefix = PREFIX_ALWAYS}}};
    r->rig.spec.tokens = r->rig.tokens;
    r->rig.spec.kinds = r->rig.kinds;
    r->rig.spec.scores = r->scores;
    rig_add(&r->rig, "<unk>", TOKEN_SPECIAL);
    for (int b = 0; b < 256; b++) {
        snprintf(names[b], sizeof names[b], "<0x%02X>", (unsigned)b);
        rig_add(&r->rig, names[b], TOKEN_BYTE);
    }
}

static int add(struct spm_rig *r, const char *text, double score) {
    int id = rig_add(&r->rig, text, TOKEN_NORMAL);
    r->scores[id] = score;
    return id;
}

static void refused(const struct rig *rig, const char *words) {
    quill_tokenizer *t;
    quill_status status = tokenizer_create(&t, &rig->spec, &err);
    if (status != QUILL_E_MODEL || t || !strstr(err.text, words))
        fail_with("wanted '%s', got status %d, '%s'", words, (int)status, status ? err.text : "");
}

static const quill_special text = QUILL_SPECIAL_AS_TEXT, parse = QUILL_SPECIAL_PARSE;

// ---- expected ids ---------------------------------------------------------------------------------------------------

static void ids_are_those_of_sentencepiece(void **state) {
    (void)state;
    quill_tokenizer *t = open_tokenizer(TEST_DATA("tokenizer/spm-bpe.gguf"));
    assert_true(check_cases(t, TEST_DATA("tokenizer/spm-bpe/cases.txt"), text) > 500);
    quill_tokenizer_free(t);
}

// Extra spaces and what the rules replace do not come back.
static void ids_of_unigram_are_those_of_sentencepiece(void **state) {
    (void)state;
    quill_tokenizer *t = open_tokenizer(TEST_DATA("tokenizer/spm-unigram.gguf"));
    assert_true(check_ids(t, TEST_DATA("tokenizer/spm-unigram/cases.txt"), text) > 500);
    quill_tokenizer_free(t);
}

// From SentencePiece's own file.
static void a_folder_with_tokenizer_model_is_read(void **state) {
    (void)state;
    static const struct {
        const char *folder, *model;
        bool back;
        size_t least;
    } cases[] = {{TEST_DATA("tokenizer/spm-bpe"), "spm", true, 500},
                 {TEST_DATA("tokenizer/spm-unigram"), "unigram", false, 500},
                 {TEST_DATA("tokenizer/spm-symbols"), "unigram", false, 25},
                 {TEST_DATA("tokenizer/spm-plain"), "spm", false, 25}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char path[200];
        quill_tokenizer_info info;
        quill_tokenizer *t = open_tokenizer(cases[i].folder);
        quill_tokenizer_describe(t, &info);
        assert_string_equal(info.model, cases[i].model);
        assert_int_equal(quill_token_bos(t), 1);
        assert_int_equal(quill_token_eos(t), 2);
        assert_int_equal(quill_adds_bos(t), strcmp(info.model, "spm") == 0);
        snprintf(path, sizeof path, "%s/cases.txt", cases[i].folder);
        assert_true(check_texts(t, path, text, cases[i].back) > cases[i].least);
        quill_tokenizer_free(t);
    }
}

static void ids_are_those_that_come_with_the_vocabularies(void **state) {
    (void)state;
    if (!shared_data()) skip();
    check_shared("llama-spm");
    check_shared("phi-3");
}

// ---- joining --------------------------------------------------------------------------------------------------------

static void the_highest_score_is_joined_first(void **state) {
    (void)state;
    static struct spm_rig r;
    begin(&r);
    r.rig.spec.dummy_prefix = PREFIX_NONE;
    int a = add(&r, "a", -9), b = add(&r, "b", -9), c = add(&r, "c", -9);
    int ab = add(&r, "ab", -3), bc = add(&r, "bc", -2), aa = add(&r, "aa", -1), aaaa = add(&r, "aaaa", -5);
    quill_tokenizer *t = rig_tokenizer(&r.rig);
    assert_encodes(t, STR("abc"), text, a, bc, -1);
    assert_encodes(t, STR("abab"), text, ab, ab, -1);
    assert_encodes(t, STR("aab"), text, aa, b, -1);
    assert_encodes(t, STR("aaab"), text, aa, ab, -1); // among equals the leftmost
    assert_encodes(t, STR("aaaaa"), text, aaaa, a, -1);
    assert_encodes(t, STR("cba"), text, c, b, a, -1);
    quill_tokenizer_free(t);
}

// The same by the definition, from the spec's own lists.
static size_t plain_spm(const struct spm_rig *r, const char *p, size_t n, int32_t *ids) {
    size_t starts[200], parts = n, count = 0;
    for (size_t i = 0; i <= n; i++) starts[i] = i;
    for (;;) {
        size_t best = SIZE_MAX;
        double score = 0;
        for (size_t i = 0; i + 1 < parts; i++)
            for (size_t id = 257; id < r->rig.spec.n_tokens; id++)
                if (str_equal(r->rig.tokens[id], (struct str){p + starts[i], starts[i + 2] - starts[i]}) &&
                    (best == SIZE_MAX || r->scores[id] > score))
                    best = i, score = r->scores[id];
        if (best == SIZE_MAX) break;
        memmove(starts + best + 1, starts + best + 2, (parts - best - 1) * sizeof *starts);
        parts--;
    }
    for (size_t i = 0; i < parts; i++) {
        ids[count] = BYTE + (uint8_t)p[starts[i]];
        for (size_t id = 257; id < r->rig.spec.n_tokens; id++)
            if (str_equal(r->rig.tokens[id], (struct str){p + starts[i], starts[i + 1] - starts[i]}))
                ids[count] = (int32_t)id;
        count++;
    }
    return count;
}

// Texts of two letters, with many tokens and few different scores: short pieces and long ones.
static void joining_is_what_its_definition_says(void **state) {
    (void)state;
    uint64_t seed = 7;
    for (int round = 0; round < 60; round++) {
        static struct spm_rig r;
        static char tokens[30][8];
        begin(&r);
        r.rig.spec.dummy_prefix = PREFIX_NONE;
        for (int i = 0; i < 30; i++) {
            size_t n = 1 + test_random(&seed) % 6;
            bool known = false;
            for (size_t k = 0; k < n; k++) tokens[i][k] = "xy"[test_random(&seed) % 2];
            tokens[i][n] = '\0';
            for (int k = 0; k < i; k++) known |= !strcmp(tokens[i], tokens[k]);
            if (!known) add(&r, tokens[i], -(double)(test_random(&seed) % 4));
        }
        quill_tokenizer *t = rig_tokenizer(&r.rig);
        for (int k = 0; k < 20; k++) {
            char p[150];
            size_t n = 1 + test_random(&seed) % (k < 10 ? 32 : sizeof p);
            int32_t expected[sizeof p];
            quill_ids ids = {0};
            for (size_t i = 0; i < n; i++) p[i] = "xy"[test_random(&seed) % 2];
            size_t count = plain_spm(&r, p, n, expected);
            encode(t, &ids, p, n, text);
            assert_ids(&ids, &(quill_ids){expected, count, count}, (struct str){p, n});
            quill_ids_free(&ids);
        }
        quill_tokenizer_free(t);
    }
}

static double cpu_seconds(void) {
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

// Not a figure but a gulf: a way that is quadratic in a word of 2 MiB takes hours.
static void a_long_word_takes_no_quadratic_time(void **state) {
    (void)state;
    enum { N = 2 << 20 };
    quill_tokenizer *t = open_tokenizer(TEST_DATA("tokenizer/spm-bpe.gguf"));
    char *p = malloc(N);
    static const char *const units[] = {"e", "the", "\xe7\x9a\x84", " ", "\xff", "\xcc\x81", "x\xff", "0"};
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        quill_ids ids = {0};
        size_t unit = strlen(units[i]), n = N / unit * unit;
        for (size_t k = 0; k < n; k++) p[k] = units[i][k % unit];
        double start = cpu_seconds();
        encode(t, &ids, p, n, text);
        assert_true(cpu_seconds() - start < 30);
        quill_ids_free(&ids);
    }
    free(p);
    quill_tokenizer_free(t);
}

// ---- blanks ---------------------------------------------------------------------------------------------------------

// Two spaces are a token here; a token that is cut by spaces keeps pieces from being cut there.
static void blanks_and_marks_are_the_same(void **state) {
    (void)state;
    static struct spm_rig r;
    size_t n;
    begin(&r);
    int blank = add(&r, "\xe2\x96\x81", -9), blanks = add(&r, "\xe2\x96\x81\xe2\x96\x81", -1), a = add(&r, "a", -9);
    int blank_a = add(&r, "\xe2\x96\x81""a", -2), cross = add(&r, "a\xe2\x96\x81""a", -3);
    int literal = add(&r, "a a", -1); // U+2581 would be in its place: no text yields it
    quill_tokenizer *t = rig_tokenizer(&r.rig);
    assert_encodes(t, STR("a"), text, blank_a, -1);
    assert_encodes(t, STR(""), text, -1);
    assert_encodes(t, STR(" "), text, blanks, -1);
    assert_encodes(t, STR(" a"), text, blanks, a, -1);
    assert_encodes(t, STR("  a"), text, blanks, blank_a, -1);
    assert_encodes(t, STR("\xe2\x96\x81""a"), text, blanks, a, -1);
    assert_encodes(t, STR("aa a"), text, blank_a, cross, -1);
    assert_encodes(t, STR("\xe2\x96\x80\xe2\x96"), text, blank, BYTE + 0xe2, BYTE + 0x96, BYTE + 0x80, BYTE + 0xe2,
                   BYTE + 0x96, -1);
    assert_memory_equal(quill_token_bytes(t, literal, text, &n), "a a", 3);
    quill_tokenizer_free(t);
    // Where the space and the letter after it are no token, the one that crosses is reached.
    begin(&r);
    blank = add(&r, "\xe2\x96\x81", -9), a = add(&r, "a", -9);
    int a_blank = add(&r, "a\xe2\x96\x81", -2);
    cross = add(&r, "a\xe2\x96\x81""a", -3);
    t = rig_tokenizer(&r.rig);
    assert_encodes(t, STR("aa a"), text, blank, a, cross, -1);
    assert_encodes(t, STR("aa  a"), text, blank, a, a_blank, blank, a, -1);
    quill_tokenizer_free(t);
}

static void every_stretch_gets_a_blank_in_front(void **state) {
    (void)state;
    static struct spm_rig r;
    begin(&r);
    int blank = add(&r, "\xe2\x96\x81", -9), a = add(&r, "a", -9), blank_a = add(&r, "\xe2\x96\x81""a", -2);
    int mark = rig_add(&r.rig, "<s>", TOKEN_SPECIAL), name = rig_add(&r.rig, "  ", TOKEN_ADDED);
    quill_tokenizer *t = rig_tokenizer(&r.rig);
    assert_encodes(t, STR("<s>a"), parse, mark, blank_a, -1);
    assert_encodes(t, STR("<s> a"), parse, mark, blank, blank_a, -1);
    assert_encodes(t, STR("a<s><s>a"), parse, blank_a, mark, mark, blank_a, -1);
    assert_encodes(t, STR("<s>"), parse, mark, -1);
    assert_encodes(t, STR("<s>"), text, blank, BYTE + '<', BYTE + 's', BYTE + '>', -1);
    assert_encodes(t, STR("a  a"), text, blank_a, name, blank_a, -1);
    assert_encodes(t, STR("   a "), text, name, blank, blank_a, blank, -1);
    quill_tokenizer_free(t);
    r.rig.spec.dummy_prefix = PREFIX_NONE;
    t = rig_tokenizer(&r.rig);
    assert_encodes(t, STR("a<s>a a"), parse, a, mark, a, blank_a, -1);
    quill_tokenizer_free(t);
}

// ---- what no token covers -------------------------------------------------------------------------------------------

static void what_has_no_token_becomes_bytes(void **state) {
    (void)state;
    static struct spm_rig r;
    begin(&r);
    r.rig.spec.dummy_prefix = PREFIX_NONE;
    int a = add(&r, "a", -9), smile = add(&r, "\xf0\x9f\x98\x80", -9);
    quill_tokenizer *t = rig_tokenizer(&r.rig);
    assert_encodes(t, STR("a\xc3\xa9\xf0\x9f\x98\x80"), text, a, BYTE + 0xc3, BYTE + 0xa9, smile, -1);
    assert_encodes(t, STR("\xf0\x9f\x98\xff\0a"), text, BYTE + 0xf0, BYTE + 0x9f, BYTE + 0x98, BYTE + 0xff, BYTE, a,
                   -1);
    quill_tokenizer_free(t);
}

// One byte's token is missing, so that characters with it are unknown; a run of them is one token.
static void what_has_no_bytes_is_unknown(void **state) {
    (void)state;
    static struct spm_rig r;
    begin(&r);
    r.rig.spec.dummy_prefix = PREFIX_NONE;
    int a = add(&r, "a", -9);
    r.rig.tokens[BYTE + 0xc3] = STR("other");
    r.rig.kinds[BYTE + 0xc3] = TOKEN_NORMAL;
    quill_tokenizer *t = rig_tokenizer(&r.rig);
    assert_encodes(t, STR("a\xc3\xa9\xc3\xa8""a\xc3"), text, a, 0, a, 0, -1);
    assert_encodes(t, STR("\xd0\xb0\xc3\xa9"), text, BYTE + 0xd0, BYTE + 0xb0, 0, -1);
    quill_tokenizer_free(t);
    r.rig.spec.byte_fallback = false;
    t = rig_tokenizer(&r.rig);
    assert_encodes(t, STR("a\xd0\xb0\xd0\xb0 b"), text, a, 0, -1);
    quill_tokenizer_free(t);
    r.rig.spec.unk = -1;
    t = rig_tokenizer(&r.rig);
    quill_ids ids = {0};
    assert_int_equal(quill_encode(t, &ids, "ab", 2, text, &err), QUILL_E_MODEL);
    assert_string_equal(err.text, "the vocabulary has no token for the character 'b'");
    assert_int_equal(ids.n, 0);
    quill_ids_free(&ids);
    quill_tokenizer_free(t);
}

// ---- the rest -------------------------------------------------------------------------------------------------------

static void tokens_decode_to_bytes(void **state) {
    (void)state;
    static struct spm_rig r;
    size_t n;
    quill_tokenizer_info info;
    begin(&r);
    int blank_a = add(&r, "\xe2\x96\x81""a", -2), name = rig_add(&r.rig, "\xe2\x96\x81x", TOKEN_ADDED);
    int wrong = rig_add(&r.rig, "<0xzz>", TOKEN_BYTE);
    quill_tokenizer *t = rig_tokenizer(&r.rig);
    for (int b = 0; b < 256; b++) {
        const char *bytes = quill_token_bytes(t, BYTE + b, text, &n);
        assert_true(n == 1 && (uint8_t)bytes[0] == b);
    }
    assert_memory_equal(quill_token_bytes(t, blank_a, text, &n), " a", 2);
    assert_int_equal(n, 2);
    assert_memory_equal(quill_token_bytes(t, name, text, &n), "\xe2\x96\x81x", 4); // as it is written
    assert_memory_equal(quill_token_bytes(t, wrong, text, &n), "<0xzz>", 6);
    struct buffer back = {0};
    int32_t list[] = {blank_a, 0, BYTE + 0xc3, BYTE + 0xff, blank_a};
    decode(t, &back, &(quill_ids){list, 5, 5}, text);
    assert_int_equal(back.n, 5);
    assert_memory_equal(back.p, "a\xc3\xff a", 5);
    buffer_free(&back);
    quill_tokenizer_describe(t, &info);
    assert_string_equal(info.model, "spm");
    assert_null(info.pre);
    assert_false(info.lossless);
    assert_false(info.pre_missing);
    quill_tokenizer_free(t);
}

static void vocabularies_that_make_no_sense_are_refused(void **state) {
    (void)state;
    static struct spm_rig r;
    begin(&r);
    r.scores[3] = (double)NAN;
    refused(&r.rig, "score of token 3: expected a finite number, found nan");
    r.scores[3] = 0;
    r.rig.spec.scores = NULL;
    refused(&r.rig, "scores: expected one for each token, found none");
    r.rig.spec.scores = r.scores;
    r.rig.merges[0] = STR("a b");
    r.rig.spec.n_merges = 1;
    refused(&r.rig, "merges: expected none with scores, found them");
    begin(&r);
    add(&r, "ab", 0);
    add(&r, "ab", 0);
    refused(&r.rig, "tokens 257 and 258 are the same text 'ab'");
    begin(&r);
    r.rig.spec.unk = (int32_t)r.rig.spec.n_tokens;
    refused(&r.rig, "unknown token: expected an id of 0 to 256, found 257");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ids_are_those_of_sentencepiece),
        cmocka_unit_test(ids_of_unigram_are_those_of_sentencepiece),
        cmocka_unit_test(a_folder_with_tokenizer_model_is_read),
        cmocka_unit_test(ids_are_those_that_come_with_the_vocabularies),
        cmocka_unit_test(the_highest_score_is_joined_first),
        cmocka_unit_test(joining_is_what_its_definition_says),
        cmocka_unit_test(a_long_word_takes_no_quadratic_time),
        cmocka_unit_test(blanks_and_marks_are_the_same),
        cmocka_unit_test(every_stretch_gets_a_blank_in_front),
        cmocka_unit_test(what_has_no_token_becomes_bytes),
        cmocka_unit_test(what_has_no_bytes_is_unknown),
        cmocka_unit_test(tokens_decode_to_bytes),
        cmocka_unit_test(vocabularies_that_make_no_sense_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
