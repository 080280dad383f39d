// SPDX-License-Identifier: MIT
#include "grammar_nodes.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "least_heap.h"

uint32_t nodes_add(struct nodes *x, struct node node) {
    if (x->n == MOST_GRAMMAR_NODES) x->too_large = true;
    if (nodes_failed(x)) return 0;
    if (x->n == x->cap) {
        struct node *nodes = alloc_grow(x->nodes, &x->cap, x->n + 1, sizeof *nodes);
        x->no_memory = !nodes;
        if (!nodes) return 0;
        x->nodes = nodes;
    }
    x->nodes[x->n] = node;
    return (uint32_t)x->n++;
}

uint32_t nodes_add_counter(struct nodes *x, struct counter counter) {
    if (x->n_counters == MOST_GRAMMAR_NODES) x->too_large = true;
    if (nodes_failed(x)) return 0;
    if (x->n_counters == x->cap_counters) {
        struct counter *counters = alloc_grow(x->counters, &x->cap_counters, x->n_counters + 1, sizeof *counters);
        x->no_memory = !counters;
        if (!counters) return 0;
        x->counters = counters;
    }
    x->counters[x->n_counters] = counter;
    return (uint32_t)x->n_counters++;
}

bool nodes_add_first(struct nodes *x, uint32_t node) {
    if (x->n_firsts == 4 * MOST_GRAMMAR_NODES) x->too_large = true;
    if (nodes_failed(x)) return false;
    if (x->n_firsts == x->cap_firsts) {
        uint32_t *firsts = alloc_grow(x->firsts, &x->cap_firsts, x->n_firsts + 1, sizeof *firsts);
        x->no_memory = !firsts;
        if (!firsts) return false;
        x->firsts = firsts;
    }
    x->firsts[x->n_firsts++] = node;
    return true;
}

void nodes_free(struct nodes *x) {
    for (size_t i = 0; i < x->n_sets; i++) char_set_free(&x->sets[i]);
    free(x->nodes);
    free(x->counters);
    free(x->routines);
    free(x->sets);
    free(x->firsts);
    *x = (struct nodes){0};
}

// ---- the way to the end: Dijkstra's algorithm, against the edges ------------------------------------

struct distances {
    struct nodes *x;
    uint32_t *first, *from; // from[first[n] .. first[n + 1]): nodes that lead to n
    struct least_heap heap;
};

// Where a node leads: to one of these, or, of NODE_FIRST, over both.
static size_t ways(const struct nodes *x, uint32_t i, uint32_t to[2]) {
    const struct node *node = &x->nodes[i];
    to[0] = node->op == NODE_COUNT ? x->counters[node->arg].next : node->next;
    to[1] = node->op == NODE_FIRST ? x->counters[node->arg].next : node->other;
    if (node->op == NODE_POP || node->op == NODE_AGAIN) return 0;
    return node->op == NODE_SPLIT || node->op == NODE_FIRST ? 2 : 1;
}

// Bytes from a node over one to which it leads, as far as that is known.
static uint32_t cost(const struct nodes *x, const struct node *node, uint32_t to) {
    const uint32_t rest = x->nodes[to].least;
    const struct counter *c;
    switch ((enum node_op)node->op) {
    case NODE_CHAR: return many_plus(char_bytes(&x->sets[node->arg]), rest);
    case NODE_CALL: return many_plus(x->routines[node->arg].least, rest);
    case NODE_COUNT: c = &x->counters[node->arg]; return many_plus(many_times(c->min, c->least), rest);
    case NODE_FIRST:
        return many_plus(x->nodes[node->next].least, counter_rest(x, node->arg, 1));
    case NODE_SPLIT:
    case NODE_AGAIN:
    case NODE_POP: break;
    }
    return rest;
}

static bool turn_edges(struct distances *d) {
    const struct nodes *x = d->x;
    uint32_t to[2];
    d->first = alloc_zeroed(x->n + 1, sizeof *d->first);
    d->from = alloc_array(2 * x->n, sizeof *d->from);
    d->heap.entries = alloc_array(3 * x->n, sizeof *d->heap.entries);
    if (!d->first || !d->from || !d->heap.entries) return false;
    for (uint32_t i = 0; i < x->n; i++)
        for (size_t k = ways(x, i, to); k-- > 0;) d->first[to[k]]++;
    for (size_t i = 0; i < x->n; i++) d->first[i + 1] += d->first[i];
    for (uint32_t i = 0; i < x->n; i++)
        for (size_t k = ways(x, i, to); k-- > 0;) d->from[--d->first[to[k]]] = i;
    return true;
}

static void run(struct distances *d) {
    struct node *nodes = d->x->nodes;
    for (uint32_t i = 0; i < d->x->n; i++) {
        nodes[i].least = NEVER;
        nodes[i].counter = nodes[i].op == NODE_AGAIN ? nodes[i].arg : NEVER;
        if (nodes[i].op == NODE_POP || nodes[i].op == NODE_AGAIN) least_heap_push(&d->heap, i, 0);
    }
    while (d->heap.n) {
        uint32_t least;
        const uint32_t node = least_heap_pop(&d->heap, &least);
        if (nodes[node].least != NEVER) continue;
        nodes[node].least = least;
        for (uint32_t e = d->first[node]; e < d->first[node + 1]; e++) {
            struct node *from = &nodes[d->from[e]];
            const uint32_t c = cost(d->x, from, node);
            if (c == NEVER || from->least != NEVER) continue;
            from->counter = from->op == NODE_FIRST ? NEVER : nodes[node].counter;
            least_heap_push(&d->heap, d->from[e], c);
        }
    }
}

bool nodes_find_least(struct nodes *x) {
    struct distances d = {.x = x};
    const bool ok = turn_edges(&d);
    if (ok) run(&d);
    else x->no_memory = true;
    free(d.first);
    free(d.from);
    free(d.heap.entries);
    return ok;
}
