// SPDX-License-Identifier: MIT
#include "regex_nfa.h"

#include <stdlib.h>

#include "base/alloc.h"

void nfa_free(struct nfa *nfa) {
    for (size_t i = 0; i < nfa->n_sets; i++) char_set_free(&nfa->sets[i]);
    free(nfa->sets);
    free(nfa->nodes);
    free(nfa->least);
    *nfa = (struct nfa){0};
}

static uint32_t utf8_length(uint32_t code) { return code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4; }

// Bytes that a node reads at least; NEVER: it leads nowhere. NFA_BEGIN is passed only from the start, where the nodes
// behind it are looked at themselves.
static uint32_t cost(const struct nfa *nfa, const struct nfa_node *node) {
    if (node->op == NFA_BEGIN) return NEVER;
    if (node->op != NFA_CHAR) return 0;
    const struct char_set *set = &nfa->sets[node->set];
    return set->n ? utf8_length(set->ranges[0].low) : NEVER;
}

// Dial's algorithm (1969), backwards from the end: `place` has a list of nodes for each of the next few distances.
enum { PLACES = 5 }; // a step costs at most 4

struct dial {
    uint32_t *first, *next; // edges into each node, as lists; 2 per node
    uint32_t place[PLACES], n_waiting;
    uint32_t *link;         // [room] of the lists in `place`
    uint32_t *node;         // [room]
    uint32_t used;
};

static void wait_at(struct dial *d, uint32_t node, uint32_t distance) {
    d->node[d->used] = node;
    d->link[d->used] = d->place[distance % PLACES];
    d->place[distance % PLACES] = d->used++;
    d->n_waiting++;
}

static void relax(struct nfa *nfa, struct dial *d, uint32_t from, uint32_t distance) {
    const uint32_t c = cost(nfa, &nfa->nodes[from]);
    if (c == NEVER || nfa->least[from] <= distance + c) return;
    nfa->least[from] = distance + c;
    wait_at(d, from, distance + c);
}

static void run_dial(struct nfa *nfa, struct dial *d) {
    for (size_t i = 0; i < nfa->n; i++) nfa->least[i] = d->first[i] = NEVER;
    for (size_t i = 1; i < nfa->n; i++) {
        const struct nfa_node *node = &nfa->nodes[i];
        const uint32_t to[] = {node->next, node->op == NFA_SPLIT ? node->other : node->next};
        for (size_t k = 0; k < 2; k++) {
            d->next[2 * i + k] = d->first[to[k]];
            d->first[to[k]] = (uint32_t)(2 * i + k);
        }
    }
    for (size_t i = 0; i < PLACES; i++) d->place[i] = NEVER;
    nfa->least[0] = 0;
    wait_at(d, 0, 0);
    for (uint32_t distance = 0; d->n_waiting; distance++) {
        uint32_t *place = &d->place[distance % PLACES];
        while (*place != NEVER) {
            const uint32_t node = d->node[*place];
            *place = d->link[*place];
            d->n_waiting--;
            if (nfa->least[node] != distance) continue;
            for (uint32_t e = d->first[node]; e != NEVER; e = d->next[e]) relax(nfa, d, e / 2, distance);
        }
    }
}

// Every edge waits at most once: its end is relaxed when the distance of its beginning is final.
bool nfa_find_least(struct nfa *nfa) {
    struct dial d = {0};
    const size_t room = 2 * nfa->n + 1;
    nfa->least = alloc_array(nfa->n, sizeof *nfa->least);
    d.first = alloc_array(nfa->n, sizeof *d.first);
    d.next = alloc_array(2 * nfa->n, sizeof *d.next);
    d.link = alloc_array(room, sizeof *d.link);
    d.node = alloc_array(room, sizeof *d.node);
    const bool ok = nfa->least && d.first && d.next && d.link && d.node;
    if (ok) run_dial(nfa, &d);
    free(d.first);
    free(d.next);
    free(d.link);
    free(d.node);
    return ok;
}

// Looks at what is reached before anything is read: NFA_BEGIN leads on there.
bool nfa_least(const struct nfa *nfa, uint32_t *least) {
    bool *seen = alloc_zeroed(nfa->n, sizeof *seen);
    uint32_t *stack = alloc_array(2 * nfa->n + 1, sizeof *stack);
    const bool ok = seen && stack;
    size_t n = 0;
    *least = NEVER;
    if (ok) stack[n++] = nfa->start;
    while (n) {
        const uint32_t node = stack[--n];
        const struct nfa_node *at = &nfa->nodes[node];
        if (seen[node]) continue;
        seen[node] = true;
        if (nfa->least[node] < *least) *least = nfa->least[node];
        if (at->op == NFA_CHAR || at->op == NFA_ACCEPT) continue;
        stack[n++] = at->next;
        if (at->op == NFA_SPLIT) stack[n++] = at->other;
    }
    free(seen);
    free(stack);
    return ok;
}
