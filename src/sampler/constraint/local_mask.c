// SPDX-License-Identifier: MIT
// Masks of local states: what a state has in common with all others that are at the same place within something else.
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/buffer.h"
#include "constraint.h"

enum { LEAST_PART = 4 }; // where more than this part of the tokens has to be read anyway, nothing is kept

// Tokens read from a local state.
struct split {
    quill_constraint *c;
    struct reading *r;
    struct local_mask *mask;
    uint32_t *path;         // [longest + 1] states behind the first bytes of the token
    bool *open;             // [longest + 1] whether one of them was open
    char *bytes;            // [longest] of the token
    size_t most;            // tokens of which nothing is known
    struct buffer rest;     // their bytes
    uint32_t shared;        // bytes that all tokens have in common with the last one of them, since then
    bool no_memory;
};

static void add_to_rest(struct split *s, int32_t id, size_t n) {
    struct token_index *x = &s->mask->rest;
    const size_t shared = x->n ? s->shared : 0;
    s->mask->useless = s->mask->useless || x->n == s->most;
    if (s->mask->useless) return;
    x->ids[x->n] = id;
    x->shared[x->n] = (uint32_t)shared;
    x->at[x->n++] = s->rest.n;
    s->no_memory = !buffer_add(&s->rest, s->bytes + shared, n - shared);
    x->at[x->n] = s->rest.n;
    if (n > x->longest) x->longest = n;
    s->shared = UINT32_MAX;
}

// Reads token i behind its first k bytes, and returns how many of its bytes could be read.
static size_t read_token(struct split *s, size_t i, size_t k) {
    struct automaton *a = s->c->automaton;
    const struct token_index *x = &s->c->index;
    const char *byte = x->rest + x->at[i] + (k - x->shared[i]), *end = x->rest + x->at[i + 1];
    for (; byte < end; byte++, k++) {
        const uint32_t state = a->kind->step(a, s->r, s->path[k], (uint8_t)*byte);
        if (state == DEAD) break;
        s->path[k + 1] = state;
        s->open[k + 1] = s->open[k] || (a->kind->look(a, state) & STATE_OPEN);
    }
    return k;
}

static void read_tokens(struct split *s) {
    struct automaton *a = s->c->automaton;
    const struct token_index *x = &s->c->index;
    size_t read = 0; // bytes of the last token that could be read
    for (size_t i = 0; i < x->n && !s->r->status && !s->no_memory && !s->mask->useless; i++) {
        const size_t more = x->at[i + 1] - x->at[i], n = x->shared[i] + more;
        memcpy(s->bytes + x->shared[i], x->rest + x->at[i], more);
        if (x->shared[i] < s->shared) s->shared = x->shared[i];
        if (x->shared[i] <= read) read = read_token(s, i, x->shared[i]);
        if (read == n && a->kind->look(a, s->path[n]) & STATE_ALIVE) token_set_add(&s->mask->sure, (size_t)x->ids[i]);
        else if (s->open[read]) add_to_rest(s, x->ids[i], n);
    }
}

static bool make_room(struct split *s) {
    struct token_index *x = &s->mask->rest;
    const size_t longest = s->c->index.longest;
    s->open = alloc_zeroed(longest + 1, sizeof *s->open);
    s->bytes = alloc_array(longest, 1);
    token_index_free(x);
    x->ids = alloc_array(s->most, sizeof *x->ids);
    x->shared = alloc_array(s->most, sizeof *x->shared);
    x->at = alloc_array(s->most + 1, sizeof *x->at);
    const bool sure = s->mask->sure.bits || token_set_create(&s->mask->sure, s->c->n_vocab);
    return s->open && s->bytes && x->ids && x->shared && x->at && sure;
}

// Gives back what is not used.
static void shrink(struct token_index *x) {
    int32_t *ids = alloc_resize(x->ids, x->n, sizeof *ids);
    uint32_t *shared = alloc_resize(x->shared, x->n, sizeof *shared);
    size_t *at = alloc_resize(x->at, x->n + 1, sizeof *at);
    if (ids) x->ids = ids;
    if (shared) x->shared = shared;
    if (at) x->at = at;
}

static bool fill(quill_constraint *c, struct reading *r, struct local_mask *mask, uint32_t local) {
    struct split s = {.c = c, .r = r, .mask = mask, .path = c->path, .shared = UINT32_MAX};
    s.most = c->index.n / LEAST_PART + 1;
    mask->useless = false;
    s.no_memory = !make_room(&s);
    if (!s.no_memory) {
        memset(mask->sure.bits, 0, token_set_words(c->n_vocab) * sizeof *mask->sure.bits);
        mask->sure.n = 0;
        s.path[0] = local;
        mask->rest.at[0] = 0;
        read_tokens(&s);
        mask->rest.rest = s.rest.p;
        s.rest.p = NULL;
        if (mask->useless) token_index_free(&mask->rest);
        else shrink(&mask->rest);
    }
    free(s.open);
    free(s.bytes);
    if (s.no_memory) reading_fail(r, QUILL_E_SYSTEM, "out of memory");
    return !r->status;
}

struct local_mask *constraint_local_mask(quill_constraint *c, struct reading *r, uint32_t local) {
    if (!c->locals) c->locals = alloc_zeroed(LOCAL_MASKS, sizeof *c->locals);
    if (!c->locals) {
        reading_fail(r, QUILL_E_SYSTEM, "out of memory");
        return NULL;
    }
    struct local_mask *mask = &c->locals[local % LOCAL_MASKS];
    if (mask->state != local) {
        mask->state = DEAD;
        if (!fill(c, r, mask, local)) return NULL;
        mask->state = local;
    }
    return mask->useless ? NULL : mask;
}

void constraint_forget_locals(quill_constraint *c) {
    for (size_t i = 0; c->locals && i < LOCAL_MASKS; i++) c->locals[i].state = DEAD;
}

void constraint_free_locals(quill_constraint *c) {
    for (size_t i = 0; c->locals && i < LOCAL_MASKS; i++) {
        free(c->locals[i].sure.bits);
        token_index_free(&c->locals[i].rest);
    }
    free(c->locals);
    c->locals = NULL;
}
