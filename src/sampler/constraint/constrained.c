// SPDX-License-Identifier: MIT
// One text under a constraint.
#include "constraint.h"

#include <string.h>

enum {
    FEW = 1024,                   // so many candidates are tried one by one
    EFFORT_OF_A_DRAW = 500000000, // of reading.effort_left
};

static const struct automaton_kind *kind_of(const struct constrained *k) { return k->constraint->automaton->kind; }

const char *constrained_name(const struct constrained *k) { return kind_of(k)->name; }

quill_stop constrained_stop(const struct constrained *k) { return kind_of(k)->stop; }

static quill_status failed(const struct constrained *k, quill_error *err) {
    if (k->reading.status) *err = k->reading.err;
    return k->reading.status;
}

// ---- reading ------------------------------------------------------------------------------------------

static void read_anew(struct constrained *k, struct str text) {
    quill_constraint *c = k->constraint;
    k->forgotten = c->forgotten;
    k->state = kind_of(k)->start(c->automaton, &k->reading);
    k->state = constraint_read(c, &k->reading, k->state, text);
}

// Where memory for states ran out, they are made anew, once.
static bool is_worth_another(struct constrained *k) {
    if (!k->reading.status || !k->reading.forget) return false;
    constraint_forget(k->constraint);
    k->reading.status = QUILL_OK;
    return true;
}

static void be_current(struct constrained *k, struct str text) {
    k->reading.effort_left = EFFORT_OF_A_DRAW;
    if (k->forgotten == k->constraint->forgotten) return;
    read_anew(k, text);
    if (is_worth_another(k)) read_anew(k, text);
}

quill_status constrained_begin(struct constrained *k, quill_constraint *constraint, const struct vocabulary *vocabulary,
                               const volatile sig_atomic_t *interrupted, quill_error *err) {
    *k = (struct constrained){.constraint = constraint, .vocabulary = vocabulary};
    k->reading.interrupted = interrupted;
    k->reading.effort_left = EFFORT_OF_A_DRAW;
    read_anew(k, (struct str){0});
    if (is_worth_another(k)) read_anew(k, (struct str){0});
    if (k->reading.status) return failed(k, err);
    return k->state ? QUILL_OK : fail(err, QUILL_E_CONSTRAINT, "%s: no text can begin", kind_of(k)->name);
}

void constrained_end(struct constrained *k) { reading_free(&k->reading); }

quill_status constrained_advance(struct constrained *k, struct str text, size_t n_before, quill_error *err) {
    be_current(k, (struct str){text.p, n_before});
    k->state = constraint_read(k->constraint, &k->reading, k->state,
                               (struct str){text.n > n_before ? text.p + n_before : "", text.n - n_before});
    if (is_worth_another(k)) read_anew(k, text);
    return failed(k, err);
}

bool constrained_may_end(struct constrained *k) {
    return k->state && kind_of(k)->may_end(k->constraint->automaton, &k->reading, k->state);
}

bool constrained_may_go_on(struct constrained *k) {
    return k->state && kind_of(k)->may_go_on(k->constraint->automaton, &k->reading, k->state);
}

quill_status constrained_accepts(struct constrained *k, struct str text, bool *accepts, quill_error *err) {
    struct constrained other = {.constraint = k->constraint, .forgotten = k->forgotten};
    other.reading.interrupted = k->reading.interrupted;
    other.reading.effort_left = EFFORT_OF_A_DRAW;
    read_anew(&other, text);
    if (is_worth_another(&other)) read_anew(&other, text);
    *accepts = constrained_may_end(&other);
    const quill_status s = failed(&other, err);
    reading_free(&other.reading);
    return s;
}

bool constrained_confirm(struct constrained *k, struct str text) {
    return !kind_of(k)->confirm || kind_of(k)->confirm(k->constraint->automaton, text);
}

// The only byte that can follow; -1: there are several, or none.
static int only_byte(struct constrained *k, uint32_t state, uint32_t *next) {
    int only = -1;
    if (kind_of(k)->may_end(k->constraint->automaton, &k->reading, state)) return -1;
    for (int byte = 0; byte < 256; byte++) {
        const uint32_t to = kind_of(k)->step(k->constraint->automaton, &k->reading, state, (uint8_t)byte);
        if (to == DEAD) continue;
        if (only >= 0) return -1;
        only = byte;
        *next = to;
    }
    return only;
}

size_t constrained_forced(struct constrained *k, char *bytes, size_t n, bool *all) {
    uint32_t state = k->state;
    size_t found = 0;
    if (!kind_of(k)->has_keys || k->forgotten != k->constraint->forgotten || k->reading.status) state = DEAD;
    for (int byte; state && found < n && (byte = only_byte(k, state, &state)) >= 0;) bytes[found++] = (char)byte;
    *all = found && !kind_of(k)->may_go_on(k->constraint->automaton, &k->reading, state);
    return found;
}

// ---- a draw -------------------------------------------------------------------------------------------

struct taking {
    struct constrained *k;
    struct constrained_draw *d;
    bool may_end;
};

// Whether what follows leaves enough tokens for the end. Where that is guessed (kinds without keys), a text that is
// already too long for the guess is left alone.
static bool fits(const struct taking *t, uint32_t state) {
    struct constrained *k = t->k;
    struct reading *r = &k->reading;
    const uint64_t room = t->d->room;
    if (room == UINT64_MAX || constraint_fits(k->constraint, k->vocabulary, r, state, room)) return true;
    return !kind_of(k)->has_keys && room > 0 && kind_of(k)->least(k->constraint->automaton, r, k->state) > room + 1;
}

static bool is_legal(const struct taking *t, int32_t id, bool *ends) {
    const struct constrained_draw *d = t->d;
    const enum token_end end = d->ends(d->user, id);
    *ends = end == TOKEN_ENDS;
    if (end == TOKEN_ENDS) return t->may_end;
    const struct str bytes = d->adds(d->user, id);
    if (bytes.n == 0) return false;
    const uint32_t state = constraint_read(t->k->constraint, &t->k->reading, t->k->state, bytes);
    if (state != DEAD) return fits(t, state);
    *ends = end == TOKEN_MAY_END;
    return *ends && t->may_end && !t->k->reading.status;
}

// The legal ones of the candidates of the first draw, if these are few.
static bool try_candidates(const struct taking *t, struct token_set *legal) {
    const int32_t *ids;
    const size_t n = sampler_candidates(t->d->sampler, &ids);
    bool ends;
    for (size_t i = 0; n <= FEW && i < n; i++)
        if (is_legal(t, ids[i], &ends)) token_set_add(legal, (size_t)ids[i]);
    return legal->n > 0;
}

// All legal tokens.
static void find_legal(const struct taking *t, struct token_set *legal) {
    struct constrained *k = t->k;
    const size_t n = k->vocabulary->n_vocab;
    bool ends;
    if (t->d->first) {
        for (size_t id = 0; id < n && !k->reading.status; id++)
            if (is_legal(t, (int32_t)id, &ends)) token_set_add(legal, id);
        return;
    }
    if (!constraint_mask(k->constraint, k->vocabulary, &k->reading, k->state, legal)) return;
    for (size_t id = token_set_next(legal, n, 0); id < n && t->d->room != UINT64_MAX;
         id = token_set_next(legal, n, id + 1))
        if (!is_legal(t, (int32_t)id, &ends)) token_set_remove(legal, id);
    for (size_t id = 0; t->may_end && id < n; id++) {
        const enum token_end end = t->d->ends(t->d->user, (int32_t)id);
        const bool known = end == TOKEN_GOES_ON || token_set_has(legal, id);
        if (!known && is_legal(t, (int32_t)id, &ends)) token_set_add(legal, id);
    }
}

static int32_t draw_legal(const struct taking *t, const struct token_set *legal) {
    struct constrained_draw *d = t->d;
    d->draw.allowed = legal;
    d->draw.key.rejected = 1;
    return legal->n ? sampler_draw(d->sampler, d->logits, &d->draw) : NO_TOKEN;
}

// Draws, and draws again if that token is not legal: the probabilities of both draws together are those of the legal
// tokens, divided by their sum. (A legal token has its own probability p in the first draw. The second one, which
// comes with the probability 1 - P of all others, takes it with p/P; together that is p/P.)
static int32_t take(const struct taking *t, bool *ends) {
    struct constrained_draw *d = t->d;
    struct constrained *k = t->k;
    d->draw.allowed = NULL;
    d->draw.key.rejected = 0;
    int32_t id = sampler_draw(d->sampler, d->logits, &d->draw);
    if (id >= 0 && is_legal(t, id, ends)) return id;
    struct token_set *legal = k->reading.status ? NULL : constraint_scratch(k->constraint, k->vocabulary, &k->reading);
    if (!legal) return NO_TOKEN;
    if (id < 0 || !try_candidates(t, legal)) find_legal(t, legal);
    if (k->reading.status) return NO_TOKEN;
    id = draw_legal(t, legal);
    if (id >= 0) is_legal(t, id, ends);
    return id;
}

static quill_status no_token(const struct taking *t, quill_error *err) {
    const char *name = kind_of(t->k)->name;
    if (t->k->reading.status) return failed(t->k, err);
    if (t->may_end) return QUILL_OK;
    if (t->d->room == UINT64_MAX)
        return fail(err, QUILL_E_CONSTRAINT, "%s: no token can follow %zu byte%s of text", name, t->d->text.n,
                    PLURAL(t->d->text.n));
    const uint64_t left = t->d->room + 1;
    return fail(err, QUILL_E_CONSTRAINT,
                "%s: the text cannot be completed with the %llu token%s left behind %zu byte%s of it", name,
                (unsigned long long)left, PLURAL(left), t->d->text.n, PLURAL(t->d->text.n));
}

quill_status constrained_take(struct constrained *k, struct constrained_draw *d, int32_t *id, bool *ends,
                              quill_error *err) {
    struct taking t = {.k = k, .d = d};
    be_current(k, d->text);
    for (int tries = 0; tries < 2; tries++) {
        *ends = false;
        t.may_end = constrained_may_end(k);
        *id = k->reading.status ? NO_TOKEN : take(&t, ends);
        if (!is_worth_another(k)) break;
        read_anew(k, d->text);
    }
    return *id < 0 || k->reading.status ? no_token(&t, err) : QUILL_OK;
}
