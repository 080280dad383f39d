// SPDX-License-Identifier: MIT
#include "constraint.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "gbnf.h"
#include "json_schema.h"
#include "regex.h"

// Takes ownership of the automaton.
static quill_status create(quill_constraint **out, struct automaton *automaton, quill_error *err) {
    quill_constraint *c = alloc_zeroed(1, sizeof *c);
    if (c) c->automaton = automaton;
    else automaton->kind->free(automaton);
    *out = c;
    return c ? QUILL_OK : fail_memory(err);
}

quill_status quill_constraint_regex(quill_constraint **out, const char *pattern, quill_error *err) {
    struct automaton *automaton;
    quill_status s = regex_create(&automaton, str_of(pattern), err);
    return s ? s : create(out, automaton, err);
}

quill_status quill_constraint_grammar(quill_constraint **out, const char *text, size_t n, quill_error *err) {
    struct automaton *automaton;
    uint32_t root = 0;
    struct grammar *g = grammar_create();
    quill_status s = g ? gbnf_parse(g, &root, (struct str){text, n}, err) : fail_memory(err);
    if (s) grammar_free(g);
    else s = grammar_automaton(&automaton, g, root, "grammar", QUILL_STOP_GRAMMAR, err);
    return s ? s : create(out, automaton, err);
}

quill_status quill_constraint_choice(quill_constraint **out, const quill_text *choices, size_t n, quill_error *err) {
    struct automaton *automaton;
    struct grammar *g = grammar_create();
    uint32_t *exprs = alloc_array(n, sizeof *exprs);
    quill_status s = g && exprs ? QUILL_OK : fail_memory(err);
    if (!s) {
        for (size_t i = 0; i < n; i++) exprs[i] = grammar_text(g, (struct str){choices[i].text, choices[i].n});
        const uint32_t rule = grammar_rule(g, STR("choice"));
        grammar_define(g, rule, grammar_choice(g, exprs, n));
        s = grammar_automaton(&automaton, g, rule, "choice", QUILL_STOP_CHOICE, err);
    } else grammar_free(g);
    free(exprs);
    return s ? s : create(out, automaton, err);
}

static quill_status create_json(quill_constraint **out, struct str schema, const char *name, quill_error *err) {
    struct automaton *automaton;
    quill_status s = json_schema_create(&automaton, schema, name, err);
    return s ? s : create(out, automaton, err);
}

quill_status quill_constraint_json_schema(quill_constraint **out, const char *text, size_t n, quill_error *err) {
    return create_json(out, (struct str){text, n}, "json-schema", err);
}

quill_status quill_constraint_json_object(quill_constraint **out, quill_error *err) {
    return create_json(out, STR("{\"type\":\"object\"}"), "json-object", err);
}

// ---- what is kept for a vocabulary ------------------------------------------------------------------

static void forget_states(quill_constraint *c) {
    for (int i = 0; i < PARTS_OF_VOCABULARY; i++) token_masks_forget(&c->parts[i]);
    if (c->tokens) memset(c->tokens, 0, c->cap_tokens * sizeof *c->tokens);
}

static void forget_vocabulary(quill_constraint *c) {
    forget_states(c);
    for (int i = 0; i < PARTS_OF_VOCABULARY; i++) token_masks_free(&c->parts[i]);
    token_index_free(&c->unlike);
    c->identity = NULL;
    c->indexed = false;
}

void quill_constraint_free(quill_constraint *c) {
    if (!c) return;
    forget_vocabulary(c);
    free(c->tokens);
    free(c->scratch.bits);
    c->automaton->kind->free(c->automaton);
    free(c);
}

void constraint_forget(quill_constraint *c) {
    c->automaton->kind->forget(c->automaton);
    forget_states(c);
    c->forgotten++;
}

bool constraint_index(quill_constraint *c, const struct vocabulary *v, struct reading *r) {
    if (c->identity == v->identity && c->n_vocab == v->n_vocab && c->indexed) return true;
    forget_vocabulary(c);
    struct token_masks *few = &c->parts[LONG_TOKENS], *most = &c->parts[SHORT_TOKENS];
    struct token_list list;
    const bool ok = token_list_create(&list, v->n_vocab, v->bytes_of, v->user) &&
                    token_masks_create(most, v->n_vocab, &list, 1, SHORT_BYTES) &&
                    token_masks_create(few, v->n_vocab, &list, SHORT_BYTES + 1, LONGEST_TOKEN);
    token_list_free(&list);
    if (!ok) {
        forget_vocabulary(c);
        reading_fail(r, QUILL_E_SYSTEM, "out of memory");
        return false;
    }
    c->longest = few->index.n ? few->index.longest : most->index.longest;
    c->identity = v->identity;
    c->n_vocab = v->n_vocab;
    c->indexed = true;
    return true;
}

struct token_set *constraint_scratch(quill_constraint *c, const struct vocabulary *v, struct reading *r) {
    if (!c->scratch.bits || c->n_scratch != v->n_vocab) {
        free(c->scratch.bits);
        if (!token_set_create(&c->scratch, v->n_vocab)) {
            reading_fail(r, QUILL_E_SYSTEM, "out of memory");
            return NULL;
        }
        c->n_scratch = v->n_vocab;
    }
    memset(c->scratch.bits, 0, token_set_words(v->n_vocab) * sizeof *c->scratch.bits);
    c->scratch.n = 0;
    return &c->scratch;
}

bool constraint_mask(quill_constraint *c, const struct vocabulary *v, struct reading *r, uint32_t state,
                     struct token_set *out) {
    struct automaton *a = c->automaton;
    if (!constraint_index(c, v, r)) return false;
    const uint32_t alike = a->kind->alike ? a->kind->alike(a, r, state, SHORT_BYTES) : state;
    if (r->status) return false;
    const struct token_set *most = token_masks_find(&c->parts[SHORT_TOKENS], a, r, alike);
    const struct token_set *few = most ? token_masks_find(&c->parts[LONG_TOKENS], a, r, state) : NULL;
    if (!few) return false;
    const size_t words = token_set_words(c->n_vocab);
    for (size_t i = 0; i < words; i++) out->bits[i] = most->bits[i] | few->bits[i];
    out->n = most->n + few->n;
    return true;
}

uint32_t constraint_read(quill_constraint *c, struct reading *r, uint32_t state, struct str bytes) {
    for (size_t i = 0; i < bytes.n && state != DEAD; i++)
        state = c->automaton->kind->step(c->automaton, r, state, (uint8_t)bytes.p[i]);
    return state;
}
