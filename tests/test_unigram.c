// SPDX-License-Identifier: MIT
// Unigram: the best way to write a piece as tokens. Expected ids are worked out by hand, or found by trying every way;
// test_spm.c and test_tokenizer_json.c have those of other programs.
#include "tokenizer_cases.h"

#include <math.h>
#include <time.h>

#include "tokenizer_rig.h"

static quill_error err;
static const quill_special text = QUILL_SPECIAL_AS_TEXT;

// <unk> is id 0; what a test adds comes behind it.
struct unigram_rig {
    struct rig rig;
    double scores[RIG_TOKENS];
};

static void begin(struct unigram_rig *r) {
    *r = (struct unigram_rig){.rig = {.spec = {.file = "rig", .model = VOCAB_UNIGRAM,
                                               .spelling = SPELLED_BLANKS, .bos = -1}}};
    r->rig.spec.tokens = r->rig.tokens;
    r->rig.spec.kinds = r->rig.kinds;
    r->rig.spec.scores = r->scores;
    rig_add(&r->rig, "<unk>", TOKEN_SPECIAL);
}

static int add(struct unigram_rig *r, const char *token, double score) {
    int id = rig_add(&r->rig, token, TOKEN_NORMAL);
    r->scores[id] = score;
    return id;
}

static void the_sum_of_scores_decides(void **state) {
    (void)state;
    static struct unigram_rig r;
    begin(&r);
    int a = add(&r, "a", -1), b = add(&r, "b", -1), ab = add(&r, "ab", -1.5), bc = add(&r, "bc", -1);
    add(&r, "abc", -2.5);
    int c = add(&r, "c", -3), d = add(&r, "d", -1), cd = add(&r, "cd", -3.5);
    quill_tokenizer *t = rig_tokenizer(&r.rig);
    assert_encodes(t, STR("ab"), text, ab, -1);
    assert_encodes(t, STR("abc"), text, a, bc, -1);
    assert_encodes(t, STR("abcd"), text, a, bc, d, -1);
    assert_encodes(t, STR("bcd"), text, bc, d, -1);
    assert_encodes(t, STR("acd"), text, a, cd, -1);
    assert_encodes(t, STR("cab"), text, c, ab, -1);
    assert_encodes(t, STR("ba"), text, b, a, -1);
    quill_tokenizer_free(t);
}

// 10 below the least score, and only where no token of one character covers it. A run is one token.
static void unknown_characters_have_their_price(void **state) {
    (void)state;
    static struct unigram_rig r;
    begin(&r);
    int a = add(&r, "a", -1), ab = add(&r, "ab", -20), ac = add(&r, "ac", -12.5);
    quill_tokenizer *t = rig_tokenizer(&r.rig);
    assert_encodes(t, STR("a\xc3\xa9\xc3\xa8x"), text, a, 0, -1);
    assert_encodes(t, STR("ab"), text, ab, -1);  // -20, not -1 - 30
    assert_encodes(t, STR("acx"), text, ac, 0, -1);
    assert_encodes(t, STR("\xff\xfe""a\x80"), text, 0, a, 0, -1);
    assert_encodes(t, STR("<unk>"), text, 0, -1); // plain text
    quill_tokenizer_free(t);
    r.rig.spec.unk = -1;
    t = rig_tokenizer(&r.rig);
    quill_ids ids = {0};
    assert_int_equal(quill_encode(t, &ids, "ax\ny", 4, text, &err), QUILL_E_MODEL);
    assert_string_equal(err.text, "the vocabulary has no token for 'x\\x0ay'");
    quill_ids_free(&ids);
    quill_tokenizer_free(t);
}

static void bytes_stand_for_the_unknown(void **state) {
    (void)state;
    static struct unigram_rig r;
    static char names[256][8];
    begin(&r);
    for (int b = 0; b < 256; b++) {
        snprintf(names[b], sizeof names[b], "<0x%02X>", (unsigned)b);
        rig_add(&r.rig, names[b], TOKEN_BYTE);
    }
    int a = add(&r, "a", -1), blank = add(&r, "\xe2\x96\x81", -1);
    r.rig.spec.byte_fallback = true;
    quill_tokenizer *t = rig_tokenizer(&r.rig);
    assert_encodes(t, STR("a\xc3\xa9\xff a\0"), text, a, 1 + 0xc3, 1 + 0xa9, 1 + 0xff, blank, a, 1, -1);
    quill_tokenizer_free(t);
}

struct best {
    double score;
    size_t n;
    int32_t ids[24];
};

// Every way, the first of equal sums as Viterbi's algorithm has it: compare only where sums differ.
static void try_ways(const struct unigram_rig *r, struct str rest, struct best *now, struct best *best, bool *tie) {
    if (rest.n == 0) {
        if (now->score == best->score) *tie = true;
        if (now->score > best->score) *best = *now, *tie = false;
        return;
    }
    bool covered = false;
    for (size_t id = 1; id < r->rig.spec.n_tokens; id++) {
        const struct str token = r->rig.tokens[id];
        if (!str_starts(rest, token)) continue;
        covered |= token.n == 1;
        now->ids[now->n++] = (int32_t)id;
        now->score += r->scores[id];
        try_ways(r, (struct str){rest.p + token.n, rest.n - token.n}, now, best, tie);
        now->score -= r->scores[id];
        now->n--;
    }
    if (covered) return;
    now->ids[now->n++] = 0;
    now->score += -8 - 10;
    try_ways(r, (struct str){rest.p + 1, rest.n - 1}, now, best, tie);
    now->score -= -8 - 10;
    now->n--;
}

// Scores are multiples of 1/64, whose sums are exact.
static void the_best_way_is_found(void **state) {
    (void)state;
    uint64_t seed = 3;
    size_t compared = 0;
    for (int round = 0; round < 200; round++) {
        static struct unigram_rig r;
        static char tokens[14][8];
        begin(&r);
        add(&r, "zz", -8); // the least score
        for (int i = 0; i < 14; i++) {
            size_t n = 1 + test_random(&seed) % 5;
            bool known = false;
            for (size_t k = 0; k < n; k++) tokens[i][k] = "xyz"[test_random(&seed) % 3];
            tokens[i][n] = '\0';
            for (int k = 0; k < i; k++) known |= !strcmp(tokens[i], tokens[k]);
            if (!known && strcmp(tokens[i], "zz") != 0) add(&r, tokens[i], -(double)(test_random(&seed) % 500) / 64);
        }
        quill_tokenizer *t = rig_tokenizer(&r.rig);
        for (int k = 0; k < 20; k++) {
            char p[12];
            size_t n = 1 + test_random(&seed) % sizeof p, fused = 0;
            struct best now = {.score = 0}, best = {.score = -(double)INFINITY};
            bool tie = false;
            quill_ids ids = {0};
            for (size_t i = 0; i < n; i++) p[i] = "xyz"[test_random(&seed) % 3];
            try_ways(&r, (struct str){p, n}, &now, &best, &tie);
            if (tie) continue;
            compared++;
            for (size_t i = 0; i < best.n; i++)
                if (best.ids[i] || !fused || best.ids[fused - 1]) best.ids[fused++] = best.ids[i];
            encode(t, &ids, p, n, text);
            assert_ids(&ids, &(quill_ids){best.ids, fused, fused}, (struct str){p, n});
            quill_ids_free(&ids);
        }
        quill_tokenizer_free(t);
    }
    assert_true(compared > 1000);
}

static void a_long_word_takes_linear_time(void **state) {
    (void)state;
    enum { N = 2 << 20 };
    struct timespec start, end;
    quill_tokenizer *t = open_tokenizer(TEST_DATA("tokenizer/spm-unigram.gguf"));
    char *p = malloc(N);
    static const char *const units[] = {"e", "the", "\xe7\x9a\x84", " ", "\xff", "\xcc\x81", "0", "e\xcc\x81"};
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        quill_ids ids = {0};
        size_t unit = strlen(units[i]), n = N / unit * unit;
        for (size_t k = 0; k < n; k++) p[k] = units[i][k % unit];
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &start);
        encode(t, &ids, p, n, text);
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &end);
        assert_true(end.tv_sec - start.tv_sec < 30);
        quill_ids_free(&ids);
    }
    free(p);
    quill_tokenizer_free(t);
}

static void vocabularies_that_make_no_sense_are_refused(void **state) {
    (void)state;
    static struct unigram_rig r;
    static const char *const words[] = {"score of token 1: expected a finite number, found inf",
                                        "scores: expected one for each token, found none",
                                        "merges: expected none with scores, found them"};
    for (int i = 0; i < 3; i++) {
        quill_tokenizer *t;
        begin(&r);
        add(&r, "a", i == 0 ? (double)INFINITY : 0);
        if (i == 1) r.rig.spec.scores = NULL;
        if (i == 2) r.rig.spec.ignore_merges = true;
        assert_int_equal(tokenizer_create(&t, &r.rig.spec, &err), QUILL_E_MODEL);
        assert_non_null(strstr(err.text, words[i]));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_sum_of_scores_decides),
        cmocka_unit_test(unknown_characters_have_their_price),
        cmocka_unit_test(bytes_stand_for_the_unknown),
        cmocka_unit_test(the_best_way_is_found),
        cmocka_unit_test(a_long_word_takes_linear_time),
        cmocka_unit_test(vocabularies_that_make_no_sense_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
