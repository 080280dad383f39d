// SPDX-License-Identifier: MIT
#include "grammar.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/utf8.h"
#include "grammar_tree.h"
#include "pcre.h"
#include "regex_build.h"
#include "regex_scan.h"

enum {
    MOST_PARTS = 1 << 24,  // expressions, and parts of them
    MOST_TEXT = 256 << 20, // bytes
    MOST_DEPTH = 400,      // of expressions in expressions
};

// ---- life -------------------------------------------------------------------------------------------

static uint32_t no_memory(struct grammar *g) {
    if (!g->status) g->status = fail_memory(&g->err);
    return NO_TEXT;
}

static uint32_t too_large(struct grammar *g) {
    if (!g->status) g->status = fail(&g->err, QUILL_E_USAGE, "the grammar is too large");
    return NO_TEXT;
}

static uint32_t add(struct grammar *g, struct expr expr) {
    if (g->status) return NO_TEXT;
    if (g->n_exprs == MOST_PARTS) return too_large(g);
    if (expr.depth > MOST_DEPTH) {
        g->status = fail(&g->err, QUILL_E_USAGE, "more than %d expressions within each other", MOST_DEPTH);
        return NO_TEXT;
    }
    if (g->n_exprs == g->cap_exprs) {
        struct expr *exprs = alloc_grow(g->exprs, &g->cap_exprs, g->n_exprs + 1, sizeof *exprs);
        if (!exprs) return no_memory(g);
        g->exprs = exprs;
    }
    g->exprs[g->n_exprs] = expr;
    return (uint32_t)g->n_exprs++;
}

struct grammar *grammar_create(void) {
    struct grammar *g = alloc_zeroed(1, sizeof *g);
    if (!g) return NULL;
    add(g, (struct expr){.op = EXPR_CHOICE});
    if (g->status) {
        grammar_free(g);
        return NULL;
    }
    return g;
}

void grammar_free(struct grammar *g) {
    if (!g) return;
    for (size_t i = 0; i < g->n_sets; i++) char_set_free(&g->sets[i]);
    for (size_t i = 0; i < g->n_regexes; i++) nfa_free(&g->regexes[i]);
    arena_free(&g->names);
    buffer_free(&g->bytes);
    free(g->exprs);
    free(g->parts);
    free(g->sets);
    free(g->regexes);
    free(g->rules);
    free(g);
}

quill_status grammar_check(const struct grammar *g, quill_error *err) {
    if (g->status) *err = g->err;
    return g->status;
}

// ---- what reads characters --------------------------------------------------------------------------

static bool grow_sets(struct grammar *g) {
    if (g->n_sets < g->cap_sets) return true;
    struct char_set *sets = alloc_grow(g->sets, &g->cap_sets, g->n_sets + 1, sizeof *sets);
    if (sets) g->sets = sets;
    return sets != NULL;
}

uint32_t grammar_chars(struct grammar *g, const struct char_set *set) {
    if (g->status) return NO_TEXT;
    struct char_set copy = {0};
    bool ok = grow_sets(g);
    for (size_t i = 0; ok && i < set->n; i++) ok = char_set_add(&copy, set->ranges[i].low, set->ranges[i].high);
    if (!ok) {
        char_set_free(&copy);
        return no_memory(g);
    }
    g->sets[g->n_sets] = copy;
    return add(g, (struct expr){.op = EXPR_CHARS, .first = (uint32_t)g->n_sets++});
}

uint32_t grammar_text(struct grammar *g, struct str text) {
    if (g->status) return NO_TEXT;
    if (utf8_valid_run(text.p, text.n) != text.n) {
        g->status = fail(&g->err, QUILL_E_USAGE, "'%s' is not UTF-8", QUOTED(text));
        return NO_TEXT;
    }
    if (text.n > MOST_TEXT - g->bytes.n) return too_large(g);
    const uint32_t first = (uint32_t)g->bytes.n;
    if (!buffer_add_str(&g->bytes, text)) return no_memory(g);
    return add(g, (struct expr){.op = EXPR_TEXT, .first = first, .n = (uint32_t)text.n});
}

static quill_status add_regex(struct grammar *g, struct nfa *nfa, uint32_t min, uint32_t max, uint32_t *expr) {
    struct nfa *regexes = g->regexes;
    uint32_t least = NEVER;
    if (g->n_regexes == g->cap_regexes)
        regexes = alloc_grow(g->regexes, &g->cap_regexes, g->n_regexes + 1, sizeof *regexes);
    if (regexes) g->regexes = regexes;
    if (!regexes || !nfa_least(nfa, &least)) {
        nfa_free(nfa);
        no_memory(g);
        return QUILL_OK;
    }
    g->regexes[g->n_regexes] = *nfa;
    *expr = add(g, (struct expr){EXPR_REGEX, (uint32_t)g->n_regexes++, least, min, max, 0});
    return QUILL_OK;
}

uint32_t grammar_nfa(struct grammar *g, struct nfa *nfa) {
    uint32_t expr = NO_TEXT;
    if (g->status) nfa_free(nfa);
    else add_regex(g, nfa, 0, NEVER, &expr);
    return expr;
}

quill_status grammar_regex(struct grammar *g, struct str pattern, uint32_t min, uint32_t max, uint32_t *expr,
                           quill_error *err) {
    *expr = NO_TEXT;
    if (g->status) return QUILL_OK; // remembered
    struct pcre *pcre = NULL;
    struct nfa nfa = {0};
    quill_status s = regex_scan(pattern, err);
    if (!s) s = pcre_create(&pcre, pattern, err);
    pcre_free(pcre);
    if (!s) s = nfa_create(&nfa, pattern, err);
    if (!s && !nfa.exact) {
        nfa_free(&nfa);
        s = fail(err, QUILL_E_USAGE, "regex: expected no assertions, backreferences or atomic groups");
    }
    if (!s && (min > 0 || max != NEVER)) {
        nfa_free(&nfa);
        s = fail(err, QUILL_E_USAGE, "regex: a pattern with a number of characters is not supported");
    }
    return s ? s : add_regex(g, &nfa, min, max, expr);
}

// ---- what is made of others -------------------------------------------------------------------------

static uint32_t add_parts(struct grammar *g, struct expr expr, const uint32_t *exprs, size_t n) {
    if (g->status) return NO_TEXT;
    if (n > MOST_PARTS - g->n_parts) return too_large(g);
    if (g->n_parts + n > g->cap_parts) {
        uint32_t *parts = alloc_grow(g->parts, &g->cap_parts, g->n_parts + n, sizeof *parts);
        if (!parts) return no_memory(g);
        g->parts = parts;
    }
    expr.first = (uint32_t)g->n_parts;
    expr.n = (uint32_t)n;
    for (size_t i = 0; i < n; i++) {
        const uint32_t depth = g->exprs[exprs[i]].depth + 1;
        if (depth > expr.depth) expr.depth = depth;
        g->parts[g->n_parts++] = exprs[i];
    }
    return add(g, expr);
}

uint32_t grammar_sequence(struct grammar *g, const uint32_t *exprs, size_t n) {
    return n == 1 ? exprs[0] : add_parts(g, (struct expr){.op = EXPR_SEQUENCE}, exprs, n);
}

uint32_t grammar_choice(struct grammar *g, const uint32_t *exprs, size_t n) {
    return n == 1 ? exprs[0] : add_parts(g, (struct expr){.op = EXPR_CHOICE}, exprs, n);
}

uint32_t grammar_repeat(struct grammar *g, uint32_t expr, uint32_t min, uint32_t max) {
    if (!g->status && (min > MOST_REPEATS || (max != NEVER && max > MOST_REPEATS)))
        g->status = fail(&g->err, QUILL_E_USAGE, "more than %d repetitions", MOST_REPEATS);
    if (min > max) return NO_TEXT;
    if (min == 1 && max == 1) return expr;
    return add_parts(g, (struct expr){.op = EXPR_REPEAT, .min = min, .max = max}, &expr, 1);
}

// ---- rules ------------------------------------------------------------------------------------------

uint32_t grammar_rule(struct grammar *g, struct str name) {
    if (g->status) return 0;
    struct grammar_rule *rules = g->rules;
    if (g->n_rules == MOST_PARTS) return too_large(g);
    if (g->n_rules == g->cap_rules) rules = alloc_grow(g->rules, &g->cap_rules, g->n_rules + 1, sizeof *rules);
    if (rules) g->rules = rules;
    const char *copy = rules ? arena_string(&g->names, name) : NULL;
    if (!copy) return no_memory(g);
    g->rules[g->n_rules] = (struct grammar_rule){{copy, name.n}, NEVER};
    return (uint32_t)g->n_rules++;
}

void grammar_define(struct grammar *g, uint32_t rule, uint32_t expr) {
    if (!g->status) g->rules[rule].expr = expr;
}

uint32_t grammar_ref(struct grammar *g, uint32_t rule) {
    return g->status ? NO_TEXT : add(g, (struct expr){.op = EXPR_RULE, .first = rule});
}
