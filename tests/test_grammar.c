// SPDX-License-Identifier: MIT
// Grammars: automata against a plain recognizer, over all short texts.
#include "test.h"

#include "base/error.h"
#include "draws.h"
#include "sampler/constraint/constraint.h"
#include "sampler/constraint/gbnf.h"
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
    for (int i = 0; i < 1500 / test_share(); i++) {
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

// ---- GBNF -------------------------------------------------------------------------------------------

static quill_status parse(struct automaton **a, const char *text, quill_error *err) {
    struct grammar *g = grammar_create();
    uint32_t root;
    quill_status s = gbnf_parse(g, &root, str_of(text), err);
    if (s) grammar_free(g);
    return s ? s : grammar_automaton(a, g, root, "grammar", QUILL_STOP_GRAMMAR, err);
}

// 2: the text is complete; 1: it can go on; 0: neither.
static int answer(struct automaton *a, const char *text) {
    struct reading r = {.effort_left = UINT64_MAX};
    uint32_t state = a->kind->start(a, &r);
    for (; *text && state != DEAD; text++) state = a->kind->step(a, &r, state, (uint8_t)*text);
    const int result = state == DEAD ? 0 : a->kind->may_end(a, &r, state) ? 2 : 1;
    assert_int_equal(r.status, QUILL_OK);
    reading_free(&r);
    return result;
}

static void gbnf_means_what_it_says(void **state) {
    (void)state;
    static const struct {
        const char *grammar;
        const char *texts[7]; // the digit in front is what `answer` returns
    } cases[] = {
        {"root ::= \"a\"", {"2a", "0b", "0aa", "1"}},
        {"root::=\"a\"|\"b\"", {"2a", "2b"}},
        {"# c\nroot ::= x y # c\n# c\nx ::= \"a\"\n\ny ::= \"b\"\n", {"2ab", "1a", "0b"}},
        {"root ::= x\n  | \"b\"\n\n  | y |\n\n \"d\"\nx ::= \"a\"\r\ny ::= \"c\"", {"2a", "2b", "2c", "2d", "0e"}},
        {"root ::= \"\\n\\t\\r\\\\\\\"\\[\\]\\x41\\u00e9\\U0001F600\"", {"2\n\t\r\\\"[]A\xc3\xa9\xf0\x9f\x98\x80"}},
        {"root ::= [a-c\\]x\\x30-\\x32-]", {"2a", "2c", "2]", "2x", "21", "2-", "0d"}},
        {"root ::= [^a-c\\n]", {"2d", "2\xc3\xa9", "0a", "0\n", "1\xc3"}},
        {"root ::= .", {"2\n", "2\xf0\x9f\x98\x80", "1\xf0\x9f", "0\xc0", "0\xed\xa0"}},
        {"root ::= [\xc3\xa9-\xc3\xaf]+", {"2\xc3\xa9\xc3\xaa", "0\xc3\xb0", "0\xc3\x80"}},
        {"root ::= \"ab\"* \"c\"", {"2c", "2ababc", "1aba", "0abb"}},
        {"root ::= \"ab\"+", {"2ab", "2abab", "1a", "1"}},
        {"root ::= \"a\"? \"b\"{2}", {"2abb", "2bb", "0bbb"}},
        {"root ::= \"a\"{2,} \"b\"{ 1 , 2 }", {"2aab", "2aaaabb", "0ab", "0aabbb"}},
        {"root ::= \"a\"{,2}", {"2", "2aa", "0aaa"}},
        {"root ::= (\"a\" | \"b\" (\"c\")?)+ \"d\"", {"2abcd", "1bcb", "0d", "0acd"}},
        {"root ::= (\n \"a\"\n \"b\" # c\n)", {"2ab"}},
        {"root ::= \"a\" |", {"2a", "2"}},
        {"root ::= \"\"", {"2", "0a"}},
        {"root ::= () \"a\"", {"2a"}},
        {"root ::= \"a\"+*", {"2", "2aaa"}},
        {"root ::= a-b\na-b ::= C_1\nC_1 ::= \"x\"", {"2x"}},
        {"root ::= root \"a\" | \"b\"", {"2b", "2baa", "0ab"}},
        {"root ::= \"a\"{0,1000000000} \"b\"", {"2b", "2aaab"}},
        {"root ::= (\"a\" | \"bb\"){3,1000000}", {"1aa", "2abba", "2bbbbbb", "1abbb", "2aaaaaaa"}},
        {"\xef\xbb\xbfroot ::= \"a\"", {"2a"}},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct automaton *a;
        quill_error err;
        const quill_status s = parse(&a, cases[i].grammar, &err);
        if (s) print_error("%s\n", cases[i].grammar);
        assert_ok(s, err);
        for (size_t k = 0; k < COUNT(cases[i].texts) && cases[i].texts[k]; k++) {
            const int got = answer(a, cases[i].texts[k] + 1);
            if (got != cases[i].texts[k][0] - '0') print_error("%s: '%s'\n", cases[i].grammar, cases[i].texts[k] + 1);
            assert_int_equal(got, cases[i].texts[k][0] - '0');
        }
        a->kind->free(a);
    }
}

static void mistakes_are_named(void **state) {
    (void)state;
    static const struct {
        const char *grammar, *text;
    } cases[] = {
        {"", "line 1, column 1: there is no rule 'root', with which texts begin"},
        {"x ::= \"a\"\n", "line 2, column 1: there is no rule 'root', with which texts begin"},
        {"root ::= x", "line 1, column 10: rule 'x' is not defined"},
        {"root ::= \"a\" y\ny ::= (z | \"\xc3\xa9\" z)", "line 2, column 8: rule 'z' is not defined"},
        {"root ::= \"a", "line 1, column 10: this literal has no end"},
        {"root ::= [a", "line 1, column 10: this class has no end"},
        {"root ::= (\"a\"", "line 1, column 14: expected ')' of a group, found the end"},
        {"root ::= \"a\")", "line 1, column 13: expected the end of the rule, found ')'"},
        {"root = \"a\"", "line 1, column 6: expected '::=', found '='"},
        {"root ::= \"a\"\n\n!", "line 3, column 1: expected the name of a rule, found '!'"},
        {"root ::= *", "line 1, column 10: there is nothing in front of '*' that it could repeat"},
        {"root ::= \"\\q\"", "line 1, column 11: unknown escape \\, then 'q'"},
        {"root ::= \"\\x4\"", "line 1, column 14: expected 2 hexadecimal digits, found '\"'"},
        {"root ::= \"\\ud800\"", "line 1, column 11: U+D800 is no character"},
        {"root ::= \"\\U00110000\"", "line 1, column 11: U+110000 is no character"},
        {"root ::= [b-a]", "line 1, column 11: this range of characters is the wrong way round"},
        {"root ::= \"a\"{3,2}", "line 1, column 13: at least 3 times and at most 2"},
        {"root ::= \"a\"{x}", "line 1, column 14: expected a number, found 'x'"},
        {"root ::= \"a\"{1", "line 1, column 15: expected '}', found the end"},
        {"root ::= \"a\"{1152921504606846976}", "line 1, column 14: more than 1000000000 repetitions"},
        {"root ::= <think>", "line 1, column 10: tokens, as in <token> and <[id]>, are not supported"},
        {"root ::= \"\xff\"", "line 1, column 11: this is not UTF-8"},
        {"root ::= \xff", "line 1, column 10: expected an expression, found '\\xff'"},
        {"root ::= root \"a\"", "line 1, column 1: no text matches rule 'root'"},
        {"root ::= \"a\" | x\nx ::= \"b\" x", "line 2, column 1: no text matches rule 'x'"},
        {"root ::= []", "line 1, column 1: no text matches rule 'root'"},
        {"root ::= \"a\"\nroot ::= \"b\"", "line 2, column 1: rule 'root' is defined again"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        quill_constraint *c;
        quill_error err;
        assert_int_equal(quill_constraint_grammar(&c, cases[i].grammar, strlen(cases[i].grammar), &err), QUILL_E_USAGE);
        assert_int_equal(err.status, QUILL_E_USAGE);
        assert_memory_equal(err.text, "grammar: ", 9);
        assert_string_equal(err.text + 9, cases[i].text);
    }
}

static char *read_file(const char *folder, const char *name, const char *kind) {
    char path[100];
    snprintf(path, sizeof path, TEST_DATA("%s/%s.%s"), folder, name, kind);
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    char *text = calloc(1, 10000);
    assert_non_null(text);
    assert_in_range(fread(text, 1, 9999, f), 1, 9998);
    fclose(f);
    return text;
}

static void whole_grammars_are_read(void **state) {
    (void)state;
    static const struct {
        const char *name;
        const char *texts[20];
    } cases[] = {
        {"json",
         {"2{\"a\": [1, -2.5e+3, true, null], \"b\": {\"\\u00e9\\n\": \"\xc3\xa9\"}}", "2[[[[]]]]", "1[[[[]]]", "0[1,]",
          "0{\"a\" 1}", "001", "21", "0\"a\n", "2 \"x\" ", "0nul1", "1{\"a\":", "0{,", "2{}", "1-", "0\"\\x\""}},
        {"arithmetic",
         {"21 + 2 * 3 - 4 = 5\n", "2((a + b1) * (c - 2.5)) / -x = 0.1\n", "11 + 2", "01 +2", "01 + 2 == 3\n",
          "0(1 + 2)) = 3\n", "1(((((((((((1) * 1", "1a - ", "0 1"}},
        {"chess",
         {"21. e4 e5 2. Nf3 Nc6 3. Bb5 a6 1-0\n", "21. O-O-O+ exd8=Q#\n", "01. e9", "0e4", "11. N",
          "21. Qh4xe1 1/2-1/2\n"}},
        {"c",
         {"2int x;", "2unsigned char** f(int a, char* b) {\nreturn a+b*f(1)(2, \"x\\n\")==3;\n}\n",
          "1int f() { if (a < (b)) { while (1) { x = y;}}else { return", "0int 1x;", "2int f() {}int g() {{}}",
          "0int f() {return }", "2long a[10];\n\n", "1int f() {a"}},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        char *text = read_file("grammars", cases[i].name, "gbnf");
        struct automaton *a;
        quill_error err;
        assert_ok(parse(&a, text, &err), err);
        for (size_t k = 0; k < COUNT(cases[i].texts) && cases[i].texts[k]; k++) {
            int expected = cases[i].texts[k][0] - '0', got = answer(a, cases[i].texts[k] + 1);
            if (got != expected) print_error("%s: '%s': %d\n", cases[i].name, cases[i].texts[k], got);
            assert_int_equal(got, expected);
        }
        a->kind->free(a);
        free(text);
    }
}

// ---- tokens -----------------------------------------------------------------------------------------

enum { SHORT = 1200, TOKENS = 1400 }; // the others are long
static char token_bytes[TOKENS][40];
static size_t token_length[TOKENS];

static struct str token(void *user, int32_t id) {
    (void)user;
    return (struct str){token_bytes[id], token_length[id]};
}

// 0 ends a text; then bytes, and pieces made of what is in the texts of these grammars; then long ones, of letters, of
// one character, or of all of these.
static void make_tokens(void) {
    static const char usual[] = "  \n\"\"{}[]():,.;=+-*/ab1intreturnfelswhNQKx\\u0\xc3\xa9\xf0\x9f\x98\x80";
    uint64_t seed = 5;
    for (size_t i = 1; i < SHORT; i++) {
        token_length[i] = i < 256 ? 1 : 2 + test_random(&seed) % (test_random(&seed) % 10 + 1);
        for (size_t k = 0; k < token_length[i]; k++)
            token_bytes[i][k] = i < 256 ? (char)i : usual[test_random(&seed) % (sizeof usual - 1)];
    }
    for (size_t i = SHORT; i < TOKENS; i++) {
        const char one = usual[test_random(&seed) % (sizeof usual - 9)];
        token_length[i] = 5 + test_random(&seed) % 36;
        for (size_t k = 0; k < token_length[i]; k++)
            token_bytes[i][k] = i % 4 == 0 ? one : (char)('a' + test_random(&seed) % 26);
        if (i % 4 == 1) token_bytes[i][test_random(&seed) % token_length[i]] = one;
    }
}

static const struct vocabulary vocabulary = {.identity = token_bytes, .n_vocab = TOKENS, .bytes_of = token};

// A text drawn at random, with every mask on its way.
static void draw_text(const char *name, quill_constraint *c, uint64_t seed) {
    struct constrained k;
    struct token_set set, plain;
    quill_error err;
    char text[300 * sizeof *token_bytes];
    size_t n = 0;
    assert_ok(constrained_begin(&k, c, &vocabulary, NULL, &err), err);
    assert_true(token_set_create(&set, TOKENS) && token_set_create(&plain, TOKENS));
    for (int tokens = 0; tokens < 300 && !(constrained_may_end(&k) && test_random(&seed) % 8 == 0); tokens++) {
        k.reading.effort_left = UINT64_MAX;
        assert_true(constraint_mask(c, &vocabulary, &k.reading, k.state, &set));
        size_t chosen = TOKENS, n_set = 0;
        for (size_t id = 1; id < TOKENS; id++) {
            const bool can = constraint_read(c, &k.reading, k.state, token(NULL, (int32_t)id)) != DEAD;
            if (can != token_set_has(&set, id))
                print_error("%s: '%.*s', then '%.*s'\n", name, (int)n, text, (int)token_length[id], token_bytes[id]);
            assert_int_equal(can, token_set_has(&set, id));
            n_set += can;
            if (can && test_random(&seed) % n_set == 0) chosen = id;
        }
        assert_int_equal(set.n, n_set);
        if (!n_set) assert_true(constrained_may_end(&k));
        if (!n_set) break;
        memcpy(text + n, token_bytes[chosen], token_length[chosen]);
        assert_ok(constrained_advance(&k, (struct str){text, n + token_length[chosen]}, n, &err), err);
        n += token_length[chosen];
        if (tokens % 50 == 49) constraint_forget(c);
        if (tokens % 50 == 49) k.forgotten--; // so that the text is read again
        if (tokens % 50 == 49) assert_ok(constrained_advance(&k, (struct str){text, n}, n, &err), err);
    }
    free(set.bits);
    free(plain.bits);
    constrained_end(&k);
}

typedef quill_status constraint_maker(quill_constraint **out, const char *text, size_t n, quill_error *err);

// Draws texts under each constraint of a folder, whose masks draw_text compares with those of a plain search.
static void draw_under_each(const char *folder, const char *ending, const char *const *names, size_t n,
                            constraint_maker *make, uint64_t n_seeds) {
    make_tokens();
    for (size_t i = 0; i < n; i++) {
        char *text = read_file(folder, names[i], ending);
        quill_constraint *c;
        quill_error err;
        assert_ok(make(&c, text, strlen(text), &err), err);
        for (uint64_t seed = 0; seed < n_seeds; seed++) draw_text(names[i], c, seed);
        quill_constraint_free(c);
        free(text);
    }
}

static void masks_are_those_of_a_plain_search(void **state) {
    (void)state;
    static const char *const names[] = {"json", "arithmetic", "chess", "c"};
    draw_under_each("grammars", "gbnf", names, COUNT(names), quill_constraint_grammar, 6);
}

static void masks_of_schemas_are_those_of_a_plain_search(void **state) {
    (void)state;
    static const char *const names[] = {"person", "invoice", "tool_call", "nested_arrays", "enums", "tree", "dates",
                                        "numbers", "unions", "long_strings"};
    draw_under_each("schema/realistic", "json", names, COUNT(names), quill_constraint_json_schema, 3);
}

static enum token_end token_ends(void *user, int32_t id) {
    (void)user;
    return id == 0 ? TOKEN_ENDS : TOKEN_GOES_ON;
}

// A text of at most n tokens; with fewer than there are in the shortest one, there is none. Returns whether it came.
static bool draw_short_text(struct sampler *s, quill_constraint *c, uint64_t n, uint64_t seed) {
    static float logits[TOKENS];
    quill_sampling sampling = quill_sampling_default();
    struct constrained k;
    quill_error err;
    char text[2000];
    size_t length = 0;
    bool came = true;
    sampling.temp = 2;
    assert_ok(constrained_begin(&k, c, &vocabulary, NULL, &err), err);
    for (uint64_t i = 0; i < n && came; i++) {
        for (size_t id = 0; id < TOKENS; id++) logits[id] = (float)(test_random(&seed) % 8000) / 1000;
        struct constrained_draw d = {.sampler = s, .logits = logits, .text = {text, length}, .room = n - 1 - i,
                                     .ends = token_ends, .adds = token};
        d.draw = (struct draw){.sampling = &sampling, .key = {.seed = seed, .position = i}};
        int32_t id;
        bool ends;
        came = constrained_take(&k, &d, &id, &ends, &err) == QUILL_OK;
        if (!came && i > 0) print_error("%s\n", err.text);
        if (!came) assert_int_equal(i, 0);
        if (!came || ends || id < 0) break;
        memcpy(text + length, token_bytes[id], token_length[id]);
        assert_ok(constrained_advance(&k, (struct str){text, length + token_length[id]}, length, &err), err);
        length += token_length[id];
    }
    if (came) assert_true(constrained_may_end(&k));
    constrained_end(&k);
    return came;
}

static void texts_end_within_their_tokens(void **state) {
    (void)state;
    static const char *const grammars[] = {
        "root ::= \"{\" root \"}\" | \"int\" [a-z]{20} \"return\"", "root ::= root \"+\" root | [0-9]{12}",
        "root ::= \"(\" root{2} \")\" | \"[\" (\"ab\" | \"1\" root){9,11} \"]\"", "root ::= \"\\u00e9\"{30}",
    };
    make_tokens();
    struct sampler *s = sampler_create(TOKENS);
    for (size_t i = 0; i < COUNT(grammars); i++) {
        quill_constraint *c;
        quill_error err;
        assert_ok(quill_constraint_grammar(&c, grammars[i], strlen(grammars[i]), &err), err);
        uint64_t fewest = 1;
        while (!draw_short_text(s, c, fewest, fewest)) fewest++;
        assert_in_range(fewest, 3, 60);
        for (uint64_t n = fewest; n < fewest + 30; n++) assert_true(draw_short_text(s, c, n, n));
        quill_constraint_free(c);
    }
    sampler_free(s);
}

// ---- hostile grammars -------------------------------------------------------------------------------

// n lines, or alternatives; %zu is the number of each, %zu the next one.
static char *many(const char *head, const char *line, size_t n, const char *tail) {
    const size_t room = strlen(head) + n * (strlen(line) + 20) + strlen(tail) + 1;
    char *text = malloc(room);
    assert_non_null(text);
    size_t at = (size_t)snprintf(text, room, "%s", head);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    for (size_t i = 0; i < n; i++) at += (size_t)snprintf(text + at, room - at, line, i, i + 1);
#pragma GCC diagnostic pop
    snprintf(text + at, room - at, "%s", tail);
    return text;
}

// The grammar is refused, or a text of x is read, or too hard to read, within what one draw may cost.
static void survive(char *grammar) {
    struct automaton *a;
    quill_error err;
    const quill_status s = parse(&a, grammar, &err);
    free(grammar);
    if (s) assert_int_equal(s, QUILL_E_USAGE);
    if (s) return;
    struct reading r = {.effort_left = 5000000};
    uint32_t state = a->kind->start(a, &r);
    for (int i = 0; i < 300 && state != DEAD; i++) state = a->kind->step(a, &r, state, 'x');
    assert_true(r.status == QUILL_OK || r.status == QUILL_E_CONSTRAINT);
    reading_free(&r);
    a->kind->free(a);
}

static void hostile_grammars_end_soon(void **state) {
    (void)state;
    static const struct {
        const char *head, *line;
        size_t n;
        const char *tail;
    } cases[] = {
        {"root ::= root root | \"x\" | \"\"", "", 0, ""},
        {"root ::= root root root | \"x\" | root \"x\" | \"x\" root", "", 0, ""},
        {"root ::= a b\na ::= b a |\nb ::= a b | \"x\" |", "", 0, ""},
        {"root ::= a\na ::= a a a | \"x\" | a b\nb ::= a |", "", 0, ""},
        {"root ::= \"x\" root \"y\" | \"x\" root \"z\" | \"z\" | \"x\" root", "", 0, ""},
        {"root ::= (\"x\" | \"xx\"){1000,1000000000} \"y\"", "", 0, ""},
        {"root ::= ((\"x\"{1,1000} \"y\"?){1,1000} \"z\"?){1,1000000}", "", 0, ""},
        {"root ::= \"\"", " | \"%zu\" root", 20000, ""},
        {"root ::= \"\"", " | r%zu", 10000, "\n#"},
        {"root ::= ", "\"x\"? ", 3000, ""},
        {"root ::= ", "(\"x\"* \"y\")? ", 3000, ""},
        {"root ::= ", "(", 100000, ""},
        {"root ::= ", "[x\\u%04zx-\\u%04zx] | ", 5000, "root \"x\""},
        {"root ::= r0\n", "r%zu ::= r%zu \"x\" | \"y\"\n", 20000, "r20000 ::= \"x\""},
        {"root ::= r0\n", "r%zu ::= \"x\" r%zu | \"y\"\n", 20000, "r20000 ::= \"x\""},
        {"root ::= r0\n", "r%zu ::= r%zu\n", 20000, "r20000 ::= \"x\"+"},
        {"root ::= r0\n", "r%1$zu ::= r%2$zu r%2$zu\n", 200, "r200 ::= \"x\""},
        {"root ::= r0\n", "r%1$zu ::= r%2$zu r%2$zu\n", 200, "r200 ::= \"x\" | \"\""},
        {"root ::= r0\n", "r%zu ::= r%zu \"x\" | \"y\"\n", 300, "r300 ::= r0 | \"x\""},
        {"root ::= r0\n", "r%zu ::= r%zu \"x\" | \"y\"\n", 5000, "r5000 ::= r0"},
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        survive(many(cases[i].head, cases[i].line, cases[i].n, cases[i].tail));
}

// ---- draws ------------------------------------------------------------------------------------------

// 0 ends a text; the others are the texts of one to three letters a and b.
enum { TOY = 15 };

static struct str toy_token(void *user, int32_t id) {
    static char bytes[TOY][4];
    unsigned text = (unsigned)id + 1, n = 31 - (unsigned)__builtin_clz(text);
    (void)user;
    for (unsigned i = 0; i < n; i++) bytes[id][i] = "ab"[text >> (n - 1 - i) & 1];
    return (struct str){bytes[id], n};
}

static enum token_end toy_ends(void *user, int32_t id) {
    (void)user;
    return id == 0 ? TOKEN_ENDS : TOKEN_GOES_ON;
}

static const struct vocabulary toy = {.identity = &vocabulary, .n_vocab = TOY, .bytes_of = toy_token};

// Whether text[0..n) begins a text of the language that has at most LENGTH letters.
static bool begins(const struct plain *g, char *text, int n) {
    if (recognize(g, rule_of('S'), text, n)) return true;
    for (int letter = 'a'; n < LENGTH && letter <= 'b'; letter++) {
        text[n] = (char)letter;
        if (begins(g, text, n + 1)) return true;
    }
    return false;
}

static void check_draws(const char *grammar, const char *before, const quill_sampling *sampling) {
    struct both b;
    quill_error err;
    char text[LENGTH + 1];
    float logits[TOY];
    bool legal[TOY] = {false};
    size_t n = strlen(before);
    uint64_t seed = 3;
    quill_constraint *c = calloc(1, sizeof *c);
    assert_non_null(c);
    struct constrained k;
    struct sampler *s = sampler_create(TOY);
    make_both(&b, grammar);
    for (int32_t id = 0; id < TOY; id++) {
        const struct str bytes = toy_token(NULL, id);
        logits[id] = (float)(test_random(&seed) % 4000) / 1000;
        memcpy(text, before, n);
        if (bytes.n) memcpy(text + n, bytes.p, bytes.n);
        legal[id] = id ? begins(&b.plain, text, (int)(n + bytes.n)) : recognize(&b.plain, rule_of('S'), text, (int)n);
    }
    assert_ok(grammar_automaton(&c->automaton, b.g, b.rules[rule_of('S')], "test", QUILL_STOP_GRAMMAR, &err), err);
    assert_ok(constrained_begin(&k, c, &toy, NULL, &err), err);
    assert_ok(constrained_advance(&k, str_of(before), 0, &err), err);
    check_legal_draws(&(struct legal_draws){&k, s, TOY, logits, sampling, legal, before, toy_ends, toy_token, grammar,
                                            ""});
    constrained_end(&k);
    quill_constraint_free(c);
    sampler_free(s);
}

static void draws_have_the_probabilities_of_the_legal_tokens(void **state) {
    (void)state;
    static const struct {
        const char *grammar, *before;
    } cases[] = {
        {"S:Sa|b;", ""}, {"S:aSb|;", "a"}, {"S:SS|a|;", "aa"}, {"S:SbS|a;", "ab"}, {"S:A{2,3}; A:aAb|b;", ""},
        {"S:A{2,4}; A:B{0,2}a; B:bBb|a;", ""}, {"S:aSa|bSb|a|b|;", "ab"}, {"S:XSb|a; X:aSX|;", ""},
        {"S:E; E:EaT|T; T:TbF|F; F:aEb|b;", ""}, {"S:T{2,3}|b; T:Sa|a;", ""},
    };
    quill_sampling usual = quill_sampling_default(), all = usual, few = usual;
    all.top_k = 0;
    all.top_p = 1;
    all.min_p = 0;
    few.top_k = 2;
    for (size_t i = 0; i < COUNT(cases); i += (size_t)test_share()) {
        check_draws(cases[i].grammar, cases[i].before, &usual);
        check_draws(cases[i].grammar, cases[i].before, &all);
        check_draws(cases[i].grammar, cases[i].before, &few);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(grammars_are_read_as_a_plain_recognizer_reads_them),
        cmocka_unit_test(random_grammars_are_read_as_a_plain_recognizer_reads_them),
        cmocka_unit_test(gbnf_means_what_it_says),
        cmocka_unit_test(mistakes_are_named),
        cmocka_unit_test(whole_grammars_are_read),
        cmocka_unit_test(masks_are_those_of_a_plain_search),
        cmocka_unit_test(masks_of_schemas_are_those_of_a_plain_search),
        cmocka_unit_test(hostile_grammars_end_soon),
        cmocka_unit_test(texts_end_within_their_tokens),
        cmocka_unit_test(draws_have_the_probabilities_of_the_legal_tokens),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
