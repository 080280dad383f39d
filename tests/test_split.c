// SPDX-License-Identifier: MIT
// Pieces of texts, written with '|' between them. Expectations are worked out by hand from the patterns; that the
// patterns are those of the models was checked against Hugging Face tokenizers on many texts.
#include "test.h"

#include <time.h>

#include "base/alloc.h"
#include "base/buffer.h"
#include "tokenizer/split/patterns.h"
#include "tokenizer/split/pretokenize.h"
#include "tokenizer/split/regex_dialect.h"
#include "tokenizer/split/split_ascii.h"

#define fail_with(...) (print_error(__VA_ARGS__), print_error("\n"), _fail(__FILE__, __LINE__))

static quill_error err;

// Collects the lengths of pieces; they must follow each other.
struct collected {
    struct pieces pieces; // first: flush is handed this
    const char *at;
    size_t *lengths, n, cap;
};

static quill_status collect(struct pieces *pieces, quill_error *e) {
    struct collected *c = (struct collected *)(void *)pieces;
    (void)e;
    for (size_t i = 0; i < pieces->n; i++) {
        assert_ptr_equal(pieces->list[i].p, c->at);
        assert_true(pieces->list[i].n > 0);
        if (c->n == c->cap) c->lengths = realloc(c->lengths, (c->cap = 2 * c->cap + 64) * sizeof *c->lengths);
        c->lengths[c->n++] = pieces->list[i].n;
        c->at += pieces->list[i].n;
    }
    pieces->n = 0;
    return QUILL_OK;
}

static quill_status split(struct splitter *s, struct collected *c, struct str text) {
    struct match_room *room = NULL;
    c->pieces = (struct pieces){.flush = collect};
    c->at = text.p;
    c->n = 0;
    quill_status status = split_begin(s, &room, text.n, &err);
    if (!status) status = split_text(s, &room, &c->pieces, text.p, text.n, &err);
    if (!status) status = collect(&c->pieces, &err);
    if (!status) assert_ptr_equal(c->at, text.p + text.n);
    match_room_free(room);
    return status;
}

static struct splitter *by_name(const char *name) {
    const struct pre_rule *rule;
    struct splitter *s;
    struct vocab_spec spec = {.file = "test", .pre = name};
    assert_ok(split_rule(&rule, &spec, &err), err);
    assert_non_null(rule);
    assert_ok(splitter_create(&s, rule, &spec, &err), err);
    return s;
}

static quill_status try_patterns(struct splitter **s, const struct str *patterns, size_t n) {
    const struct pre_rule *rule;
    struct vocab_spec spec = {.file = "test", .patterns = patterns, .n_patterns = n};
    quill_status status = split_rule(&rule, &spec, &err);
    return status ? status : splitter_create(s, rule, &spec, &err);
}

static struct splitter *by_pattern(const char *pattern) {
    struct splitter *s;
    const struct str patterns[] = {str_of(pattern)};
    assert_ok(try_patterns(&s, patterns, 1), err);
    return s;
}

// `expected` is the text with '|' between the pieces.
static void check(struct splitter *s, const char *what, const char *expected) {
    struct collected c = {.n = 0};
    struct buffer text = {0}, found = {0};
    for (const char *p = expected; *p; p++)
        if (*p != '|') assert_true(buffer_add_byte(&text, *p));
    assert_ok(split(s, &c, buffer_str(&text)), err);
    const char *at = text.p;
    for (size_t i = 0; i < c.n; at += c.lengths[i++])
        assert_true((i == 0 || buffer_add_byte(&found, '|')) && buffer_add(&found, at, c.lengths[i]));
    if (!str_is(buffer_str(&found), expected))
        fail_with("%s: expected\n'%s', found\n'%.*s'", what, expected, (int)found.n, found.p);
    buffer_free(&text);
    buffer_free(&found);
    free(c.lengths);
}

// ---- rules ----------------------------------------------------------------------------------------------------------

static void texts_are_cut_as_the_named_models_cut_them(void **state) {
    (void)state;
    static const struct {
        const char *name, *pieces;
    } cases[] = {
        {"gpt-2", "Hello| world|'s|  | 1234"},
        {"gpt-2", "I|'m| here|,| you|'re| there|.| we|'|LL"},
        {"gpt-2", "a| |\n|b|\t|c|  | d|\n|\n|e|   "},
        {"gpt-2", "x|=|1|+|y|!?| '|s"},
        {"gpt-2", "na\xc3\xafve| \xce\xa9\xd0\xb6|\xc2\xb2| \xe2\x80\x94|\xc2\xa0|x"},
        {"gpt-2", "caf\xc3\xa9|'s| \xe4\xb8\xad\xe6\x96\x87|\xe3\x80\x82"},
        {"gpt-2", "a|\xe3\x80\x80\xe3\x80\x80|\xe3\x80\x80|b"},
        {"starcoder", "a|1|2|3| |4|  |5| b"},
        {"refact", "x|=|1|0|'s"},
        {"llama-bpe", "Hello| world|'S| |123|45| a|.b|\n\n  \n| c|!!\n"},
        {"llama-bpe", "a|  | b| |\xd9\xa1\xd9\xa2\xd9\xa3|\xd9\xa4"},
        {"qwen2", "a| |1|2|'Re|(x|)\n|y"},
        {"gpt-4o", "Hello|World's|HTMLParser| don't| |123|4|a|/b"},
        {"glm5", "Hello| world|'S| |123|45|a"},
        {"roberta-bpe", "a|1| b|  | c"},
        {"gpt-4o", "x|//\n|y|  \n| z"},
        {"tekken", "Camel|Case|'s| |1|2"},
        {"deepseek-v3", "a|123|4|\xe4\xb8\xad\xe6\x96\x87|x|.foo|(),\n|b"},
        {"deepseek-llm", "a| b|\n|\xe4\xb8\xad\xe6\x96\x87| !|  |12"},
        {"deepseek-coder", "def| f|(|x|):|\n|   | return|1|2"},
        {"falcon", "a|,.|b| |123|45|+'|s"},
        {"command-r", "a|1|2| b"},
        {"bloom", "Hello|,| world|!| a"},
        {"viking", "a|1|2| b|,| c"},
        {"tiny_aya", "1|234|567| a|12"},
        {"chameleon", "IMGIMGABCZ|x|.|.|1"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct splitter *s = by_name(cases[i].name);
        check(s, cases[i].name, cases[i].pieces);
        splitter_free(s);
    }
}

// A text of what matters to the patterns, some of it rare, of `want` bytes and a few more. Returns their number.
static size_t random_text(char *text, uint64_t *seed, size_t want) {
    static const char *const odd[] = {
        "\xc3\xa9",     "\xe3\x80\x80", "\xc2\xa0", "\xc2\xb2",         "\xe2\x80\x99", "\xe4\xb8\xad", "\xcc\x81",
        "\xe1\xa0\x8e", "\xe2\x80\xa8", "\xc2\x85", "\xf0\x9f\x98\x80", "\xff",         "\xe4\xb8",     "\xc5\xbf",
        "\xc3\x89",     "\xc7\x85"};
    static const char common[] = "    eaot'''sdmtrevlSLXE\n\n\r\t19.,/!-AZ@[`{\x01\x7f";
    size_t n = 0;
    uint64_t rare = 1 + test_random(seed) % 40;
    while (n < want) {
        const char *unit = odd[test_random(seed) % (sizeof odd / sizeof *odd)];
        if (test_random(seed) % rare) text[n++] = common[test_random(seed) % (sizeof common - 1)];
        else memcpy(text + n, unit, strlen(unit)), n += strlen(unit);
    }
    return n;
}

// A scanner by hand, and what it leaves to its pattern, against the pattern alone (which as another text is not known).
static void is_the_pattern_by_hand(const char *pattern) {
    struct buffer other = {0};
    assert_true(buffer_add_format(&other, "(?:%s)", pattern) && buffer_add_byte(&other, '\0'));
    struct splitter *hand = by_pattern(pattern), *alone = by_pattern(other.p);
    struct collected a = {.n = 0}, b = {.n = 0};
    uint64_t seed = 17;
    assert_non_null(split_ascii_of(str_of(pattern)));
    assert_null(split_ascii_of(str_of(other.p)));
    for (int round = 0; round < 1000; round++) {
        char text[400];
        size_t n = random_text(text, &seed, 1 + test_random(&seed) % (round % 4 ? 30 : 350));
        char *exact = malloc(n); // so that a look behind the end is noticed
        memcpy(exact, text, n);
        assert_ok(split(hand, &a, (struct str){exact, n}), err);
        assert_ok(split(alone, &b, (struct str){exact, n}), err);
        if (a.n != b.n || memcmp(a.lengths, b.lengths, a.n * sizeof *a.lengths))
            fail_with("'%.*s' is cut otherwise by hand than by %s", (int)n, text, pattern);
        free(exact);
    }
    free(a.lengths);
    free(b.lengths);
    buffer_free(&other);
    splitter_free(hand);
    splitter_free(alone);
}

static void splitters_by_hand_are_their_patterns(void **state) {
    (void)state;
    static const char *const patterns[] = {GPT2_PATTERN, GPT2_PATTERN_SHORT, CL100K, QWEN2, QWEN35, MINICPM5,
                                           UFAKZEKA,     SEED_CODER,         GPT4O,  YOUTU, TEKKEN};
    for (size_t i = 0; i < sizeof patterns / sizeof *patterns; i++) is_the_pattern_by_hand(patterns[i]);
}

// Invalid UTF-8 stands by itself; what lies between is split as if it were a text.
static void bytes_that_are_no_utf8_are_pieces(void **state) {
    (void)state;
    struct splitter *s = by_name("gpt-2");
    check(s, "gpt-2", "ab|\xff\xfe|cd| |\x80| e");
    check(s, "gpt-2", "\xe4\xb8|a|\xf0\x9f\x98|\xce\xa9|\xc0\xaf\xed\xa0\x80|\n\n|\xf4\x90\x80\x80");
    splitter_free(s);
}

static void patterns_of_a_file_are_applied_in_turn(void **state) {
    (void)state;
    struct splitter *s;
    const struct str patterns[] = {STR("\\p{N}+"), STR("[a-z]+"), STR("e")};
    assert_ok(try_patterns(&s, patterns, 3), err);
    check(s, "in turn", "AB|h|e|llo|12|--|y|e|s");
    splitter_free(s);
    assert_ok(try_patterns(&s, patterns, 0), err); // an empty list: no split at all
    check(s, "none", "a b 1\n");
    splitter_free(s);
    s = by_pattern("(?=b)|x*"); // empty matches cut, and do not stop
    check(s, "empty", "a|b|a|xx|b|a");
    splitter_free(s);
}

// ---- Oniguruma's language -------------------------------------------------------------------------------------------

static void patterns_mean_what_they_mean_to_oniguruma(void **state) {
    (void)state;
    static const struct {
        const char *pattern, *pieces;
    } cases[] = {
        {"\\s+", "a| \xc2\xa0\xe3\x80\x80|\xe1\xa0\x8e|\xc2\x85|b"}, // U+180E is no blank
        {"\\S+", "a\xe1\xa0\x8e" "b| |c"},
        {"[^\\s]+", "a\xe1\xa0\x8e|\t|c"},
        {"[\\S]+", "a\xe1\xa0\x8e| |c"},
        {"[\\s,]+", "a| ,|b"},
        {"\\w+", "a\xcc\x81_1\xe2\x80\xbf|-|\xd9\xa1"}, // marks and connectors, digits of all scripts
        {"\\W+", "ab|--|c"},
        {"[\\w-]+", "a-b|+|c"},
        {"\\d+", "a|1\xd9\xa1|b"},
        {"\\b", "ab| |cd|.|e\xcc\x81|,"},
        {"^.", "a|b\n|c|d"},
        {".$", "a|b|\nc|d"},
        {"a{,2}", "aa|a|b|aa"},
        {"\\u00e9+", "x|\xc3\xa9\xc3\xa9|e"},
        {"\\x{e9}", "x|\xc3\xa9|e"},
        {"\\v", "a|\v|b\nc"},
        {"\\p{Han}+", "a|\xe4\xb8\xad\xe6\x96\x87|\xe3\x80\x81" "b"}, // U+3001 is of the script extensions only
        {"\\p{^L}+", "ab|12 |c"},
        {"\\P{Letter}+", "ab|1|c"},
        {"[\\p{Number}\\p{Lu}]+", "a|1B|c"},
        {"[^(\\s|[.,!?\xe2\x80\xa6])]+", "ab|(|c|.|d|\xe2\x80\xa6 |e"}, // a class in a class adds to it
        {"[a[bc]d]+", "abcd|e|d"},
        {"(?i:'s)", "a|'S|'t"},
        {"[^\\r\\n]?+a", "x|ya|\na"},
        {"(?>a+)b|(?<=x)y|(?<!x)z", "aab|x|y|z|xz"},
        {"\\.\\-\\[|\\\\", "a|.-[|b|\\|c"},
        {"[\\]\\\\^-]+", "a|]\\^-|b"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct splitter *s = by_pattern(cases[i].pattern);
        check(s, cases[i].pattern, cases[i].pieces);
        splitter_free(s);
    }
}

static void patterns_that_are_not_understood_are_refused(void **state) {
    (void)state;
    static const struct {
        const char *pattern, *why;
    } cases[] = {
        {"[a&&b]", "&& in a class is not supported"},
        {"[[:alpha:]]", "a POSIX class is not supported"},
        {"[a[^b]]", "a negated class within a class is not supported"},
        {"[]a]", "an empty class"},
        {"[a", "a class without an end"},
        {"[^]", "an empty class"},
        {"\\h", "an escape that is not known"},
        {"\\R", "not supported"},
        {"\\X", "not supported"},
        {"\\K", "not supported"},
        {"(a)\\1", "not supported"},
        {"\\Qa\\E", "not supported"},
        {"\\C", "not supported"},
        {"\\G", "not supported"},
        {"[\\W]", "\\W in a class"},
        {"[\\b]", "\\b in a class"},
        {"[\\A]", "an anchor in a class"},
        {"a\\", "a backslash at the end"},
        {"\\pL", "a property without {name}"},
        {"\\p{", "a property"},
        {"\\p{}", "a property"},
        {"\\u12", "\\u without four"},
        {"(?m:a)", "a group of an unknown kind"},
        {"(?<n>a)", "a group"},
        {"(?#a)", "a group"},
        {"(*UTF)a", "(* is not supported"},
        {"(?C1)", "a group"},
        {"(?R)", "a group"},
        {"(?i)a", "a group"},
        {"(a", "missing closing parenthesis"},
        {"a)", "unmatched closing parenthesis"},
        {"a**+*", "quantifier"},
        {"[z-a]", "range out of order"},
        {"\\p{Nonsense}", "unknown"},
        {"(?<=a+)b", "lookbehind"},
        {"\xff", "UTF-8"},
        {"a{99999}", "number too big"},
        {"((((((((a{1,99}){1,99}){1,99}){1,99}){1,99}){1,99}){1,99}){1,99})", "too large"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct splitter *s = (struct splitter *)&err;
        const struct str patterns[] = {str_of(cases[i].pattern)};
        if (try_patterns(&s, patterns, 1) != QUILL_E_MODEL || !strstr(err.text, cases[i].why) ||
            !strstr(err.text, "test: pre-tokenizer pattern"))
            fail_with("%s: wanted '%s', got '%s'", cases[i].pattern, cases[i].why, s ? "" : err.text);
        assert_null(s);
    }
    struct splitter *s;
    static char text[20000];
    memset(text, 'a', sizeof text);
    const struct str big[] = {{text, sizeof text}}, nul[] = {STR("a\0b")};
    assert_int_equal(try_patterns(&s, big, 1), QUILL_E_MODEL);
    assert_int_equal(try_patterns(&s, nul, 1), QUILL_E_MODEL);
    struct str many[17];
    for (int i = 0; i < 17; i++) many[i] = STR("a");
    assert_int_equal(try_patterns(&s, many, 17), QUILL_E_MODEL);
    memset(text, '(', 200);
    const struct str deep[] = {{text, 200}};
    assert_int_equal(try_patterns(&s, deep, 1), QUILL_E_MODEL);
}

// ---- patterns that explode ------------------------------------------------------------------------------------------

static double seconds(void) {
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

// Each takes exponential or quadratic time when let: the text ends, or is refused with a line, soon.
static void no_pattern_takes_a_text_hostage(void **state) {
    (void)state;
    static const char *const patterns[] = {"(a+)+$", "(a|aa)+b", "(?:a*)*b", "(a*a*a*)b", "a*+b", "a*b", "(?=(a+))b",
                                           "(?<=a)a*b", "(a?){30}a{30}b", "(.+)+x", "a(?=.*b)", ".*.*.*=.*", "\\w*\\W"};
    static char text[1 << 20];
    struct collected c = {.n = 0};
    memset(text, 'a', sizeof text);
    for (size_t i = 0; i < sizeof patterns / sizeof *patterns; i++)
        for (size_t n = 24; n <= sizeof text; n = n == 24 ? 4000 : n == 4000 ? sizeof text : n + 1) {
            struct splitter *s = by_pattern(patterns[i]);
            double begin = seconds();
            quill_status status = split(s, &c, (struct str){text, n});
            double time = seconds() - begin;
            if (time > 30) fail_with("%s takes %.1f s for %zu bytes", patterns[i], time, n);
            if (status) {
                assert_int_equal(status, QUILL_E_MODEL);
                assert_true(strstr(err.text, "limit") != NULL);
            }
            splitter_free(s);
        }
    // What is harmless is let through, on a text of any length.
    struct splitter *s = by_pattern("a{1,3}(?!c)|b");
    assert_ok(split(s, &c, (struct str){text, sizeof text}), err);
    assert_int_equal(c.n, (sizeof text + 2) / 3);
    splitter_free(s);
    free(c.lengths);
}

// Every named rule on runs of what its alternatives could fight over.
static void named_rules_are_linear(void **state) {
    (void)state;
    static const char *const names[] = {
        "gpt-2",  "starcoder", "falcon", "default",      "bloom",          "viking",      "llama-bpe",  "minicpm5",
        "jais-2", "qwen2",     "laguna", "ufakzeka",     "qwen35",         "seed-coder",  "bailingmoe", "exaone-moe",
        "gpt-4o", "tekken",    "youtu",  "deepseek-llm", "deepseek-coder", "deepseek-v3", "spark2_5",   "chameleon"};
    static const char *const runs[] = {
        "a",         "A",   " ", "\n", "1", "!", "aA", " \n", "\n ", "\xcc\x81", "\xe3\x80\x80", "a b ", "\xe4\xb8\xad",
        "a\xcc\x81", "IMG", "'"};
    enum { BYTES = 1 << 18 };
    static char text[BYTES + 1];
    struct collected c = {.n = 0};
    for (size_t i = 0; i < sizeof names / sizeof *names; i += (size_t)test_share()) {
        struct splitter *s = by_name(names[i]);
        for (size_t k = 0; k < sizeof runs / sizeof *runs; k++) {
            size_t unit = strlen(runs[k]), n = BYTES / unit * unit;
            for (size_t at = 0; at < n; at++) text[at] = runs[k][at % unit];
            text[n] = 'x'; // so that a run of blanks does not end the text
            double begin = seconds();
            assert_ok(split(s, &c, (struct str){text, n + 1}), err);
            if (seconds() - begin > 30)
                fail_with("%s takes %.1f s for a run of '%s'", names[i], seconds() - begin, runs[k]);
        }
        splitter_free(s);
    }
    free(c.lengths);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_are_cut_as_the_named_models_cut_them),
        cmocka_unit_test(splitters_by_hand_are_their_patterns),
        cmocka_unit_test(bytes_that_are_no_utf8_are_pieces),
        cmocka_unit_test(patterns_of_a_file_are_applied_in_turn),
        cmocka_unit_test(patterns_mean_what_they_mean_to_oniguruma),
        cmocka_unit_test(patterns_that_are_not_understood_are_refused),
        cmocka_unit_test(no_pattern_takes_a_text_hostage),
        cmocka_unit_test(named_rules_are_linear),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
