// SPDX-License-Identifier: MIT
#include "constraint.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "gbnf.h"
#include "json_schema.h"
#include "regex.h"

enum { MASK_BYTES = 16 << 20, LEAST_MASKS = 16, MOST_MASKS = 1024 };

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
    for (size_t i = 0; i < c->n_masks; i++) c->masks[i].state = DEAD;
    constraint_forget_locals(c);
    if (c->tokens) memset(c->tokens, 0, c->cap_tokens * sizeof *c->tokens);
}

static void forget_vocabulary(quill_constraint *c) {
    forget_states(c);
    for (size_t i = 0; i < c->n_masks; i++) free(c->masks[i].allowed.bits);
    constraint_free_locals(c);
    free(c->masks);
    free(c->path);
    token_index_free(&c->index);
    token_index_free(&c->unlike);
    c->masks = NULL;
    c->n_masks = 0;
    c->path = NULL;
    c->identity = NULL;
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
    if (c->identity == v->identity && c->n_vocab == v->n_vocab && c->path) return true;
    forget_vocabulary(c);
    c->n_vocab = v->n_vocab;
    size_t n_masks = MASK_BYTES / (8 * token_set_words(v->n_vocab) + 1);
    if (n_masks > MOST_MASKS) n_masks = MOST_MASKS;
    if (n_masks < LEAST_MASKS) n_masks = LEAST_MASKS;
    bool ok = token_index_create(&c->index, v->n_vocab, v->bytes_of, v->user);
    if (ok) c->path = alloc_array(c->index.longest + 1, sizeof *c->path);
    if (ok) c->masks = alloc_zeroed(n_masks, sizeof *c->masks);
    ok = ok && c->path && c->masks;
    if (ok) {
        c->identity = v->identity;
        c->n_masks = n_masks;
        return true;
    }
    forget_vocabulary(c);
    reading_fail(r, QUILL_E_SYSTEM, "out of memory");
    return false;
}

static bool allow(void *user, int32_t id, uint32_t state) {
    (void)state;
    token_set_add(user, (size_t)id);
    return true;
}

static void clear(struct token_set *set, size_t n_vocab) {
    memset(set->bits, 0, token_set_words(n_vocab) * sizeof *set->bits);
    set->n = 0;
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
    clear(&c->scratch, v->n_vocab);
    return &c->scratch;
}

static bool fill_mask(quill_constraint *c, struct reading *r, uint32_t state, struct token_set *set) {
    const struct automaton_kind *kind = c->automaton->kind;
    const uint32_t local = kind->local ? kind->local(c->automaton, r, state) : DEAD;
    const struct local_mask *known = local == DEAD ? NULL : constraint_local_mask(c, r, local);
    if (r->status) return false;
    if (known) {
        memcpy(set->bits, known->sure.bits, token_set_words(c->n_vocab) * sizeof *set->bits);
        set->n = known->sure.n;
    } else clear(set, c->n_vocab);
    token_index_walk(known ? &known->rest : &c->index, c->automaton, r, state, c->path, allow, set);
    return !r->status;
}

bool constraint_mask(quill_constraint *c, const struct vocabulary *v, struct reading *r, uint32_t state,
                     struct token_set *out) {
    if (!constraint_index(c, v, r)) return false;
    if (!c->automaton->kind->has_keys) return fill_mask(c, r, state, out);
    const struct automaton_kind *kind = c->automaton->kind;
    if (kind->alike) state = kind->alike(c->automaton, r, state, (uint32_t)c->index.longest);
    if (r->status) return false;
    struct mask *mask = &c->masks[state % c->n_masks];
    if (!mask->allowed.bits && !token_set_create(&mask->allowed, v->n_vocab)) {
        reading_fail(r, QUILL_E_SYSTEM, "out of memory");
        return false;
    }
    if (mask->state != state) {
        mask->state = DEAD;
        if (!fill_mask(c, r, state, &mask->allowed)) return false;
        mask->state = state;
    }
    memcpy(out->bits, mask->allowed.bits, token_set_words(v->n_vocab) * sizeof *out->bits);
    out->n = mask->allowed.n;
    return true;
}

uint32_t constraint_read(quill_constraint *c, struct reading *r, uint32_t state, struct str bytes) {
    for (size_t i = 0; i < bytes.n && state != DEAD; i++)
        state = c->automaton->kind->step(c->automaton, r, state, (uint8_t)bytes.p[i]);
    return state;
}
