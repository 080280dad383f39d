// SPDX-License-Identifier: MIT
// Constraints: the automaton of a regular expression against PCRE2 itself, tokens that may follow, and draws.
#include "test.h"

#include <math.h>
#include <time.h>

#include "base/error.h"
#include "base/utf8.h"
#include "draws.h"
#include "sampler/constraint/constraint.h"
#include "sampler/constraint/pcre.h"
#include "sampler/constraint/regex.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

static const struct automaton_kind *kind_of(const struct automaton *a) { return a->kind; }

static struct automaton *automaton(const char *pattern) {
    struct automaton *a;
    quill_error err;
    const quill_status s = regex_create(&a, str_of(pattern), &err);
    if (s) print_error("/%s/\n", pattern);
    assert_ok(s, err);
    return a;
}

static uint32_t read_from(struct automaton *a, struct reading *r, uint32_t state, struct str text) {
    for (size_t i = 0; i < text.n && state != DEAD; i++) state = kind_of(a)->step(a, r, state, (uint8_t)text.p[i]);
    return state;
}

static uint32_t read_all(struct automaton *a, struct reading *r, struct str text) {
    r->effort_left = UINT64_MAX;
    return read_from(a, r, kind_of(a)->start(a, r), text);
}

// ---- patterns against PCRE2 -----------------------------------------------------------------------

// Every word of up to LENGTH of these characters is tried; of up to 4, if a share of them will do.
static const char *const letters[] = {"a", "b", "1", "\n", "\xc3\xa9", "\xf0\x9f\x98\x80"};
enum { LETTERS = COUNT(letters), LENGTH = 5 };

struct trial {
    struct automaton *a;
    struct pcre *pcre;
    const char *pattern;
    struct reading reading;
    char text[4 * LENGTH + 1];
    size_t matches, length;
};

// The least number of bytes with which a word, that has text[0..n) so far, can be completed; SIZE_MAX: not within
// t->length. Checks what the automaton says of all words that begin so.
static size_t try_words(struct trial *t, uint32_t state, size_t n, size_t depth) {
    const struct str text = {t->text, n};
    const bool complete = pcre_matches(t->pcre, text, PCRE_EFFORT) == PCRE_YES;
    const bool said = state != DEAD && kind_of(t->a)->may_end(t->a, &t->reading, state);
    size_t least = complete ? 0 : SIZE_MAX;
    t->matches += complete;
    if (complete != said) print_error("/%s/ '%s': %d instead of %d\n", t->pattern, QUOTED(text), said, complete);
    assert_int_equal(complete, said);
    for (size_t i = 0; depth < t->length && i < LETTERS; i++) {
        const struct str letter = str_of(letters[i]);
        memcpy(t->text + n, letter.p, letter.n);
        const uint32_t next = state == DEAD ? DEAD : read_from(t->a, &t->reading, state, letter);
        const size_t rest = try_words(t, next, n + letter.n, depth + 1);
        if (rest != SIZE_MAX && rest + letter.n < least) least = rest + letter.n;
    }
    if (least != SIZE_MAX && state == DEAD) print_error("/%s/ '%s' is dead\n", t->pattern, QUOTED(text));
    if (least != SIZE_MAX) assert_int_not_equal(state, DEAD);
    if (least != SIZE_MAX) assert_true(kind_of(t->a)->least(t->a, &t->reading, state) <= least);
    return least;
}

static void check_pattern(const char *pattern, bool regular, size_t fewest) {
    struct trial t = {.a = automaton(pattern), .pattern = pattern, .length = test_share() > 1 ? 4 : LENGTH};
    quill_error err;
    assert_ok(pcre_create(&t.pcre, str_of(pattern), &err), err);
    if (kind_of(t.a)->has_keys != regular) print_error("/%s/ is of the other kind\n", pattern);
    assert_int_equal(kind_of(t.a)->has_keys, regular);
    const uint32_t start = read_all(t.a, &t.reading, (struct str){0});
    const size_t least = try_words(&t, start, 0, 0);
    if (least != SIZE_MAX && regular && kind_of(t.a)->least(t.a, &t.reading, start) != least)
        print_error("/%s/ matches %zu bytes at least\n", pattern, least);
    if (least != SIZE_MAX && regular) assert_int_equal(kind_of(t.a)->least(t.a, &t.reading, start), least);
    if (t.matches < fewest) print_error("/%s/ matches %zu words\n", pattern, t.matches);
    assert_true(t.matches >= fewest);
    reading_free(&t.reading);
    pcre_free(t.pcre);
    kind_of(t.a)->free(t.a);
}

static void regular_patterns_are_read_as_pcre2_reads_them(void **state) {
    (void)state;
    static const char *const patterns[] = {
        "a", "ab", "a|b", "a|ab", "ab|a|", "(a|b)*", "(a|b)+1", "a?b?1?", "a*b*", "(?:ab){2}", "(a|b){2,3}", "a{2,}",
        "(a{1,2}){2}", "((a|b){1,2}1?){1,2}", "[ab]+", "[^a]", "[^a\\n]+", "[a-b1]{3}", ".", ".*", ".+b", "(?s).",
        "(?s:a.b)",
        "\\d+", "\\D{2}", "\\w*", "\\W", "\\s", "\\S+", "\\N", "\\h*a", "\\v", "[\\d\\s]+", "[\\w]", "[^\\w]",
        "\\p{L}+",
        "\\P{L}", "\\pL", "\\p{Ll}\\p{N}", "\\p{^L}", "[[:alpha:]]+", "[[:^digit:]]", "[\\p{L}1]+", "(?i)A",
        "(?i)AB|1", "(?i)[A]+",
        "(?i:A)b", "a(?i)B|B", "(a(?i)B)b", "(?i)\xc3\x89", "(?-i)a", "\xc3\xa9", "[\xc3\xa9-\xc3\xbc]+", "\\x61",
        "\\x{e9}",
        "\\x{1F600}+", "[\\x{1F600}-\\x{1F64F}]", "\xf0\x9f\x98\x80?a", "^a", "^a$", "a$", "\\Aa\\z", "a\\Z",
        "^(?:a|^b)$",
        "(^a|b)c?1*", "a(b|$)", "x*", "|a", "()a", "(?#c)a", "a(?#(c)b", "(?<n>a)", "(?P<n>a)b", "(?'n'a)+",
        "a??b", "a+?", "(a*)*", "(a*)+b", "(a|a)*1", "(?:a?){3}", "(a+)+b", "\\Qa\\E+", "b|\\Qa.b", "\\Q\\Ea",
        "(?x) a b #c",
        "(?x) a + [ ] ?", "(?x:a b) ?", "[]a]", "[^]a]", "[a-]", "[-a]", "[a\\]b]", "\\.|a", "[.]|a",
        "a{|b", "{a|a", "}|a",
        "]|a", "(?:a|b|ab)(?:1|b)?", "[\\n]", "\\n", "a\\nb", "[^\\S\\n]|a", "\xc3\xa9{2,3}",
        "(\xc3\xa9|\xf0\x9f\x98\x80)*",
        "\\p{So}|a", "[^a-z]{2}", "[\\x00-\\x{ff}]+", "\\t|a", "(?:(?:a|b){2}){1,2}", "(a|(b|(1|\\n)))+",
        "\\ba+\\b.?", "a\\B1", "\\Ga", "\\b|a", "\\B", "a\\b\\n|b", "(\\b.\\B.)+", "(?:\\b[a1]+\\b\\n?)+",
        "\\b\\b\\Ba|b", "(a\\b|\\Bb|\\n)*", "\\n\\b(?:a|\\n\\B)*", "(?:\\b|a)+\\n", ".\\b$|^\\b\\B.", "(?i)\\bA\\b",
    };
    for (size_t i = 0; i < COUNT(patterns); i++) check_pattern(patterns[i], true, 1);
}

static void other_patterns_are_matched_partially(void **state) {
    (void)state;
    static const char *const patterns[] = {
        "a{,2}|b", "(a|b$)*", "(?=a)..", "(?!a).{2}", "a(?=b)b", "(?<=a)b|a(?<=a)b",
        "a(?<!b)1",
        "(a|b)\\1", "(?<n>a|b)1\\k<n>",
        "(a|b)\\g1", "(^a)\\1b?", "(a\\b)\\n\\1?", "(a(b)?)\\2?\\1", "(?i)(a)\\1b", "(a\\1?){2}", "(a|b)\\g{-1}+",
        "a++b", "(?>a|ab)b", "(?>a*)b",
        "a*+1", "\\R", "a\\R+b", "\\X{2}",
        "(?m)^a$\\n^b$",
        "a$\\n", "(a(?1)?b)", "(?1)(a|b)", "(?|(a)|(b))\\1", "(a)?(?(1)b|1)", "(*positive_lookahead:a)a",
        "a(*F)|b",
        "(?(?=a)ab|b)", "(?i)(a)\\1", "(?U)a+", "(?J)(?<n>a)b", "(?n)(a)b", "(?:a|(?!b).)+", "\\141", "\\cJ",
        "[\\cJa]", "\\N{U+61}",
        "(?xx)[a b]+",
    };
    for (size_t i = 0; i < COUNT(patterns); i++) check_pattern(patterns[i], false, 1);
}

// ---- characters of several bytes ------------------------------------------------------------------

// Which bytes begin a character that matches, found by trying all characters.
static void beginnings_of_characters_are_known(void **state) {
    (void)state;
    static const char *const patterns[] = {
        "\\d", "\\p{Greek}", "[\xc3\xa9-\xc3\xbc]", ".", "[^a-z]", "\\p{Lo}", "[\\x{d7ff}\\x{e000}]",
        "[\\x{800}-\\x{fff}]", "\\x{10ffff}",
        "\\p{Emoji}", "(?i)k", "(?i)\\x{3b1}",
    };
    static bool begins[1 << 24]; // by up to three bytes with their number in front
    for (size_t i = 0; i < COUNT(patterns); i += (size_t)test_share()) {
        struct automaton *a = automaton(patterns[i]);
        struct reading r = {0};
        struct pcre *pcre;
        quill_error err;
        assert_ok(pcre_create(&pcre, str_of(patterns[i]), &err), err);
        assert_true(kind_of(a)->has_keys);
        memset(begins, 0, sizeof begins);
        for (uint32_t code = 0; code <= LAST_CODE; code++) {
            char utf8[4];
            if (code >= 0xd800 && code < 0xe000) continue;
            const struct str text = {utf8, (size_t)utf8_write(utf8, code)};
            const bool matches = pcre_matches(pcre, text, PCRE_EFFORT) == PCRE_YES;
            const uint32_t end = read_all(a, &r, text);
            assert_int_equal(end != DEAD && kind_of(a)->may_end(a, &r, end), matches);
            const uint8_t *b = (const uint8_t *)utf8;
            if (!matches || text.n < 2) continue;
            begins[b[0]] = true;
            if (text.n > 2) begins[1u << 16 | (uint32_t)b[0] << 8 | b[1]] = true;
            if (text.n > 3) begins[1u << 23 | (uint32_t)(b[0] & 7) << 16 | (uint32_t)b[1] << 8 | b[2]] = true;
        }
        for (uint32_t lead = 0x80; lead < 0x100; lead++) {
            const char c[4] = {(char)lead};
            uint32_t s = read_all(a, &r, (struct str){c, 1});
            assert_int_equal(s != DEAD, begins[lead]);
            for (uint32_t second = 0; second < 0x100 && s != DEAD && lead >= 0xe0; second++) {
                uint32_t t = kind_of(a)->step(a, &r, s, (uint8_t)second);
                assert_int_equal(t != DEAD, begins[1u << 16 | lead << 8 | second]);
                for (uint32_t third = 0; third < 0x100 && t != DEAD && lead >= 0xf0; third++)
                    assert_int_equal(kind_of(a)->step(a, &r, t, (uint8_t)third) != DEAD,
                                     begins[1u << 23 | (lead & 7) << 16 | second << 8 | third]);
            }
        }
        reading_free(&r);
        pcre_free(pcre);
        kind_of(a)->free(a);
    }
}

// ---- mistakes ---------------------------------------------------------------------------------------

static void mistakes_are_named(void **state) {
    (void)state;
    static const struct {
        const char *pattern, *text;
    } cases[] = {
        {"", "regex: expected a pattern, found an empty one"},
        {"ab(c", "regex: at 4: missing closing parenthesis"},
        {"a)", "regex: at 1: unmatched closing parenthesis"},
        {"[b-a]", "regex: at 3: range out of order in character class"},
        {"\\C", "regex: at 2: using \\C is disabled by the application"},
        {"a\\Kb", "regex: at 1: '\\K' moves the beginning of a match, and the whole text is to match"},
        {"(?C)a", "regex: at 0: '(?C' is a callout, and there is nothing to call"},
        {"a(?C7)", "regex: at 1: '(?C' is a callout, and there is nothing to call"},
        {"a(*COMMIT)b", "regex: at 1: '(*COMMIT)' is a verb; a constraint takes none"},
        {"(*ACCEPT)", "regex: at 0: '(*ACCEPT)' is a verb; a constraint takes none"},
        {"(*UTF)a", "regex: at 0: '(*UTF)' is a verb; a constraint takes none"},
        {"a(*MARK:x)", "regex: at 1: '(*MARK:x)' is a verb; a constraint takes none"},
        {"a(*:x)", "regex: at 1: '(*:x)' is a verb; a constraint takes none"},
        {"a(?R)?b", "regex: at 1: '(?R)' is the whole pattern again; put that into a group"},
        {"(a)\\g<0>?", "regex: at 3: '\\g<0' is the whole pattern again; put that into a group"},
        {"[^\\s\\S]", "regex: no text matches this pattern"},
        {"a[^\\x{0}-\\x{10ffff}]+|b^", "regex: no text matches this pattern"},
    };
    quill_error err;
    quill_constraint *c;
    for (size_t i = 0; i < COUNT(cases); i++) {
        assert_int_equal(quill_constraint_regex(&c, cases[i].pattern, &err), QUILL_E_USAGE);
        assert_int_equal(err.status, QUILL_E_USAGE);
        assert_string_equal(err.text, cases[i].text);
    }
}

static void what_looks_like_a_mistake_is_none(void **state) {
    (void)state;
    static const char *const patterns[] = {
        "[\\K(*COMMIT)(?C]", "\\Q\\K(*COMMIT)", "(?#(*COMMIT))a", "\\\\K", "\\(*COMMIT\\)",
                                           "[]\\K]", "[[:alpha:]\\\\K]", "\\Q(?C\\Ea", "\\[(a)"};
    quill_error err;
    quill_constraint *c;
    for (size_t i = 0; i < COUNT(patterns); i++) {
        // Of these one class has \K, which PCRE2 itself refuses there.
        const quill_status s = quill_constraint_regex(&c, patterns[i], &err);
        if (s) assert_null(strstr(err.text, "verb"));
        if (s) assert_null(strstr(err.text, "callout"));
        if (!s) quill_constraint_free(c);
    }
}

// ---- hostile patterns -------------------------------------------------------------------------------

static double now(void) { // processor time
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static char *repeated(const char *text, size_t n, const char *end) {
    const size_t length = strlen(text);
    char *all = malloc(n * length + strlen(end) + 1);
    assert_non_null(all);
    for (size_t i = 0; i < n; i++) memcpy(all + i * length, text, length);
    memcpy(all + n * length, end, strlen(end) + 1);
    return all;
}

// The pattern is refused, or a text of `a` is read, within some seconds.
static void survive(const char *pattern) {
    quill_error err;
    struct automaton *a;
    const double begun = now();
    quill_status s = regex_create(&a, str_of(pattern), &err);
    if (!s) {
        struct reading r = {.effort_left = 500000000};
        uint32_t state = kind_of(a)->start(a, &r);
        for (int i = 0; i < 300 && state != DEAD; i++) {
            kind_of(a)->may_end(a, &r, state);
            state = kind_of(a)->step(a, &r, state, 'a');
        }
        reading_free(&r);
        kind_of(a)->free(a);
    } else assert_true(s == QUILL_E_USAGE);
    if (now() - begun > 20) print_error("'%.40s' took %.1f s\n", pattern, now() - begun);
    assert_true(now() - begun < 20); // a sanitizer's
}

static void hostile_patterns_end_soon(void **state) {
    (void)state;
    static const char *const patterns[] = {
        "(a+)+b", "(a|a)*b", "(a*)*b", "((a*)*)*b", "(a|aa)+b", "(?:a?){300}a{300}", "(((a{1,30}){1,30}){1,30})",
        "(a{0}){65535}",
        "((a{0}){65535}){65535}", "(?:(?:(?:a{0}){65535}){65535}){65535}", "(a|b)*a(a|b){20}", "(a|b)*a(a|b){20}c",
        "a{65535}",
        "(?:a?){65535}", "(?:a{65535}){65535}", "(?=(a+)+b)a*", "(a+)+\\b!", "(\\w+\\s?)*\\b;", "((a+)\\2)+!",
        "(?:a|(?=a))*b",
        "(a(?1)?b?)+", "(?:.*.*.*.*.*)*\\bx", "\\p{L}{1000}\\p{N}{1000}", "(?i)\\p{Lu}{500}",
        "[\\x{0}-\\x{10ffff}]{60000}",
    };
    for (size_t i = 0; i < COUNT(patterns); i++) survive(patterns[i]);
    static const struct {
        const char *text, *end;
        size_t n;
    } long_ones[] = {
        {"a", "", 100000}, {"a", "", 65000}, {"a|", "b", 32000}, {"(?:", "", 30000}, {"[a]", "", 21000},
        {"a?", "", 32000},
        {"(a)", "", 20000}, {"a*", "b", 30000}, {"\\pL", "", 20000}, {"(?i)a", "", 10000}, {"a{9}", "", 16000},
        {"\\Q", "", 30000},
        {"[^a]|", "a", 12000}, {"\xc3\xa9|", "a", 20000}, {"(?=a)", "a", 10000}, {"[", "", 60000}, {"(?#", "", 20000},
    };
    for (size_t i = 0; i < COUNT(long_ones); i++) {
        char *pattern = repeated(long_ones[i].text, long_ones[i].n, long_ones[i].end);
        survive(pattern);
        free(pattern);
    }
}

// ---- a small vocabulary -----------------------------------------------------------------------------

enum { TOY = 50, TOY_END = 0 };
static char toy_bytes[TOY][8];
static size_t toy_length[TOY];

// 0 ends a text, 1 adds nothing; then single characters, and pieces made of a, b, 1 and parts of an emoji.
static void make_toy(void) {
    static const char *const fixed[] = {
        "", "", "a", "b", "1", "\n", "\xf0", "\x9f", "\x98", "\x80", "\xf0\x9f", "\x98\x80", "\xc3\xa9",
    };
    uint64_t seed = 7;
    for (size_t i = 0; i < TOY; i++) {
        if (i < COUNT(fixed)) {
            toy_length[i] = strlen(fixed[i]);
            memcpy(toy_bytes[i], fixed[i], toy_length[i]);
            continue;
        }
        toy_length[i] = 2 + test_random(&seed) % 3;
        for (size_t k = 0; k < toy_length[i]; k++) toy_bytes[i][k] = "aaabbb1\n"[test_random(&seed) % 8];
    }
}

static struct str toy_token(void *user, int32_t id) {
    (void)user;
    return (struct str){toy_bytes[id], toy_length[id]};
}

static enum token_end toy_ends(void *user, int32_t id) {
    (void)user;
    return id == TOY_END ? TOKEN_ENDS : TOKEN_GOES_ON;
}

static const struct vocabulary toy = {.identity = toy_bytes, .n_vocab = TOY, .bytes_of = toy_token};

// Whether text[0..n) begins a match, found by trying words of the alphabet behind it.
static bool can_match(struct pcre *pcre, char *text, size_t n, int depth) {
    static const char *const more[] = {"a", "b", "1", "\n", "\xf0", "\x9f", "\x98", "\x80", "\xc3\xa9"};
    if (utf8_valid_run(text, n) == n && pcre_matches(pcre, (struct str){text, n}, PCRE_EFFORT) == PCRE_YES) return true;
    if (n - utf8_valid_run(text, n) > utf8_unfinished_tail(text, n)) return false;
    for (size_t i = 0; depth > 0 && i < COUNT(more); i++) {
        memcpy(text + n, more[i], strlen(more[i]));
        if (can_match(pcre, text, n + strlen(more[i]), depth - 1)) return true;
    }
    return false;
}

struct toy_case {
    const char *pattern, *before; // text so far
    int depth;                    // characters, or bytes of an emoji, that are needed at most to complete a text
};
static const struct toy_case toy_cases[] = {
    {"[ab]{1,6}1", "", 5},      {"[ab]{1,6}1", "ab", 5},    {"(ab|ba|1)*", "ab", 2},
         {"a\xf0\x9f\x98\x80" "b?", "", 5},
    {".{0,3}\xf0\x9f\x98\x80", "a", 4}, {".{0,3}\xf0\x9f\x98\x80", "a\xf0\x9f", 5}, {"\\ba+\\b1?", "a", 2},
     {"(a|b)1\\1", "", 3},
    {"(?=a)[ab]{3}", "", 3},    {"(?s).*", "b", 3},         {"a(?!b).*1", "", 5},        {"a|ab1", "a", 2},
    {"[^a]*\\b1\\b", "", 4},    {"\xc3\xa9?1|\xc3\xa9" "b", "", 2},
};

// For every token: whether it is legal behind `before`.
static size_t plain_legal(const struct toy_case *c, struct pcre *pcre, bool *legal) {
    static bool known[COUNT(toy_cases)][TOY + 1]; // the last one: these are known
    bool *kept = known[c - toy_cases];
    size_t n = 0;
    char text[64];
    if (kept[TOY]) {
        memcpy(legal, kept, TOY);
        return 1;
    }
    const size_t length = strlen(c->before);
    for (size_t id = 0; id < TOY; id++) {
        memcpy(text, c->before, length);
        memcpy(text + length, toy_bytes[id], toy_length[id]);
        legal[id] = toy_length[id] && can_match(pcre, text, length + toy_length[id], c->depth);
        if (id == TOY_END) legal[id] = utf8_valid_run(text, length) == length &&
                                       pcre_matches(pcre, (struct str){text, length}, PCRE_EFFORT) == PCRE_YES;
        n += legal[id];
    }
    memcpy(kept, legal, TOY);
    kept[TOY] = true;
    return n;
}

static void tokens_that_may_follow_are_those_of_a_plain_search(void **state) {
    (void)state;
    make_toy();
    for (size_t i = 0; i < COUNT(toy_cases); i++) {
        const struct toy_case *c = &toy_cases[i];
        struct constrained k;
        quill_constraint *constraint;
        struct pcre *pcre;
        struct token_set set;
        quill_error err;
        bool legal[TOY];
        assert_ok(quill_constraint_regex(&constraint, c->pattern, &err), err);
        assert_ok(pcre_create(&pcre, str_of(c->pattern), &err), err);
        assert_true(token_set_create(&set, TOY));
        assert_ok(constrained_begin(&k, constraint, &toy, NULL, &err), err);
        assert_ok(constrained_advance(&k, str_of(c->before), 0, &err), err);
        plain_legal(c, pcre, legal);
        for (int twice = 0; twice < 2; twice++) { // the second one comes from what was kept
            assert_true(constraint_mask(constraint, &toy, &k.reading, k.state, &set));
            for (size_t id = 1; id < TOY; id++) {
                if (token_set_has(&set, id) != legal[id])
                    print_error("/%s/ '%s' token %zu\n", c->pattern, QUOTED(str_of(c->before)), id);
                assert_int_equal(token_set_has(&set, id), legal[id]);
            }
        }
        assert_int_equal(constrained_may_end(&k), legal[TOY_END]);
        free(set.bits);
        constrained_end(&k);
        pcre_free(pcre);
        quill_constraint_free(constraint);
    }
}

// ---- draws ------------------------------------------------------------------------------------------

static void check_draws(const struct toy_case *c, const quill_sampling *sampling, const char *what) {
    struct sampler *s = sampler_create(TOY);
    quill_constraint *constraint;
    struct constrained k;
    struct pcre *pcre;
    quill_error err;
    float logits[TOY];
    bool legal[TOY];
    uint64_t seed = 3;
    for (size_t i = 0; i < TOY; i++) logits[i] = (float)(test_random(&seed) % 4000) / 1000;
    assert_ok(quill_constraint_regex(&constraint, c->pattern, &err), err);
    assert_ok(pcre_create(&pcre, str_of(c->pattern), &err), err);
    assert_ok(constrained_begin(&k, constraint, &toy, NULL, &err), err);
    assert_ok(constrained_advance(&k, str_of(c->before), 0, &err), err);
    assert_true(plain_legal(c, pcre, legal) > 0);
    check_legal_draws(&(struct legal_draws){&k, s, TOY, logits, sampling, legal, c->before, toy_ends, toy_token,
                                            c->pattern, what});
    constrained_end(&k);
    quill_constraint_free(constraint);
    pcre_free(pcre);
    sampler_free(s);
}

static void draws_have_the_probabilities_of_the_legal_tokens(void **state) {
    (void)state;
    make_toy();
    quill_sampling plain = quill_sampling_default();
    plain.temp = 1, plain.top_k = 0, plain.top_p = 1, plain.min_p = 0;
    quill_sampling few = plain, nucleus = plain, relative = plain, all = quill_sampling_default(), one = plain;
    few.top_k = 5, nucleus.top_p = 0.6f, relative.min_p = 0.3f, all.top_k = 8, one.temp = 0;
    for (size_t i = 0; i < COUNT(toy_cases); i += (size_t)test_share()) {
        check_draws(&toy_cases[i], &plain, "without truncation");
        check_draws(&toy_cases[i], &few, "top-k");
        check_draws(&toy_cases[i], &nucleus, "top-p");
        check_draws(&toy_cases[i], &relative, "min-p");
        check_draws(&toy_cases[i], &all, "all of them");
        check_draws(&toy_cases[i], &one, "greedy");
    }
}

// ---- the end within a number of tokens --------------------------------------------------------------

// How many tokens complete a text at least, by trying all of them.
static size_t plain_tokens(struct automaton *a, struct reading *r, uint32_t state, size_t most) {
    if (kind_of(a)->may_end(a, r, state)) return 0;
    size_t best = SIZE_MAX;
    for (int32_t id = 2; most > 0 && id < TOY; id++) {
        const uint32_t next = read_from(a, r, state, toy_token(NULL, id));
        const size_t rest = next == DEAD ? SIZE_MAX : plain_tokens(a, r, next, most - 1);
        if (rest != SIZE_MAX && rest + 1 < best) best = rest + 1;
        if (best != SIZE_MAX) most = best - 1;
    }
    return best;
}

static void the_way_to_an_end_is_counted_in_tokens(void **state) {
    (void)state;
    make_toy();
    static const char *const patterns[] = {"[ab]{9}1",       "(ab){4}", "(a|b){7}", "\xf0\x9f\x98\x80{2}",
                                           "a(b1){3}\\n", "1{5}",    "[ab1]{12}"};
    for (size_t i = 0; i < COUNT(patterns); i++) {
        quill_constraint *c;
        quill_error err;
        struct reading r = {0};
        assert_ok(quill_constraint_regex(&c, patterns[i], &err), err);
        const uint32_t start = read_all(c->automaton, &r, (struct str){0});
        const size_t least = plain_tokens(c->automaton, &r, start, 7);
        assert_true(least != SIZE_MAX && least > 0);
        for (uint64_t room = 0; room < 14; room++)
            assert_int_equal(constraint_fits(c, &toy, &r, start, room), room >= least);
        reading_free(&r);
        quill_constraint_free(c);
    }
}

// ---- cost -------------------------------------------------------------------------------------------

// States are made anew where they need too much memory, and nothing changes.
static void states_that_were_forgotten_are_made_again(void **state) {
    (void)state;
    make_toy();
    struct constrained k;
    quill_constraint *c;
    quill_error err;
    bool accepts;
    assert_ok(quill_constraint_regex(&c, "(a|b)*a(a|b){3}", &err), err);
    assert_ok(constrained_begin(&k, c, &toy, NULL, &err), err);
    assert_ok(constrained_advance(&k, STR("abab"), 0, &err), err);
    assert_false(constrained_may_end(&k) && false);
    constraint_forget(c);
    assert_ok(constrained_advance(&k, STR("ababab"), 4, &err), err);
    assert_true(constrained_may_end(&k)); // "aba" behind ... a b a b a b: the fourth from the end is a
    constraint_forget(c);
    assert_ok(constrained_accepts(&k, STR("bbbb"), &accepts, &err), err);
    assert_false(accepts);
    constrained_end(&k);
    quill_constraint_free(c);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(regular_patterns_are_read_as_pcre2_reads_them),
        cmocka_unit_test(other_patterns_are_matched_partially),
        cmocka_unit_test(beginnings_of_characters_are_known),
        cmocka_unit_test(mistakes_are_named),
        cmocka_unit_test(what_looks_like_a_mistake_is_none),
        cmocka_unit_test(hostile_patterns_end_soon),
        cmocka_unit_test(tokens_that_may_follow_are_those_of_a_plain_search),
        cmocka_unit_test(draws_have_the_probabilities_of_the_legal_tokens),
        cmocka_unit_test(the_way_to_an_end_is_counted_in_tokens),
        cmocka_unit_test(states_that_were_forgotten_are_made_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
