// SPDX-License-Identifier: MIT
// Which tokens end a breaker of DRY, against a search in the whole text.
#include "tokenizer_rig.h"

#include "session/breakers.h"

enum { N = 60 };

static size_t below(uint64_t *seed, size_t n) { return (size_t)(test_random(seed) % n); }

// Whether `text` ends at byte `end` of `all`.
static bool ends_at(const char *all, size_t end, const char *text) {
    const size_t n = strlen(text);
    return end >= n && memcmp(all + end - n, text, n) == 0;
}

static void a_token_breaks_where_a_breaker_ends_in_it(void **state) {
    (void)state;
    static const char *const pieces[] = {"ab", "aab", "ba", "aaaaaa", "abababab"}, *const words[] = {
        "a", "b", "ab", "ba", "aba", "aaa", "bb", "ababa", "aaaaaaaa", "baaaab", "bbbb", "c"};
    static struct rig rig;
    uint64_t seed = 5;
    rig_begin(&rig);
    for (size_t i = 0; i < 5; i++) rig_add(&rig, pieces[i], TOKEN_NORMAL);
    const int32_t mark = rig_add(&rig, "<b>", TOKEN_SPECIAL);
    quill_tokenizer *t = rig_tokenizer(&rig);
    struct breakers b = {0};
    for (int round = 0; round < 3000; round++) {
        const char *texts[3];
        char all[N * 8 + 1];
        int32_t ids[N];
        size_t ends[N], n_bytes = 0, n;
        quill_sampling o = quill_sampling_default();
        o.dry_multiplier = 1, o.dry_breakers = texts, o.n_dry_breakers = 1 + below(&seed, 3);
        for (size_t i = 0; i < 3; i++) texts[i] = words[below(&seed, 12)];
        for (size_t i = 0; i < N; i++) {
            ids[i] = below(&seed, 3) ? 256 + (int32_t)below(&seed, 6) : (int32_t)('a' + below(&seed, 3));
            const char *bytes = quill_token_bytes(t, ids[i], QUILL_SPECIAL_PARSE, &n);
            assert_true(n > 0 && n <= 8 && (ids[i] != mark || n == 3));
            memcpy(all + n_bytes, bytes, n);
            ends[i] = n_bytes += n;
        }
        breakers_begin(&b, t, &o);
        for (size_t known = 0; known < N;) {
            known += 1 + below(&seed, N - known);
            const bool *got;
            assert_true(breakers_read(&b, ids, known, &got) && got);
            for (size_t i = 0; i < known; i++) {
                bool expected = false;
                for (size_t end = i ? ends[i - 1] + 1 : 1; end <= ends[i]; end++)
                    for (size_t k = 0; k < o.n_dry_breakers; k++) expected |= ends_at(all, end, texts[k]);
                assert_int_equal(got[i], expected);
            }
        }
    }
    breakers_free(&b);
    quill_tokenizer_free(t);
}

static void without_dry_there_are_none(void **state) {
    (void)state;
    static struct rig rig;
    rig_begin(&rig);
    quill_tokenizer *t = rig_tokenizer(&rig);
    const int32_t ids[3] = {'a', '\n', ':'};
    const bool *got;
    quill_sampling o = quill_sampling_default();
    struct breakers b = {0};
    breakers_begin(&b, t, &o);
    assert_true(breakers_read(&b, ids, 3, &got) && !got);
    o.dry_multiplier = 1; // the default ones
    breakers_begin(&b, t, &o);
    assert_true(breakers_read(&b, ids, 3, &got));
    assert_true(got && !got[0] && got[1] && got[2]);
    o.n_dry_breakers = 0;
    breakers_begin(&b, t, &o);
    assert_true(breakers_read(&b, ids, 3, &got) && !got);
    breakers_free(&b);
    quill_tokenizer_free(t);
}

// A text of the greatest length, in tokens of a byte: what is remembered of the text is just long enough.
static void the_longest_text_is_found(void **state) {
    (void)state;
    static struct rig rig;
    char text[QUILL_BREAKER_MAX + 1] = {0};
    const char *texts[1] = {text};
    int32_t ids[2 * QUILL_BREAKER_MAX];
    rig_begin(&rig);
    quill_tokenizer *t = rig_tokenizer(&rig);
    memset(text, 'a', QUILL_BREAKER_MAX);
    text[0] = 'b';
    for (size_t i = 0; i < 2 * QUILL_BREAKER_MAX; i++) ids[i] = i == 20 ? 'b' : 'a';
    quill_sampling o = quill_sampling_default();
    struct breakers b = {0};
    o.dry_multiplier = 1, o.dry_breakers = texts, o.n_dry_breakers = 1;
    breakers_begin(&b, t, &o);
    const bool *got;
    assert_true(breakers_read(&b, ids, 2 * QUILL_BREAKER_MAX, &got) && got);
    for (size_t i = 0; i < 2 * QUILL_BREAKER_MAX; i++) assert_int_equal(got[i], i == 20 + QUILL_BREAKER_MAX - 1);
    breakers_free(&b);
    quill_tokenizer_free(t);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_token_breaks_where_a_breaker_ends_in_it),
        cmocka_unit_test(without_dry_there_are_none),
        cmocka_unit_test(the_longest_text_is_found),
    };
    return cmocka_run_group_tests_name("breakers", tests, NULL, NULL);
}
