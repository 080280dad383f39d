// SPDX-License-Identifier: MIT
// Grammars: automata against a plain recognizer, over all short texts.
#include "test.h"

#include "base/error.h"
#include "sampler/constraint/constraint.h"
#include "sampler/constraint/grammar.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

// ---- a plain recognizer -----------------------------------------------------------------------------

// A grammar in lines "S: aSb | ;": a capital is a rule, a small letter itself, `X{1,3}` repeats (`X{2,}` without end).
// The recognizer knows only sequences: a repetition becomes rules of its own.
enum { SYMBOLS = 64, LENGTH = 9, TEXTS = (1 << (LENGTH + 1)) - 1, MOST = 400 };

struct production {
    int rule, symbols[12], n; // a symbol >= 0: a rule; -1 - letter
};

struct plain {
    struct production p[MOST];
    int n, n_rules;
};

static int rule_of(char capital) { return capital - 'A'; }

static void produce(struct plain *g, struct production p) {
    assert_true(g->n < MOST);
    g->p[g->n++] = p;
}

// A rule for `symbol`, min to max times.
static int repeat_plain(struct plain *g, int symbol, int min, int max) {
    const int rule = g->n_rules++;
    assert_true(rule < SYMBOLS);
    struct production p = {.rule = rule, .n = min};
    assert_true(min < 12 && max < 12);
    for (int i = 0; i < min; i++) p.symbols[i] = symbol;
    if (max >= 0) {
        for (; p.n <= max; p.symbols[p.n++] = symbol) produce(g, p);
        return rule;
    }
    const int more = g->n_rules++;
    p.symbols[p.n++] = more;
    produce(g, p);
    produce(g, (struct production){.rule = more});
    produce(g, (struct production){.rule = more, .symbols = {symbol, more}, .n = 2});
    return rule;
}

// ---- both, from one text ----------------------------------------------------------------------------

struct both {
    struct plain plain;
    struct grammar *g;
    uint32_t rules[26];
};

// The number at *text, or -1.
static int take_number(const char **text) {
    if (**text < '0' || **text > '9') return -1;
    int n = 0;
    while (**text >= '0' && **text <= '9') n = 10 * n + *(*text)++ - '0';
    return n;
}

static uint32_t make_alternative(struct both *b, int rule, const char **text) {
    struct production p = {.rule = rule};
    uint32_t parts[12];
    while (**text != '|' && **text != ';') {
        const char c = *(*text)++;
        if (c == ' ') continue;
        const bool capital = c >= 'A' && c <= 'Z';
        int symbol = capital ? rule_of(c) : -1 - c;
        uint32_t expr = capital ? grammar_ref(b->g, b->rules[symbol]) : grammar_text(b->g, (struct str){&c, 1});
        if (**text == '{') {
            ++*text;
            const int min = take_number(text);
            const int max = **text == ',' ? (++*text, take_number(text)) : min;
            ++*text;
            symbol = repeat_plain(&b->plain, symbol, min, max);
            expr = grammar_repeat(b->g, expr, (uint32_t)min, max < 0 ? NEVER : (uint32_t)max);
        }
        assert_true(p.n < 12);
        parts[p.n] = expr;
        p.symbols[p.n++] = symbol;
    }
    produce(&b->plain, p);
    return grammar_sequence(b->g, parts, (size_t)p.n);
}

static void make_both(struct both *b, const char *text) {
    *b = (struct both){.g = grammar_create(), .plain.n_rules = 26};
    assert_non_null(b->g);
    for (size_t i = 0; i < 26; i++) b->rules[i] = grammar_rule(b->g, STR("rule"));
    bool defined[26] = {false};
    while (*text) {
        const int rule = rule_of(*text);
        uint32_t choices[12];
        size_t n = 0;
        for (text += 2; n < 12; text++) {
            choices[n++] = make_alternative(b, rule, &text);
            if (*text == ';') break;
        }
        grammar_define(b->g, b->rules[rule], grammar_choice(b->g, choices, n));
        defined[rule] = true;
        text++;
        while (*text == ' ') text++;
    }
    for (size_t i = 0; i < 26; i++)
        if (!defined[i]) grammar_define(b->g, b->rules[i], grammar_choice(b->g, NULL, 0));
}

// matches[r][i][j]: rule r matches text[i..j). Found by adding what follows, until nothing does.
static bool recognize(const struct plain *g, int start, const char *text, int n) {
    static bool matches[SYMBOLS][LENGTH + 1][LENGTH + 1];
    memset(matches, 0, sizeof matches);
    for (bool more = true; more;) {
        more = false;
        for (int k = 0; k < g->n; k++)
            for (int i = 0; i <= n; i++) {
                const struct production *p = &g->p[k];
                unsigned at = 1u << i; // where the symbols so far can end
                for (int s = 0; s < p->n && at; s++) {
                    unsigned next = 0;
                    for (int from = i; from <= n; from++) {
                        if (!(at >> from & 1)) continue;
                        if (p->symbols[s] < 0) {
                            if (from < n && text[from] == -1 - p->symbols[s]) next |= 1u << (from + 1);
                            continue;
                        }
                        for (int to = from; to <= n; to++)
                            if (matches[p->symbols[s]][from][to]) next |= 1u << to;
                    }
                    at = next;
                }
                for (int to = i; to <= n; to++)
                    if (at >> to & 1 && !matches[p->rule][i][to]) matches[p->rule][i][to] = more = true;
            }
    }
    return matches[start][0][n];
}

// ---- all short texts --------------------------------------------------------------------------------

// A text of the letters a and b as a number: a one in front, then its letters.
struct trial {
    const char *grammar;
    const bool *in; // [TEXTS + 1] whether it belongs to the language
    struct automaton *a;
    struct reading r;
    int length;
};

static int least_of(const struct trial *t, unsigned text, int n) {
    if (t->in[text]) return 0;
    int least = 1000;
    if (n == t->length) return least;
    for (unsigned letter = 0; letter < 2; letter++) {
        const int rest = 1 + least_of(t, 2 * text + letter, n + 1);
        if (rest < least) least = rest;
    }
    return least;
}

static void check_text(struct trial *t, unsigned text, int n, uint32_t state) {
    const int expected = least_of(t, text, n);
    const bool alive = state != DEAD, ends = alive && t->a->kind->may_end(t->a, &t->r, state);
    const uint32_t least = alive ? t->a->kind->least(t->a, &t->r, state) : NEVER;
    const bool near = least <= (uint32_t)(t->length - n);
    const bool good = ends == t->in[text] && (expected < 1000 ? least == (uint32_t)expected : !near);
    if (!good) print_error("%s: text %x of %d: %d, %u instead of %d\n", t->grammar, text, n, ends, least, expected);
    assert_true(good);
    if (n == t->length) return;
    for (unsigned letter = 0; letter < 2; letter++) {
        const uint32_t next = alive ? t->a->kind->step(t->a, &t->r, state, (uint8_t)('a' + letter)) : DEAD;
        check_text(t, 2 * text + letter, n + 1, next);
    }
}

static void check_grammar(const char *text, int length) {
    static bool in[TEXTS + 1];
    struct both b;
    quill_error err;
    size_t n_in = 0;
    make_both(&b, text);
    for (unsigned i = 1; i < 1u << (length + 1); i++) {
        char letters[LENGTH];
        int n = 31 - __builtin_clz(i);
        for (int k = 0; k < n; k++) letters[k] = (char)('a' + (i >> (n - 1 - k) & 1));
        in[i] = recognize(&b.plain, rule_of('S'), letters, n);
        n_in += in[i];
    }
    struct trial t = {.grammar = text, .in = in, .length = length, .r.effort_left = UINT64_MAX};
    const quill_status s = grammar_automaton(&t.a, b.g, b.rules[rule_of('S')], "test", QUILL_STOP_GRAMMAR, &err);
    if (s) {
        if (n_in || strcmp(err.text, "test: no text matches") != 0) print_error("%s: %s\n", text, err.text);
        assert_int_equal(n_in, 0);
        assert_string_equal(err.text, "test: no text matches");
        return;
    }
    check_text(&t, 1, 0, t.a->kind->start(t.a, &t.r));
    assert_int_equal(t.r.status, QUILL_OK);
    t.a->kind->forget(t.a);
    check_text(&t, 1, 0, t.a->kind->start(t.a, &t.r));
    reading_free(&t.r);
    t.a->kind->free(t.a);
}

static void grammars_are_read_as_a_plain_recognizer_reads_them(void **state) {
    (void)state;
    static const char *const grammars[] = {
        "S:a;", "S:;", "S:ab|a;", "S:aS|;", "S:Sa|;", "S:Sa|b;", "S:aSb|;", "S:SS|a|;", "S:SS|SSS|a|;", "S:SS|a|b;",
        "S:AB; A:aA|; B:bB|;", "S:AB; A:Aa|; B:Bb|;", "S:AAAA; A:a|;", "S:aSa|bSb|a|b|;", "S:aSa|bSb|;",
        "S:A; A:B|a; B:A|b;", "S:A; A:Bb|a; B:Aa|b;", "S:AS|b; A:|a;", "S:ASb|b; A:|a;", "S:NSa|b; N:NN|;",
        "S:NSN|a; N:;", "S:S|a;", "S:S;", "S:Sa;", "S:T|a; T:Tb;", "S:aX|b; X:Xa;", "S:XSb|a; X:aSX|;",
        "S:SbS|a;", "S:SbS|aSa|a;", "S:EaE|E; E:SbS|b;", "S:AaS|A; A:AbB|B; B:a|bSb;", "S:Sa|Sb|SaSb|;",
        "S:A{2,3}; A:aAb|b;", "S:A{0,4}b; A:aAb|a;", "S:A{2,}; A:aAa|b;", "S:A{0,3}; A:aAb|;", "S:A{3,4}; A:aAb|a|;",
        "S:A{1,3}; A:B{1,2}; B:aBb|a|b;", "S:A{2,4}; A:B{0,2}a; B:bBb|a;", "S:S{2,3}|a;", "S:S{2,3}|a|b{1,2};",
        "S:T{2,3}|b; T:Sa|a;", "S:T{2,3}|b; T:Sa|Tb|a;", "S:T{0,2}b|a; T:Sa;", "S:T{2,}|b; T:Sa|;", "S:a{3};",
        "S:a{2,}b{0,2};", "S:a{0,0}b;", "S:A{3}; A:SA|a;", "S:aS{0,1}b|;", "S:B{1,2}; B:Sa|b;", "S:B{3}b|a; B:S|Bb;",
        "S:aAS|b; A:SbA|;", "S:X{2,2}; X:X{1,2}a|b;", "S:AbA; A:A{2,2}|a|;", "S:aT; T:aT|bT|;", "S:aT|bT; T:S|;",
        "S:ABC; A:aA|; B:AbC|; C:SB|a;", "S:A{2,3}B{1,2}; A:aAb|a; B:bBa|b;", "S:A{5}; A:aAa|b|;", "S:LaL; L:SbS|L|;",
        "S:UVW; U:V|a; V:W|b; W:U|;", "S:UVWS|b; U:V|a; V:W|b; W:U|;", "S:aSaS|b;", "S:SaSa|b;", "S:aaa|aab|aba|ab|b|;",
        "S:E; E:EaT|T; T:TbF|F; F:aEb|b;", "S:E; E:EaE|EbE|aEb|b;", "S:EW; E:EWaWE|b; W:W|bW|;",
    };
    for (size_t i = 0; i < COUNT(grammars); i++) check_grammar(grammars[i], LENGTH);
}

// Made by chance: up to four rules that are alternatives of up to four symbols.
static void random_grammars_are_read_as_a_plain_recognizer_reads_them(void **state) {
    (void)state;
    uint64_t seed = 12;
    for (int i = 0; i < 1500; i++) {
        char text[300];
        size_t n = 0;
        const size_t n_rules = 1 + test_random(&seed) % 4;
        for (size_t rule = 0; rule < n_rules; rule++) {
            text[n++] = "STUV"[rule];
            text[n++] = ':';
            for (size_t k = test_random(&seed) % 4 + 1; k > 0; k--) {
                for (size_t m = test_random(&seed) % 5; m > 0; m--) {
                    const bool capital = test_random(&seed) % 2;
                    text[n++] = capital ? "STUV"[test_random(&seed) % n_rules] : "ab"[test_random(&seed) % 2];
                    if (test_random(&seed) % 5 > 0) continue;
                    static const char *const counts[] = {"{0,1}", "{0,}", "{1,}", "{2,3}", "{0,2}", "{2,}", "{1,3}"};
                    const char *count = counts[test_random(&seed) % COUNT(counts)];
                    memcpy(text + n, count, strlen(count));
                    n += strlen(count);
                }
                text[n++] = k > 1 ? '|' : ';';
            }
        }
        text[n] = '\0';
        check_grammar(text, 6);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(grammars_are_read_as_a_plain_recognizer_reads_them),
        cmocka_unit_test(random_grammars_are_read_as_a_plain_recognizer_reads_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
