// SPDX-License-Identifier: MIT
#include "regex_dfa.h"

#include <stdlib.h>
#include <string.h>

#include "alphabet.h"
#include "base/alloc.h"
#include "base/hash.h"

enum {
    MOST_BYTES = 64 << 20, // of states
    MOST_NODES = 4096,     // of one state
};
#define UNKNOWN UINT32_MAX // the step was not taken before

struct dfa_state {
    uint32_t *next;   // [256], or [64] within a character: state, DEAD or UNKNOWN; NULL: none was asked for
    uint32_t *nodes;  // [n_nodes] ascending: of the nfa, all NFA_CHAR that lead to the end
    uint32_t n_nodes;
    struct middle middle;
    uint32_t least;
    bool may_end;
};

struct dfa {
    struct nfa nfa;
    struct dfa_state *states; // [n]; state 0 is DEAD
    size_t n, cap, bytes;
    uint32_t *table;          // [table_size] hash table of states; 0: empty
    size_t table_size;
    struct alphabet alphabet;
    // scratch, all [nfa.n]
    uint32_t *found, *stack, *mark;
    uint32_t n_found, marked; // mark[node] == marked: it was found in this search
    bool found_end;
};

// ---- life -------------------------------------------------------------------------------------------

static int by_code(const void *pa, const void *pb) {
    const uint32_t a = *(const uint32_t *)pa, b = *(const uint32_t *)pb;
    return (a > b) - (a < b);
}

quill_status dfa_create(struct dfa **out, struct nfa *nfa, quill_error *err) {
    struct dfa *d = alloc_zeroed(1, sizeof *d);
    if (!d) {
        nfa_free(nfa);
        return fail_memory(err);
    }
    d->nfa = *nfa;
    *nfa = (struct nfa){0};
    d->table_size = 256;
    d->table = alloc_zeroed(d->table_size, sizeof *d->table);
    d->found = alloc_array(d->nfa.n, sizeof *d->found);
    d->stack = alloc_array(2 * d->nfa.n + 2, sizeof *d->stack);
    d->mark = alloc_zeroed(d->nfa.n, sizeof *d->mark);
    d->states = alloc_grow(NULL, &d->cap, 2, sizeof *d->states);
    const bool ok = d->table && d->found && d->stack && d->mark && d->states;
    if (ok && alphabet_create(&d->alphabet, d->nfa.sets, d->nfa.n_sets)) {
        d->states[0] = (struct dfa_state){.least = NEVER};
        d->n = 1;
        *out = d;
        return QUILL_OK;
    }
    dfa_free(d);
    return fail_memory(err);
}

void dfa_forget(struct dfa *d) {
    for (size_t i = 1; i < d->n; i++) {
        free(d->states[i].next);
        free(d->states[i].nodes);
    }
    if (d->table) memset(d->table, 0, d->table_size * sizeof *d->table);
    d->n = 1;
    d->bytes = 0;
}

void dfa_free(struct dfa *d) {
    if (!d) return;
    dfa_forget(d);
    free(d->states);
    free(d->table);
    alphabet_free(&d->alphabet);
    free(d->found);
    free(d->stack);
    free(d->mark);
    nfa_free(&d->nfa);
    free(d);
}

// ---- sets of nodes ----------------------------------------------------------------------------------

static void search_anew(struct dfa *d) {
    d->n_found = 0;
    d->found_end = false;
    if (++d->marked == 0) { // every 2^32 searches
        memset(d->mark, 0, d->nfa.n * sizeof *d->mark);
        d->marked = 1;
    }
}

// Adds the nodes that are reached from `node` without reading. `begin`: nothing was read so far.
static void follow(struct dfa *d, uint32_t node, bool begin) {
    size_t n = 0;
    d->stack[n++] = node;
    while (n) {
        node = d->stack[--n];
        const struct nfa_node *at = &d->nfa.nodes[node];
        if (d->mark[node] == d->marked) continue;
        d->mark[node] = d->marked;
        if (d->nfa.least[node] == NEVER && !(begin && at->op != NFA_CHAR)) continue;
        switch (at->op) {
        case NFA_CHAR: d->found[d->n_found++] = node; break;
        case NFA_ACCEPT: d->found_end = true; break;
        case NFA_BEGIN: if (begin) d->stack[n++] = at->next; break;
        case NFA_EDGE:
        case NFA_NO_EDGE:
        case NFA_END: d->stack[n++] = at->next; break;
        case NFA_SPLIT:
            d->stack[n++] = at->other;
            d->stack[n++] = at->next;
            break;
        }
    }
}

// ---- states -----------------------------------------------------------------------------------------

static uint64_t hash_of(const struct dfa_state *s) {
    const struct middle *m = &s->middle;
    uint64_t seed = (uint64_t)m->value << 24 | (uint64_t)m->length << 16 | (uint64_t)m->missing << 8 |
                    (uint64_t)m->interval << 1 | s->may_end;
    return hash_bytes(s->nodes, s->n_nodes * sizeof *s->nodes, hash_mix(seed));
}

static bool same(const struct dfa_state *a, const struct dfa_state *b) {
    const struct middle *m = &a->middle, *k = &b->middle;
    return a->n_nodes == b->n_nodes && a->may_end == b->may_end && m->value == k->value && m->length == k->length &&
           m->missing == k->missing && m->interval == k->interval &&
           (a->n_nodes == 0 || memcmp(a->nodes, b->nodes, a->n_nodes * sizeof *a->nodes) == 0);
}

static bool grow_table(struct dfa *d) {
    const size_t size = 2 * d->table_size;
    uint32_t *table = alloc_zeroed(size, sizeof *table);
    if (!table) return false;
    for (size_t i = 1; i < d->n; i++) {
        size_t at = hash_of(&d->states[i]) & (size - 1);
        while (table[at]) at = (at + 1) & (size - 1);
        table[at] = (uint32_t)i;
    }
    free(d->table);
    d->table = table;
    d->table_size = size;
    return true;
}

static uint32_t new_state(struct dfa *d, struct reading *r, const struct dfa_state *wanted, size_t at) {
    const size_t bytes = sizeof *wanted + wanted->n_nodes * sizeof *wanted->nodes;
    r->forget = d->bytes + bytes > MOST_BYTES;
    if (r->forget)
        return reading_fail(r, QUILL_E_CONSTRAINT, "regex: the pattern needs more than %d MiB while it is matched",
                            MOST_BYTES >> 20);
    if (wanted->n_nodes > MOST_NODES)
        return reading_fail(r, QUILL_E_CONSTRAINT, "regex: the text can go on in more than %d places of the pattern",
                            MOST_NODES);
    struct dfa_state *states = d->states;
    if (d->n == d->cap) states = alloc_grow(d->states, &d->cap, d->n + 1, sizeof *states);
    uint32_t *nodes = states ? alloc_array(wanted->n_nodes + 1, sizeof *nodes) : NULL;
    if (states) d->states = states;
    if (!nodes) return reading_fail(r, QUILL_E_SYSTEM, "out of memory");
    if (wanted->n_nodes) memcpy(nodes, wanted->nodes, wanted->n_nodes * sizeof *nodes);
    d->states[d->n] = *wanted;
    d->states[d->n].nodes = nodes;
    d->bytes += bytes;
    d->table[at] = (uint32_t)d->n;
    return (uint32_t)d->n++;
}

// The state with these properties; `nodes` is borrowed.
static uint32_t intern(struct dfa *d, struct reading *r, const struct dfa_state *wanted) {
    if (2 * d->n > d->table_size && !grow_table(d)) return reading_fail(r, QUILL_E_SYSTEM, "out of memory");
    size_t at = hash_of(wanted) & (d->table_size - 1);
    for (; d->table[at]; at = (at + 1) & (d->table_size - 1))
        if (same(&d->states[d->table[at]], wanted)) return d->table[at];
    return new_state(d, r, wanted, at);
}

// The state between two characters with the nodes just found; DEAD: there are none.
static uint32_t state_of_found(struct dfa *d, struct reading *r) {
    struct dfa_state wanted = {.nodes = d->found, .n_nodes = d->n_found, .may_end = d->found_end, .least = NEVER};
    if (d->n_found) qsort(d->found, d->n_found, sizeof *d->found, by_code);
    for (uint32_t i = 0; i < d->n_found; i++)
        if (d->nfa.least[d->found[i]] < wanted.least) wanted.least = d->nfa.least[d->found[i]];
    if (d->found_end) wanted.least = 0;
    return wanted.least == NEVER ? DEAD : intern(d, r, &wanted);
}

uint32_t dfa_start(struct dfa *d, struct reading *r) {
    search_anew(d);
    follow(d, d->nfa.start, true);
    return state_of_found(d, r);
}

// ---- steps ------------------------------------------------------------------------------------------

// The state behind a whole character.
static uint32_t behind(struct dfa *d, struct reading *r, uint32_t state, uint32_t code) {
    search_anew(d);
    for (uint32_t i = 0; i < d->states[state].n_nodes; i++) {
        const struct nfa_node *node = &d->nfa.nodes[d->states[state].nodes[i]];
        if (char_set_has(&d->nfa.sets[node->set], code)) follow(d, node->next, false);
    }
    return state_of_found(d, r);
}

// The state within a character; only nodes that can read one of its possible ends stay.
static uint32_t within(struct dfa *d, struct reading *r, uint32_t state, struct middle middle) {
    struct char_range range;
    if (!middle_range(&middle, &d->alphabet, &range)) return DEAD;
    struct dfa_state wanted = {.nodes = d->found, .middle = middle, .least = NEVER};
    for (uint32_t i = 0; i < d->states[state].n_nodes; i++) {
        const uint32_t node = d->states[state].nodes[i];
        const struct nfa_node *at = &d->nfa.nodes[node];
        const uint32_t least = d->nfa.least[at->next];
        if (!char_set_meets(&d->nfa.sets[at->set], range.low, range.high)) continue;
        d->found[wanted.n_nodes++] = node;
        if (least < wanted.least) wanted.least = least;
    }
    if (wanted.least == NEVER) return DEAD;
    wanted.least += middle.missing;
    return intern(d, r, &wanted);
}

static uint32_t begin_character(struct dfa *d, struct reading *r, uint32_t state, uint8_t byte) {
    struct middle middle;
    if (byte < 0x80) return behind(d, r, state, byte);
    return middle_begin(&middle, byte) ? within(d, r, state, middle) : DEAD;
}

static uint32_t go_on(struct dfa *d, struct reading *r, uint32_t state, uint8_t byte) {
    struct middle middle = d->states[state].middle;
    struct char_range range;
    middle_next(&middle, byte);
    if (middle.missing) return within(d, r, state, middle);
    return middle_range(&middle, &d->alphabet, &range) ? behind(d, r, state, range.low) : DEAD;
}

uint32_t dfa_step(struct dfa *d, struct reading *r, uint32_t state, uint8_t byte) {
    if (state == DEAD || r->status) return DEAD;
    const bool inside = d->states[state].middle.missing != 0;
    if (inside && (byte & 0xc0) != 0x80) return DEAD;
    const size_t place = inside ? byte & 0x3f : byte, places = inside ? 64 : 256;
    if (!d->states[state].next) {
        const size_t bytes = places * sizeof *d->states[state].next;
        uint32_t *next = alloc_array(places, sizeof *next);
        if (!next) return reading_fail(r, QUILL_E_SYSTEM, "out of memory");
        memset(next, 0xff, bytes);
        d->bytes += bytes;
        d->states[state].next = next;
    }
    if (d->states[state].next[place] != UNKNOWN) return d->states[state].next[place];
    const uint32_t to = inside ? go_on(d, r, state, byte) : begin_character(d, r, state, byte);
    if (!r->status) d->states[state].next[place] = to;
    return to;
}

bool dfa_may_end(const struct dfa *d, uint32_t state) { return d->states[state].may_end; }

bool dfa_may_go_on(const struct dfa *d, uint32_t state) { return d->states[state].n_nodes > 0; }

uint64_t dfa_class_of(const struct dfa *d, uint32_t code) { return alphabet_class(&d->alphabet, code); }

uint32_t dfa_missing(const struct dfa *d, uint32_t state) { return d->states[state].middle.missing; }

uint32_t dfa_least(const struct dfa *d, uint32_t state) { return d->states[state].least; }
