// SPDX-License-Identifier: MIT
// Stops and text on their own: streams of bytes, cut at every place.
#include "test.h"

#include "base/error.h"
#include "base/utf8.h"
#include "session/stop.h"
#include "session/text_out.h"

static struct stops *stops_for(const char *const *strings, size_t n, bool line, const char *regex) {
    quill_text texts[8];
    for (size_t i = 0; i < n; i++) texts[i] = (quill_text){strings[i], strlen(strings[i])};
    quill_request request = quill_request_default();
    request.stops = texts, request.n_stops = n, request.line = line, request.stop_regex = regex;
    struct stops *stops = NULL;
    quill_error err;
    assert_ok(stops_create(&stops, &request, &err), err);
    return stops;
}

struct outcome {
    bool matched;
    size_t begin, end, seen; // seen: bytes fed until the match was decided
    quill_stop kind;
};

// Feeds `text` in the pieces that the bits of `cuts` mark (bit i: a cut after byte i), and checks on the way that what
// was said to be certain is never taken back.
static struct outcome feed(struct stops *stops, struct str text, uint64_t cuts) {
    quill_error err;
    size_t certain = 0, before = 0;
    const struct stop_match *match = NULL;
    struct outcome out = {0};
    for (size_t n = 1; n <= text.n && !match; n++) {
        bool final = n == text.n;
        if (!final && !(cuts >> ((n - 1) % 64) & 1)) continue;
        assert_ok(stops_look(stops, (struct str){text.p, n}, final, &certain, &match, &err), err);
        assert_true(certain >= before && certain <= n);
        before = certain;
        out.seen = n;
    }
    if (match) {
        out.matched = true;
        out.begin = match->begin, out.end = match->end, out.kind = match->kind;
        assert_int_equal(certain, match->begin);
    } else {
        assert_int_equal(certain, text.n);
    }
    return out;
}

// ---- stop strings -------------------------------------------------------------------------------

// The leftmost, then the shortest.
static struct outcome plain_search(const char *const *strings, size_t n, struct str text) {
    for (size_t begin = 0; begin < text.n; begin++)
        for (size_t end = begin + 1; end <= text.n; end++)
            for (size_t i = 0; i < n; i++)
                if (str_equal((struct str){text.p + begin, end - begin}, str_of(strings[i])))
                    return (struct outcome){.matched = true, .begin = begin, .end = end};
    return (struct outcome){0};
}

static void stop_strings_are_found_however_the_text_is_cut(void **state) {
    (void)state;
    static const char *const sets[][3] = {
        {"ab"},           {"aab"},         {"abab"},        {"a"},          {"aaa"},       {"abaab", "b"},
        {"aabb", "ab"},   {"ba", "abb"},   {"abb", "bb"},   {"aaab", "aa"}, {"bbb", "ab"}, {"abba", "bb", "aaa"},
        {"babab", "aba"}, {"ab", "abab"},  {"abab", "ab"},  {"bab", "a"},   {"ab", "ab"},  {"aaaaaaaa", "b"},
    };
    enum { LENGTH = 8 };
    for (size_t s = 0; s < sizeof sets / sizeof *sets; s++) {
        size_t n = sets[s][2] ? 3 : sets[s][1] ? 2 : 1;
        for (unsigned bits = 0; bits < 1u << LENGTH; bits++) {
            char text[LENGTH];
            for (int i = 0; i < LENGTH; i++) text[i] = bits >> i & 1 ? 'b' : 'a';
            struct outcome expected = plain_search(sets[s], n, (struct str){text, LENGTH});
            for (uint64_t cuts = 0; cuts < 1u << (LENGTH - 1); cuts++) {
                struct stops *stops = stops_for(sets[s], n, false, NULL);
                struct outcome got = feed(stops, (struct str){text, LENGTH}, cuts);
                stops_free(stops);
                assert_int_equal(got.matched, expected.matched);
                assert_true(!got.matched || (got.begin == expected.begin && got.end == expected.end));
            }
        }
    }
}

// Every word of two letters, whatever borders it has, in every text, byte by byte.
static void every_short_word_is_found_where_it_is_and_nowhere_else(void **state) {
    (void)state;
    enum { WORD = 7, TEXT = 11 };
    for (int n = 1; n <= WORD; n++)
        for (unsigned word_bits = 0; word_bits < 1u << n; word_bits++) {
            char word[WORD + 1] = "", text[TEXT];
            for (int i = 0; i < n; i++) word[i] = word_bits >> i & 1 ? 'b' : 'a';
            const char *const set[] = {word};
            for (unsigned bits = 0; bits < 1u << TEXT; bits++) {
                for (int i = 0; i < TEXT; i++) text[i] = bits >> i & 1 ? 'b' : 'a';
                struct outcome expected = plain_search(set, 1, (struct str){text, TEXT});
                struct stops *stops = stops_for(set, 1, false, NULL);
                struct outcome got = feed(stops, (struct str){text, TEXT}, UINT64_MAX);
                stops_free(stops);
                if (got.matched != expected.matched || got.begin != expected.begin || got.end != expected.end)
                    print_error("%s in %.*s: %zu..%zu\n", word, TEXT, text, got.begin, got.end);
                assert_true(got.matched == expected.matched && got.begin == expected.begin && got.end == expected.end);
                assert_true(!got.matched || got.seen == got.end);
            }
        }
}

static void only_possible_beginnings_are_held_back(void **state) {
    (void)state;
    static const struct {
        const char *text;
        size_t certain;
    } steps[] = {{"x", 1}, {"xE", 1}, {"xEN", 1}, {"xENx", 4}, {"xENxEEN", 5}, {"xENxEENE", 7}, {"xENxEENE\n", 9}};
    const char *const stop = "END";
    struct stops *stops = stops_for(&stop, 1, false, NULL);
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        size_t certain;
        const struct stop_match *match;
        quill_error err;
        assert_ok(stops_look(stops, str_of(steps[i].text), false, &certain, &match, &err), err);
        assert_int_equal(certain, steps[i].certain);
        assert_null(match);
    }
    stops_free(stops);
}

static void a_stop_is_decided_at_its_last_byte(void **state) {
    (void)state;
    const char *const set[] = {"\n\nQ:", "\n\n\n"};
    struct stops *stops = stops_for(set, 2, false, NULL);
    struct outcome got = feed(stops, STR("one\n\nQ: two"), UINT64_MAX);
    assert_true(got.matched && got.begin == 3 && got.end == 7 && got.seen == 7 && got.kind == QUILL_STOP_STRING);
    stops_free(stops);
    // "b" is complete at once, but "abc" began before it and is awaited.
    const char *const overlapping[] = {"b", "abc"};
    stops = stops_for(overlapping, 2, false, NULL);
    got = feed(stops, STR("xabcx"), UINT64_MAX);
    assert_true(got.matched && got.begin == 1 && got.end == 4 && got.seen == 4);
    stops_free(stops);
    stops = stops_for(overlapping, 2, false, NULL);
    got = feed(stops, STR("xabx"), UINT64_MAX);
    assert_true(got.matched && got.begin == 2 && got.end == 3 && got.seen == 4);
    stops_free(stops);
}

static void a_line_ends_at_the_newline(void **state) {
    (void)state;
    const char *const stop = "\n\n";
    struct stops *stops = stops_for(&stop, 1, true, NULL);
    struct outcome got = feed(stops, STR("one\n\ntwo"), 0);
    assert_true(got.matched && got.begin == 3 && got.end == 4 && got.kind == QUILL_STOP_LINE);
    stops_free(stops);
}

// Where both end at the same byte it is the stop string: what was asked for by name.
static void a_stop_string_that_is_a_newline_goes_before_the_line(void **state) {
    (void)state;
    static const struct {
        const char *stop, *regex, *text;
        quill_stop kind;
    } cases[] = {
        {"\n", NULL, "one\n", QUILL_STOP_STRING},   {"\n", NULL, "\n\n", QUILL_STOP_STRING},
        {"\n\n", NULL, "one\n\n", QUILL_STOP_LINE}, {"e\n", NULL, "one\n", QUILL_STOP_STRING},
        {"x", "\n", "one\n", QUILL_STOP_LINE},      {"x", "e\n", "one\n", QUILL_STOP_STRING},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        for (uint64_t cuts = 0; cuts < 8; cuts++) {
            struct stops *stops = stops_for(&cases[i].stop, 1, true, cases[i].regex);
            struct outcome got = feed(stops, str_of(cases[i].text), cuts);
            stops_free(stops);
            if (!got.matched || got.kind != cases[i].kind) print_error("case %zu: kind %d\n", i, (int)got.kind);
            assert_true(got.matched && got.kind == cases[i].kind);
        }
}

static void stops_hold_any_bytes(void **state) {
    (void)state;
    quill_request request = quill_request_default();
    const quill_text stop = {"\0\xff", 2};
    request.stops = &stop, request.n_stops = 1;
    struct stops *stops;
    quill_error err;
    assert_ok(stops_create(&stops, &request, &err), err);
    struct outcome got = feed(stops, STR("a\0\0\xff"), UINT64_MAX);
    assert_true(got.matched && got.begin == 2);
    stops_free(stops);
    const quill_text empty = {"", 0};
    request.stops = &empty;
    assert_int_equal(stops_create(&stops, &request, &err), QUILL_E_USAGE);
}

static void skipped_text_stops_nothing(void **state) {
    (void)state;
    const char *const stop = "ab";
    struct stops *stops = stops_for(&stop, 1, false, "a");
    stops_skip(stops, 3);
    struct outcome got = feed(stops, STR("abab"), 1u << 3);
    assert_false(got.matched);
    stops_free(stops);
}

// ---- stop regex ---------------------------------------------------------------------------------

struct regex_case {
    const char *pattern;
    struct str text;
    size_t begin, end; // 0, 0: no match
    size_t seen;       // fed byte by byte: decided after so many
};

static void regexes_match_however_the_text_is_cut(void **state) {
    (void)state;
    const struct regex_case cases[] = {
        {"foo", STR("a foo b"), 2, 5, 5},
        {"fo+", STR("a fooo b"), 2, 6, 7}, // greedy: known when the o's end
        {"fo+?", STR("a fooo b"), 2, 4, 4},
        {"[0-9]+", STR("ab123"), 2, 5, 5}, // or when the text ends
        {"foo|foobar", STR("foobar"), 0, 3, 3}, // the order of alternatives is PCRE2's
        {"foobar|foo", STR("foobaz"), 0, 3, 6},
        {"x*", STR("aaxxb"), 1, 1, 2}, // an empty match counts behind the first byte
        {"x*", STR("axxb"), 1, 3, 4},  // and where it may grow it is not known before it does not
        {"x*", STR("ax"), 1, 2, 2},
        {"x*", STR("a"), 0, 0, 1},
        {"(?=a)|^", STR("aaa"), 1, 1, 2},
        {"^", STR("aaa"), 0, 0, 3},
        {"(?m)^", STR("a\nb"), 2, 2, 3},
        {"$", STR("abc"), 0, 0, 3}, // nothing to end
        {"(?=name)", STR("a names"), 2, 2, 6},
        {"(?=name)", STR("name"), 0, 0, 4},
        {"(?=name)", STR("a nam"), 0, 0, 5},
        {"(?<=\\.)", STR("a.b"), 2, 2, 3},
        {"(?<=\\.)(?=\\s)", STR("a.b. c"), 4, 4, 5},
        {"\\b", STR("ab c"), 2, 2, 3},
        {"b\\K", STR("abc"), 2, 2, 2},
        {"b\\K", STR("ab"), 2, 2, 2},
        {"b\\Kx*", STR("abxc"), 2, 3, 4},
        {"(?=\xc3\xa9)", STR("a\xc3\xa9"), 1, 1, 3},
        {"(?!b)", STR("bba"), 2, 2, 3},
        {"b$", STR("abcb"), 3, 4, 4},
        {"(?m)b$", STR("ab\nc"), 1, 2, 3},
        {"^b", STR("ab"), 0, 0, 2},
        {"(?<=a)b", STR("bab"), 2, 3, 3},
        {"\\bcat\\b", STR("cats cat."), 5, 8, 9},
        {"caf\xc3\xa9", STR("un caf\xc3\xa9"), 3, 8, 8},
        {"[\xc3\xa0-\xc3\xaf]", STR("a\xc3\xa9"), 1, 3, 3}, // a class of whole characters
        {"\\w+\xe2\x82\xac", STR("7\xc3\xa9\xe2\x82\xac"), 0, 6, 6},
        {"b", STR("\xff\xc3""b\x80"), 2, 3, 3}, // invalid UTF-8 around it
        {"a.b", STR("a\xff""b a\xc3\xa9""b"), 4, 8, 8},
        {"foo\\Kbar", STR("foobar"), 3, 6, 6},
        {"(?s).*END", STR("one\ntwo END"), 0, 11, 11},
        {"a.*b", STR("xa b b\n"), 1, 6, 7},
        {"\\x{0}", STR("a\0b"), 1, 2, 2},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct regex_case *c = &cases[i];
        for (uint64_t cuts = 0; cuts < 1u << (c->text.n - 1); cuts++) {
            struct stops *stops = stops_for(NULL, 0, false, c->pattern);
            struct outcome got = feed(stops, c->text, cuts);
            stops_free(stops);
            if (got.matched != (c->end > 0) || got.begin != c->begin || got.end != c->end)
                print_error("%s: %zu..%zu with cuts %zx\n", c->pattern, got.begin, got.end, (size_t)cuts);
            assert_true(got.matched == (c->end > 0) && got.begin == c->begin && got.end == c->end);
            if (cuts == (1u << (c->text.n - 1)) - 1) assert_int_equal(got.seen, c->seen);
        }
    }
}

static void strings_and_regex_go_by_the_first_beginning(void **state) {
    (void)state;
    static const struct {
        const char *stop, *regex, *text;
        size_t begin, end;
    } cases[] = {
        {"b", "a.c", "xabcx", 1, 4}, {"b", "a.c", "xabdx", 2, 3}, {"ab", "b+", "xabbx", 1, 3},
        {"abc", "b", "xabd", 2, 3},  {"12", "[0-9]+", "x123", 1, 3},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        for (uint64_t cuts = 0; cuts < 16; cuts++) {
            struct stops *stops = stops_for(&cases[i].stop, 1, false, cases[i].regex);
            struct outcome got = feed(stops, str_of(cases[i].text), cuts);
            stops_free(stops);
            assert_true(got.matched && got.begin == cases[i].begin && got.end == cases[i].end);
        }
}

static void bad_patterns_are_refused(void **state) {
    (void)state;
    static char long_pattern[70000], nested[500];
    memset(long_pattern, 'a', sizeof long_pattern - 1);
    memset(nested, '(', 200), memset(nested + 200, ')', 200);
    const char *const patterns[] = {"(", "[a", "a{2,1}", "\\C", "\xff", "*", long_pattern, nested, "(?<=a+)b",
                                    "(((a{1,1000}){1,1000}){1,1000}){1,1000}"};
    for (size_t i = 0; i < sizeof patterns / sizeof *patterns; i++) {
        quill_request request = quill_request_default();
        request.stop_regex = patterns[i];
        struct stops *stops;
        quill_error err;
        assert_int_equal(stops_create(&stops, &request, &err), QUILL_E_USAGE);
        assert_memory_equal(err.text, "stop regex '", 12);
    }
}

// Feeds `text` piece by piece; the status of the first failure.
static quill_status feed_until_failure(const char *pattern, const char *text, size_t n, size_t piece,
                                       quill_error *err) {
    struct stops *stops = stops_for(NULL, 0, false, pattern);
    quill_status s = QUILL_OK;
    const struct stop_match *match = NULL;
    for (size_t at = 0, certain; at < n && !s && !match;) {
        at = at + piece < n ? at + piece : n;
        s = stops_look(stops, (struct str){text, at}, at == n, &certain, &match, err);
    }
    stops_free(stops);
    return s;
}

static void a_limit_is_an_error_not_a_miss(void **state) {
    (void)state;
    static char text[40000];
    quill_error err;
    memset(text, 'a', sizeof text);
    memcpy(text + 60, "b", 1);
    assert_int_equal(feed_until_failure("(a+)+c", text, 70, 3, &err), QUILL_E_CONSTRAINT);
    assert_non_null(strstr(err.text, "match limit"));
    assert_int_equal(feed_until_failure("(?s)a.*b.*c", text, sizeof text, 4, &err), QUILL_E_CONSTRAINT);
    assert_non_null(strstr(err.text, "16384"));
    memcpy(text + 15000, ".", 1);
    assert_int_equal(feed_until_failure("(?:a|b)+c", text, 15100, 15050, &err), QUILL_E_CONSTRAINT);
    assert_non_null(strstr(err.text, "depth limit"));
}

// A megabyte in small pieces, with a match that is possible from everywhere: hours, were the cost quadratic.
static void the_cost_is_linear_in_the_text(void **state) {
    (void)state;
    enum { LENGTH = 1 << 20 };
    char *text = malloc(LENGTH);
    quill_error err;
    assert_non_null(text);
    for (size_t i = 0; i < LENGTH; i++) text[i] = i % 97 == 96 ? '.' : 'a';
    assert_ok(feed_until_failure("[a-z]+!", text, LENGTH, 4, &err), err);
    memset(text, 'a', LENGTH);
    for (size_t i = 9000; i < LENGTH; i += 9000) text[i] = '.';
    assert_ok(feed_until_failure("^.*!", text, LENGTH / 128, 4, &err), err);
    assert_ok(feed_until_failure("a!", text, LENGTH, 4, &err), err);
    free(text);
}

// ---- text ---------------------------------------------------------------------------------------

static bool is_utf8(const char *p, size_t n) {
    int step = 1;
    for (; n && step > 0; p += step, n -= (size_t)step) step = utf8_step(p, n, NULL);
    return step > 0;
}

static struct str convert(struct text_out *text, struct str in, size_t first, size_t second) {
    const size_t ends[3] = {first, second, in.n};
    struct str piece;
    size_t total = 0;
    for (int i = 0; i < 3; i++) {
        assert_true(text_take(text, in.p, ends[i], i == 2, &piece));
        assert_true(text->raw || is_utf8(piece.p, piece.n)); // each piece on its own
        total += piece.n;
    }
    assert_int_equal(total, text->out.n);
    return buffer_str(&text->out);
}

static void text_comes_in_whole_characters(void **state) {
    (void)state;
    const struct {
        struct str in, out;
    } cases[] = {
        {STR("a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80z"), STR("a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80z")},
        {STR("a\0b"), STR("a\0b")},
        // The example of the Unicode Standard, table 3-8: one U+FFFD for each maximal subpart.
        {STR("a\xf1\x80\x80\xe1\x80\xc2""b\x80""c\x80\xbf""d"),
         STR("a\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd""b\xef\xbf\xbd""c\xef\xbf\xbd\xef\xbf\xbd""d")},
        {STR("\xf0\x9f\x98"), STR("\xef\xbf\xbd")}, // cut off by the end
        {STR("\xed\xa0\x80"), STR("\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd")}, // a surrogate: no byte of it begins one
    };
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++)
        for (size_t first = 0; first <= cases[c].in.n; first++)
            for (size_t second = first; second <= cases[c].in.n; second++) {
                struct text_out text = {0}, raw = {.raw = true};
                assert_true(str_equal(convert(&text, cases[c].in, first, second), cases[c].out));
                assert_true(str_equal(convert(&raw, cases[c].in, first, second), cases[c].in));
                buffer_free(&text.out);
                buffer_free(&raw.out);
            }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stop_strings_are_found_however_the_text_is_cut),
        cmocka_unit_test(every_short_word_is_found_where_it_is_and_nowhere_else),
        cmocka_unit_test(only_possible_beginnings_are_held_back),
        cmocka_unit_test(a_stop_is_decided_at_its_last_byte),
        cmocka_unit_test(a_line_ends_at_the_newline),
        cmocka_unit_test(a_stop_string_that_is_a_newline_goes_before_the_line),
        cmocka_unit_test(stops_hold_any_bytes),
        cmocka_unit_test(skipped_text_stops_nothing),
        cmocka_unit_test(regexes_match_however_the_text_is_cut),
        cmocka_unit_test(strings_and_regex_go_by_the_first_beginning),
        cmocka_unit_test(bad_patterns_are_refused),
        cmocka_unit_test(a_limit_is_an_error_not_a_miss),
        cmocka_unit_test(the_cost_is_linear_in_the_text),
        cmocka_unit_test(text_comes_in_whole_characters),
    };
    return cmocka_run_group_tests_name("stop", tests, NULL, NULL);
}
