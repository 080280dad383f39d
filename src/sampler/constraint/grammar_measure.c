// SPDX-License-Identifier: MIT
#include "grammar_measure.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "least_heap.h"

uint32_t char_bytes(const struct char_set *set) {
    for (size_t i = 0; i < set->n; i++) {
        const struct char_range r = set->ranges[i];
        const uint32_t low = r.low >= 0xd800 && r.low <= 0xdfff ? 0xe000 : r.low; // no text has a surrogate
        if (low <= r.high) return low < 0x80 ? 1 : low < 0x800 ? 2 : low < 0x10000 ? 3 : 4;
    }
    return NEVER;
}

// Which expressions another is a part of, and those that are known to be ready.
struct measuring {
    const struct grammar *g;
    struct measures *m;
    uint32_t *first, *parent; // parent[first[e] .. first[e + 1]): what `e` is a part of
    uint32_t *waits;          // [n_exprs] for so many parts
    struct least_heap heap;   // by their shortest texts
};

// ---- parents ----------------------------------------------------------------------------------------

// The parts of an expression; a rule has its own expression as a part.
static size_t parts_of(const struct grammar *g, uint32_t expr, const uint32_t **parts) {
    const struct expr *e = &g->exprs[expr];
    switch (e->op) {
    case EXPR_SEQUENCE:
    case EXPR_CHOICE:
    case EXPR_REPEAT:
        if (e->n) *parts = g->parts + e->first; // none: there may be no list
        return e->n;
    case EXPR_RULE: *parts = &g->rules[e->first].expr; return **parts != NEVER;
    case EXPR_CHARS:
    case EXPR_TEXT:
    case EXPR_REGEX: break;
    }
    return 0;
}

static bool find_parents(struct measuring *k) {
    const size_t n = k->g->n_exprs;
    const uint32_t *parts;
    size_t total = 0;
    k->first = alloc_zeroed(n + 1, sizeof *k->first);
    if (!k->first) return false;
    for (uint32_t e = 0; e < n; e++) {
        const size_t n_parts = parts_of(k->g, e, &parts);
        for (size_t i = 0; i < n_parts; i++) k->first[parts[i]]++;
        total += n_parts;
    }
    k->parent = alloc_array(total, sizeof *k->parent);
    k->heap.entries = alloc_array(total + n, sizeof *k->heap.entries);
    k->waits = alloc_array(n, sizeof *k->waits);
    if (!k->parent || !k->heap.entries || !k->waits) return false;
    for (size_t i = 0; i < n; i++) k->first[i + 1] += k->first[i]; // behind the parents of i
    for (uint32_t e = (uint32_t)n; e-- > 0;)
        for (size_t n_parts = parts_of(k->g, e, &parts), i = 0; i < n_parts; i++) k->parent[--k->first[parts[i]]] = e;
    return true;
}

// ---- the shortest texts: Dijkstra's algorithm over expressions (Knuth 1977) ---------------------------

// The shortest text of an expression all of whose parts are known, or of a choice by the part that is known first.
static uint32_t shortest(const struct measuring *k, uint32_t expr, uint32_t least_of_part) {
    const struct expr *e = &k->g->exprs[expr];
    uint32_t least = 0;
    switch (e->op) {
    case EXPR_CHARS: return char_bytes(&k->g->sets[e->first]);
    case EXPR_TEXT:
    case EXPR_REGEX: return e->n;
    case EXPR_REPEAT: return many_times(e->min, least_of_part);
    case EXPR_SEQUENCE:
        for (uint32_t i = 0; i < e->n; i++) least = many_plus(least, k->m->least[k->g->parts[e->first + i]]);
        return least;
    case EXPR_CHOICE:
    case EXPR_RULE: break;
    }
    return least_of_part;
}

static void find_least(struct measuring *k) {
    const struct grammar *g = k->g;
    uint32_t *least = k->m->least;
    for (uint32_t e = 0; e < g->n_exprs; e++) {
        const struct expr *x = &g->exprs[e];
        const bool leaf = x->op == EXPR_CHARS || x->op == EXPR_TEXT || x->op == EXPR_REGEX;
        least[e] = NEVER;
        k->waits[e] = x->op == EXPR_SEQUENCE ? x->n : 1;
        if (leaf || (x->op == EXPR_REPEAT && x->min == 0) || (x->op == EXPR_SEQUENCE && x->n == 0))
            least_heap_push(&k->heap, e, shortest(k, e, 0));
    }
    while (k->heap.n) {
        uint32_t found;
        const uint32_t e = least_heap_pop(&k->heap, &found);
        if (found == NEVER || least[e] != NEVER) continue;
        least[e] = found;
        for (uint32_t i = k->first[e]; i < k->first[e + 1]; i++) {
            const uint32_t parent = k->parent[i];
            if (k->waits[parent] && --k->waits[parent] == 0)
                least_heap_push(&k->heap, parent, shortest(k, parent, found));
        }
    }
}

// ---- the longest ones -------------------------------------------------------------------------------

// Characters that a text can have at most, and parts. What cannot match counts for nothing.
static void measure_most(const struct measuring *k, uint32_t expr) {
    const struct grammar *g = k->g;
    const struct expr *e = &g->exprs[expr];
    const uint32_t *parts;
    const size_t n = parts_of(g, expr, &parts);
    uint32_t most = e->op == EXPR_CHARS ? 1 : e->op == EXPR_TEXT ? e->n : e->op == EXPR_REGEX ? e->max : 0, size = 1;
    if (e->op == EXPR_TEXT) size = many_plus(1, e->n);
    if (e->op == EXPR_REGEX) size = VERY_MANY;
    for (size_t i = 0; i < n; i++) {
        const uint32_t part = parts[i];
        if (k->m->least[part] == NEVER) continue;
        size = many_plus(size, k->m->parts[part]);
        if (e->op == EXPR_CHOICE) most = k->m->most[part] > most ? k->m->most[part] : most;
        else most = many_plus(most, k->m->most[part]);
    }
    if (e->op == EXPR_REPEAT) most = e->max == NEVER && most ? NEVER : many_times(e->max == NEVER ? 1 : e->max, most);
    k->m->most[expr] = most;
    k->m->parts[expr] = size;
}

// An expression is measured when its parts are; those that come back to themselves never are.
static void find_most(struct measuring *k) {
    const struct grammar *g = k->g;
    const uint32_t *parts;
    uint32_t *queue = (uint32_t *)k->heap.entries; // has room for n_exprs
    size_t n = 0;
    for (uint32_t e = 0; e < g->n_exprs; e++) {
        k->m->most[e] = k->m->parts[e] = NEVER;
        k->waits[e] = 0;
        for (size_t n_parts = parts_of(g, e, &parts), i = 0; i < n_parts; i++)
            k->waits[e] += k->m->least[parts[i]] != NEVER;
        if (k->m->least[e] != NEVER && k->waits[e] == 0) queue[n++] = e;
    }
    for (size_t i = 0; i < n; i++) {
        measure_most(k, queue[i]);
        for (uint32_t p = k->first[queue[i]]; p < k->first[queue[i] + 1]; p++)
            if (--k->waits[k->parent[p]] == 0 && k->m->least[k->parent[p]] != NEVER) queue[n++] = k->parent[p];
    }
}

bool measures_find(struct measures *m, const struct grammar *g) {
    struct measuring k = {.g = g, .m = m};
    *m = (struct measures){
        .least = alloc_array(g->n_exprs, sizeof *m->least),
        .most = alloc_array(g->n_exprs, sizeof *m->most),
        .parts = alloc_array(g->n_exprs, sizeof *m->parts),
    };
    const bool ok = m->least && m->most && m->parts && find_parents(&k);
    if (ok) {
        find_least(&k);
        find_most(&k);
    }
    free(k.first);
    free(k.parent);
    free(k.waits);
    free(k.heap.entries);
    return ok;
}

void measures_free(struct measures *m) {
    free(m->least);
    free(m->most);
    free(m->parts);
    *m = (struct measures){0};
}
