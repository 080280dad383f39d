// SPDX-License-Identifier: MIT
// Masks of local states: what a state has in common with all others that are at the same place within something else.
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "token_masks.h"

enum { LEAST_PART = 4 }; // where more than this part of the tokens has to be read anyway, nothing is kept

// Tokens read from a local state.
struct split {
    const struct token_index *x;
    struct automaton *a;
    struct reading *r;
    struct local_mask *mask;
    uint32_t *path;         // [longest + 1] states behind the first bytes of the token
    bool *open;             // [longest + 1] whether one of them was open
    char *bytes;            // [longest] of the token
    size_t most;            // tokens of which nothing is known
    size_t shared;          // bytes that all tokens have in common with the last one of them, since then
    bool no_memory;
};

static void add_to_rest(struct split *s, int32_t id, size_t n) {
    struct token_index *x = &s->mask->rest;
    s->mask->useless = s->mask->useless || x->n == s->most;
    if (s->mask->useless) return;
    s->no_memory = !token_index_add(x, id, (struct str){s->bytes, n}, x->n ? s->shared : 0);
    s->shared = SIZE_MAX;
}

// Goes to node i; returns its number of bytes.
static size_t enter(struct split *s, size_t i) {
    const struct token_node *node = &s->x->nodes[i];
    s->bytes[node->depth - 1] = (char)node->byte;
    if (node->depth <= s->shared) s->shared = node->depth - 1u;
    return node->depth;
}

// All tokens of node i, and of those that begin like it.
static void add_all_to_rest(struct split *s, size_t i) {
    const struct token_index *x = s->x;
    for (const size_t end = x->nodes[i].end; i < end && !s->no_memory && !s->mask->useless; i++) {
        const size_t n = enter(s, i);
        for (uint32_t k = x->nodes[i].first; k < x->nodes[i + 1].first; k++) add_to_rest(s, x->ids[k], n);
    }
}

static void read_tokens(struct split *s) {
    struct automaton *a = s->a;
    const struct token_index *x = s->x;
    for (size_t i = 0; i < x->n_nodes && !s->r->status && !s->no_memory && !s->mask->useless;) {
        const struct token_node *node = &x->nodes[i];
        const size_t n = enter(s, i);
        const uint32_t state = a->kind->step(a, s->r, s->path[n - 1], (uint8_t)node->byte);
        if (state == DEAD) {
            if (s->open[n - 1]) add_all_to_rest(s, i);
            i = node->end;
            continue;
        }
        const unsigned look = a->kind->look(a, state);
        s->path[n] = state;
        s->open[n] = s->open[n - 1] || look & STATE_OPEN;
        for (uint32_t k = node->first; k < node[1].first; k++) {
            if (look & STATE_ALIVE) token_set_add(&s->mask->sure, (size_t)x->ids[k]);
            else if (s->open[n]) add_to_rest(s, x->ids[k], n);
        }
        i++;
    }
}

static bool make_room(struct split *s, size_t n_vocab) {
    s->open = alloc_zeroed(s->x->longest + 1, sizeof *s->open);
    s->bytes = alloc_array(s->x->longest, 1);
    token_index_free(&s->mask->rest);
    const bool sure = s->mask->sure.bits || token_set_create(&s->mask->sure, n_vocab);
    return s->open && s->bytes && sure && token_index_begin(&s->mask->rest, s->most);
}

static bool fill(struct token_masks *m, struct automaton *a, struct reading *r, struct local_mask *mask,
                 uint32_t local) {
    struct split s = {.x = &m->index, .a = a, .r = r, .mask = mask, .path = m->path, .shared = SIZE_MAX};
    s.most = m->index.n / LEAST_PART + 1;
    mask->useless = false;
    s.no_memory = !make_room(&s, m->n_vocab);
    if (!s.no_memory) {
        memset(mask->sure.bits, 0, token_set_words(m->n_vocab) * sizeof *mask->sure.bits);
        mask->sure.n = 0;
        s.path[0] = local;
        read_tokens(&s);
        s.no_memory = s.no_memory || !token_index_end(&mask->rest);
        if (mask->useless) token_index_free(&mask->rest);
    }
    free(s.open);
    free(s.bytes);
    if (s.no_memory) reading_fail(r, QUILL_E_SYSTEM, "out of memory");
    return !r->status;
}

struct local_mask *local_mask_find(struct token_masks *m, struct automaton *a, struct reading *r, uint32_t local) {
    if (!m->locals) m->locals = alloc_zeroed(LOCAL_MASKS, sizeof *m->locals);
    if (!m->locals) return reading_fail(r, QUILL_E_SYSTEM, "out of memory"), NULL;
    struct local_mask *mask = &m->locals[local % LOCAL_MASKS];
    if (mask->state != local) {
        mask->state = DEAD;
        if (!fill(m, a, r, mask, local)) return NULL;
        mask->state = local;
    }
    return mask->useless ? NULL : mask;
}

void local_masks_forget(struct token_masks *m) {
    for (size_t i = 0; m->locals && i < LOCAL_MASKS; i++) m->locals[i].state = DEAD;
}

void local_masks_free(struct token_masks *m) {
    for (size_t i = 0; m->locals && i < LOCAL_MASKS; i++) {
        free(m->locals[i].sure.bits);
        token_index_free(&m->locals[i].rest);
    }
    free(m->locals);
    m->locals = NULL;
}
