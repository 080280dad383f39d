// SPDX-License-Identifier: MIT
// How far it is to the end of a text, in tokens.
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "constraint.h"

enum {
    MOST_LOOKS = 20000000, // at tokens, in one search
    TOO_FAR = 1 << 20,     // the search was too long
    USUAL_BYTES = 3,       // of a token
};

// A search in breadth: level by level, one more token each.
struct search {
    quill_constraint *c;
    struct reading *r;
    uint32_t *states;  // [n] seen, in the order of their coming
    size_t n, cap;
    uint8_t *seen;     // [cap_seen] by state
    size_t cap_seen;
    uint32_t *path;    // of token_index_walk
    size_t looks;
    bool found, no_memory;
};

static bool see(struct search *s, uint32_t state) {
    if (state >= s->cap_seen) {
        const size_t have = s->cap_seen;
        uint8_t *seen = alloc_grow(s->seen, &s->cap_seen, (size_t)state + 1, 1);
        if (!seen) return false;
        memset(seen + have, 0, s->cap_seen - have);
        s->seen = seen;
    }
    if (s->seen[state]) return true;
    s->seen[state] = 1;
    if (s->n == s->cap) {
        uint32_t *states = alloc_grow(s->states, &s->cap, s->n + 1, sizeof *states);
        if (!states) return false;
        s->states = states;
    }
    s->states[s->n++] = state;
    return true;
}

static bool look_at(void *user, int32_t id, uint32_t state) {
    struct search *s = user;
    (void)id;
    s->found = s->c->automaton->kind->may_end(s->c->automaton, s->r, state);
    s->no_memory = !s->found && !see(s, state);
    return !s->found && !s->no_memory && ++s->looks < MOST_LOOKS;
}

// How many tokens are needed from a state to an end.
static uint32_t search_end(struct search *s, uint32_t state) {
    const quill_constraint *c = s->c;
    size_t from = 0, to;
    s->no_memory = !see(s, state);
    for (uint32_t depth = 1; !s->no_memory && from < s->n; depth++) {
        for (to = s->n; from < to && !s->no_memory; from++) {
            token_index_walk(&c->index, c->automaton, s->r, s->states[from], s->path, look_at, s);
            if (s->found) return depth;
            if (s->looks >= MOST_LOOKS || s->r->status) return TOO_FAR;
        }
    }
    return TOO_FAR;
}

static bool keep(quill_constraint *c, uint32_t state, uint32_t n) {
    const size_t have = c->cap_tokens;
    if (state >= have) {
        uint32_t *tokens = alloc_grow(c->tokens, &c->cap_tokens, (size_t)state + 1, sizeof *tokens);
        if (!tokens) return false;
        memset(tokens + have, 0, (c->cap_tokens - have) * sizeof *tokens);
        c->tokens = tokens;
    }
    c->tokens[state] = n;
    return true;
}

static uint32_t tokens_to_end(quill_constraint *c, struct reading *r, uint32_t state) {
    if (state < c->cap_tokens && c->tokens[state]) return c->tokens[state];
    struct search s = {.c = c, .r = r};
    s.path = alloc_array(c->index.longest + 1, sizeof *s.path);
    const uint32_t n = s.path ? search_end(&s, state) : TOO_FAR;
    if (!s.path || s.no_memory || (!r->status && !keep(c, state, n)))
        reading_fail(r, QUILL_E_SYSTEM, "out of memory");
    free(s.states);
    free(s.seen);
    free(s.path);
    return n;
}

bool constraint_fits(quill_constraint *c, const struct vocabulary *v, struct reading *r, uint32_t state,
                     uint64_t room) {
    const struct automaton_kind *kind = c->automaton->kind;
    const uint32_t bytes = kind->least(c->automaton, r, state);
    if (bytes <= room) return true; // a token for each byte
    if (room == 0 || !kind->has_keys || !constraint_index(c, v, r) || bytes > room * c->index.longest) return false;
    const uint32_t tokens = tokens_to_end(c, r, state);
    return tokens == TOO_FAR ? bytes <= room * USUAL_BYTES : tokens <= room;
}
