// SPDX-License-Identifier: MIT
#include "schema_compile.h"
#include "schema_formats.h"

// ---- any string -------------------------------------------------------------------------------------

static uint32_t chars(struct compiler *c, const struct char_range *ranges, size_t n) {
    const struct char_set set = {.ranges = (struct char_range *)(uintptr_t)ranges, .n = n};
    return grammar_chars(c->g, &set);
}
#define CHARS(c, ...)                                                                                                  \
    chars(c, (const struct char_range[]){__VA_ARGS__},                                                                 \
          sizeof((struct char_range[]){__VA_ARGS__}) / sizeof(struct char_range))

static uint32_t row(struct compiler *c, const uint32_t *exprs, size_t n) { return grammar_sequence(c->g, exprs, n); }
#define ROW(c, ...) row(c, (const uint32_t[]){__VA_ARGS__}, sizeof((uint32_t[]){__VA_ARGS__}) / sizeof(uint32_t))

// Four hexadecimal digits of a character, not of NUL, or of the two surrogates of one.
static uint32_t compile_unicode(struct compiler *c) {
    const uint32_t h = CHARS(c, {'0', '9'}, {'A', 'F'}, {'a', 'f'}), zero = CHARS(c, {'0', '0'});
    const uint32_t not_zero = CHARS(c, {'1', '9'}, {'A', 'F'}, {'a', 'f'});
    const uint32_t d = CHARS(c, {'D', 'D'}, {'d', 'd'});
    const uint32_t high = CHARS(c, {'8', '9'}, {'A', 'B'}, {'a', 'b'}), low = CHARS(c, {'C', 'F'}, {'c', 'f'});
    const uint32_t ways[] = {
        ROW(c, CHARS(c, {'1', '9'}, {'A', 'C'}, {'E', 'F'}, {'a', 'c'}, {'e', 'f'}), h, h, h),
        ROW(c, d, CHARS(c, {'0', '7'}), h, h),
        ROW(c, zero, not_zero, h, h),
        ROW(c, zero, zero, not_zero, h),
        ROW(c, zero, zero, zero, not_zero),
        ROW(c, d, high, h, h, grammar_text(c->g, STR("\\u")), d, low, h, h),
    };
    return grammar_choice(c->g, ways, sizeof ways / sizeof *ways);
}

// A character within quotes.
static uint32_t compile_character(struct compiler *c) {
    if (!c->text_rule) {
        const uint32_t rule = grammar_rule(c->g, STR("character"));
        const uint32_t plain = CHARS(c, {0x20, '"' - 1}, {'"' + 1, '\\' - 1}, {'\\' + 1, 0xd7ff}, {0xe000, LAST_CODE});
        const uint32_t letter = CHARS(c, {'"', '"'}, {'/', '/'}, {'\\', '\\'}, {'b', 'b'}, {'f', 'f'}, {'n', 'n'},
                                      {'r', 'r'}, {'t', 't'});
        const uint32_t behind[] = {letter, ROW(c, grammar_text(c->g, STR("u")), compile_unicode(c))};
        const uint32_t escape = ROW(c, grammar_text(c->g, STR("\\")), grammar_choice(c->g, behind, 2));
        const uint32_t either[] = {plain, escape};
        grammar_define(c->g, rule, grammar_choice(c->g, either, 2));
        c->text_rule = grammar_ref(c->g, rule);
    }
    return c->text_rule;
}

static uint32_t in_quotes(struct compiler *c, uint32_t expr) {
    const uint32_t quote = grammar_text(c->g, STR("\""));
    return ROW(c, quote, expr, quote);
}

uint32_t compile_any_string(struct compiler *c) {
    return in_quotes(c, grammar_repeat(c->g, compile_character(c), 0, NEVER));
}

uint32_t compile_name(struct compiler *c, const struct nfa *name) {
    struct nfa escaped = {0};
    if (goes_on(c)) compile_fail(c, nfa_json(&escaped, name, c->err));
    return goes_on(c) ? in_quotes(c, compile_nfa(c, &escaped)) : 0;
}

// ---- strings that are asked for more ----------------------------------------------------------------

// A mistake in a pattern gets its place.
static void fail_pattern(struct compiler *c, quill_status s, const quill_error *mistake, const struct value *at) {
    if (s == QUILL_E_USAGE) s = schema_refuse(at, c->err, "%s", mistake->text);
    else if (s) *c->err = *mistake;
    compile_fail(c, s);
}

const struct nfa *pattern_nfa(struct compiler *c, const struct schema *s, struct str pattern, const struct value *at) {
    struct nfa *nfa = &c->patterns[s->index];
    quill_error mistake;
    if (!goes_on(c)) return NULL;
    // A schema that a pattern of names leads to may have a pattern of its own.
    if (at->schema == s) nfa = &c->patterns[c->text->n + s->index];
    if (!nfa->nodes) fail_pattern(c, nfa_search(nfa, pattern, &mistake), &mistake, at);
    return goes_on(c) ? nfa : NULL;
}

// *nfa becomes what both take. `at`: what asks for it, for messages.
static void cut(struct compiler *c, struct nfa *nfa, const struct nfa *other, const struct value *at) {
    struct nfa both = {0};
    quill_error mistake;
    if (!other || !goes_on(c) || !compile_spend(c, nfa->n + other->n)) return;
    const quill_status s = nfa_cut(&both, nfa, other, &mistake);
    if (s) {
        fail_pattern(c, s, &mistake, at);
        return;
    }
    compile_spend(c, both.n);
    nfa_free(nfa);
    *nfa = both;
}

static void cut_length(struct compiler *c, struct nfa *nfa, uint64_t min, uint64_t max, const struct value *at) {
    struct nfa length = {0};
    quill_error mistake;
    if (!goes_on(c) || (min == 0 && max == UNLIMITED)) return;
    const quill_status s = nfa_length(&length, min, max >= NEVER ? NEVER : max, &mistake);
    if (s) fail_pattern(c, s, &mistake, at);
    cut(c, nfa, &length, at);
    nfa_free(&length);
}

void string_nfa(struct compiler *c, const struct goal *goal, struct nfa *out, bool *plain, uint64_t *min,
                uint64_t *max) {
    const struct value *at = NULL;
    *out = (struct nfa){0};
    *plain = true;
    *min = 0;
    *max = UNLIMITED;
    for (uint32_t i = 0; i < goal->n && goes_on(c); i++) {
        const struct schema *s = schema_of(c, goal->demands[i]);
        const struct nfa *both[] = {s->pattern.p ? pattern_nfa(c, s, s->pattern, s->pattern_at) : NULL,
                                    s->format.p ? format_nfa(c, s) : NULL};
        if (s->min_length > *min) *min = s->min_length;
        if (s->max_length < *max) *max = s->max_length;
        if (s->pattern.p) at = s->pattern_at;
        else if (both[1]) at = value_member(s->at, STR("format"));
        for (size_t k = 0; k < 2 && goes_on(c); k++) {
            if (!both[k]) continue;
            if (*plain) compile_fail(c, nfa_length(out, 0, NEVER, c->err));
            *plain = false;
            cut(c, out, both[k], at);
        }
    }
    if (!*plain && *min <= *max) cut_length(c, out, *min, *max, at);
}

bool string_is_empty(struct compiler *c, const struct goal *goal) {
    struct nfa nfa;
    bool plain;
    uint64_t min, max;
    string_nfa(c, goal, &nfa, &plain, &min, &max);
    const bool empty = goes_on(c) && (min > max || (!plain && nfa_is_empty(&nfa)));
    nfa_free(&nfa);
    return empty;
}

static const struct value *find_min_length(const struct compiler *c, const struct goal *goal, uint64_t min) {
    for (uint32_t i = 0; i < goal->n; i++) {
        const struct schema *s = schema_of(c, goal->demands[i]);
        if (s->min_length == min && value_member(s->at, STR("minLength"))) return value_member(s->at, STR("minLength"));
    }
    return c->text->root;
}

uint32_t compile_string(struct compiler *c, const struct goal *goal) {
    struct nfa nfa;
    bool plain;
    uint64_t min, max;
    uint32_t expr = 0;
    string_nfa(c, goal, &nfa, &plain, &min, &max);
    if (!goes_on(c)) expr = 0;
    else if (min > max) expr = grammar_choice(c->g, NULL, 0);
    else if (!plain) expr = compile_name(c, &nfa);
    else if (min == 0 && max == UNLIMITED) expr = compile_any_string(c);
    else expr = in_quotes(c, compile_repeat(c, compile_character(c), min, max, find_min_length(c, goal, min)));
    nfa_free(&nfa);
    return expr;
}
