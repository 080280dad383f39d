// SPDX-License-Identifier: MIT
// What needs the sets of nodes that a text leads to: whether it is taken, and which ones are not.
#include <stdlib.h>

#include "base/alloc.h"
#include "base/hash.h"
#include "base/utf8.h"
#include "nfa_make.h"
#include "nfa_ops.h"

enum { MOST_SUBSETS = 4096, MOST_WORK = 1 << 24 };

// Nodes that read, reached without reading.
struct subset {
    uint32_t *nodes; // [n] ascending
    uint32_t n;
    bool ends;       // the end is reached too
    uint32_t made;   // the node that stands for it in the inverse
};

struct subsets {
    const struct nfa *a;
    uint32_t *stack, *mark, *found; // scratch [a->n]
    uint32_t n_found, marked;
    bool found_end;
    uint64_t work;
};

static bool begin(struct subsets *s, const struct nfa *a) {
    *s = (struct subsets){.a = a};
    s->stack = alloc_array(2 * a->n + 2, sizeof *s->stack);
    s->mark = alloc_zeroed(a->n, sizeof *s->mark);
    s->found = alloc_array(a->n, sizeof *s->found);
    return s->stack && s->mark && s->found;
}

static void end(struct subsets *s) {
    free(s->stack);
    free(s->mark);
    free(s->found);
}

static void search_anew(struct subsets *s) {
    s->marked++;
    s->n_found = 0;
    s->found_end = false;
}

static void follow(struct subsets *s, uint32_t from) {
    size_t n = 0;
    s->stack[n++] = from;
    while (n) {
        const uint32_t i = s->stack[--n];
        const struct nfa_node *node = &s->a->nodes[i];
        if (s->mark[i] == s->marked) continue;
        s->mark[i] = s->marked;
        s->work++;
        if (node->op == NFA_ACCEPT) s->found_end = true;
        else if (node->op == NFA_CHAR && s->a->least[i] != NEVER) s->found[s->n_found++] = i;
        else if (node->op == NFA_SPLIT) {
            s->stack[n++] = node->next;
            s->stack[n++] = node->other;
        }
    }
}

quill_status nfa_takes(const struct nfa *a, struct str text, bool *takes, quill_error *err) {
    struct subsets s;
    bool ok = begin(&s, a);
    uint32_t *now = ok ? alloc_array(a->n, sizeof *now) : NULL;
    ok = ok && now;
    if (ok) {
        search_anew(&s);
        follow(&s, a->start);
    }
    for (size_t at = 0; ok && at < text.n;) {
        uint32_t code = 0;
        const int step = utf8_step(text.p + at, text.n - at, &code);
        const uint32_t n = s.n_found;
        if (n) memcpy(now, s.found, n * sizeof *now);
        search_anew(&s);
        for (uint32_t i = 0; i < n && step > 0; i++) {
            const struct nfa_node *node = &a->nodes[now[i]];
            if (char_set_has(&a->sets[node->set], code)) follow(&s, node->next);
        }
        at += step > 0 ? (size_t)step : 1;
    }
    *takes = ok && s.found_end;
    free(now);
    end(&s);
    return ok ? QUILL_OK : fail_memory(err);
}

// ---- the inverse ------------------------------------------------------------------------------------

struct inverting {
    struct subsets s;
    struct nfa_maker m;
    struct subset *subsets; // [n]
    size_t n, cap;
    uint32_t any;           // node that takes any rest
};

static int ascending(const void *pa, const void *pb) {
    const uint32_t a = *(const uint32_t *)pa, b = *(const uint32_t *)pb;
    return (a > b) - (a < b);
}

// The node of the subset that was found.
static uint32_t node_of_found(struct inverting *v) {
    struct subsets *s = &v->s;
    struct nfa_maker *m = &v->m;
    if (s->n_found == 0 && !s->found_end) return v->any;
    if (s->n_found) qsort(s->found, s->n_found, sizeof *s->found, ascending);
    for (size_t i = 0; i < v->n; i++) {
        const struct subset *known = &v->subsets[i];
        s->work++;
        if (known->n == s->n_found && known->ends == s->found_end &&
            (known->n == 0 || memcmp(known->nodes, s->found, known->n * sizeof *known->nodes) == 0))
            return known->made;
    }
    m->too_large = m->too_large || v->n == MOST_SUBSETS || s->work > MOST_WORK;
    if (!nfa_goes_on(m)) return 0;
    struct subset *subsets = v->subsets;
    if (v->n == v->cap) subsets = alloc_grow(v->subsets, &v->cap, v->n + 1, sizeof *subsets);
    uint32_t *nodes = subsets ? alloc_array(s->n_found + 1, sizeof *nodes) : NULL;
    if (subsets) v->subsets = subsets;
    m->no_memory = !nodes;
    if (!nodes) return 0;
    if (s->n_found) memcpy(nodes, s->found, s->n_found * sizeof *nodes);
    const uint32_t made = nfa_add_split(m, NFA_DEAD_NODE, NFA_DEAD_NODE);
    v->subsets[v->n++] = (struct subset){nodes, s->n_found, s->found_end, made};
    return made;
}

// The first code points of runs that no set of the subset tells apart. Returns their number; `codes` has room.
static size_t find_runs(const struct nfa *a, const struct subset *from, uint32_t *codes) {
    size_t n = 0, kept = 0;
    codes[n++] = 0;
    for (uint32_t i = 0; i < from->n; i++) {
        const struct char_set *set = &a->sets[a->nodes[from->nodes[i]].set];
        for (size_t k = 0; k < set->n; k++) {
            codes[n++] = set->ranges[k].low;
            codes[n++] = set->ranges[k].high + 1;
        }
    }
    qsort(codes, n, sizeof *codes, ascending);
    for (size_t i = 0; i < n; i++)
        if (codes[i] <= LAST_CODE && (i == 0 || codes[i] != codes[kept - 1])) codes[kept++] = codes[i];
    return kept;
}

static size_t room_for_runs(const struct nfa *a, const struct subset *from) {
    size_t n = 1;
    for (uint32_t i = 0; i < from->n; i++) n += 2 * a->sets[a->nodes[from->nodes[i]].set].n;
    return n;
}

static uint32_t read_code(struct inverting *v, const struct subset *from, uint32_t code) {
    const struct nfa *a = v->s.a;
    search_anew(&v->s);
    for (uint32_t i = 0; i < from->n; i++) {
        const struct nfa_node *node = &a->nodes[from->nodes[i]];
        v->s.work++;
        if (char_set_has(&a->sets[node->set], code)) follow(&v->s, node->next);
    }
    return node_of_found(v);
}

static void add_ways(struct inverting *v, size_t index) {
    struct nfa_maker *m = &v->m;
    const struct subset from = v->subsets[index];
    uint32_t *codes = alloc_array(room_for_runs(v->s.a, &from), sizeof *codes), ways = from.ends ? NFA_DEAD_NODE : 0;
    m->no_memory = m->no_memory || !codes;
    const size_t n = codes ? find_runs(v->s.a, &from, codes) : 0;
    for (size_t i = 0; i < n && nfa_goes_on(m); i++) {
        const uint32_t to = read_code(v, &from, codes[i]), last = i + 1 < n ? codes[i + 1] - 1 : LAST_CODE;
        ways = nfa_add_split(m, nfa_add_char(m, nfa_add_range(m, codes[i], last), to), ways);
    }
    if (nfa_goes_on(m)) m->nfa.nodes[from.made] = (struct nfa_node){NFA_SPLIT, 0, ways, ways};
    free(codes);
}

quill_status nfa_invert(struct nfa *out, const struct nfa *a, quill_error *err) {
    struct inverting v = {0};
    struct nfa_maker *m = &v.m;
    nfa_begin(m);
    v.any = nfa_add_split(m, 0, 0);
    const uint32_t more = nfa_add_char(m, NFA_ANY_CHARACTER, v.any);
    if (nfa_goes_on(m)) m->nfa.nodes[v.any].other = more;
    if (!begin(&v.s, a)) m->no_memory = true;
    if (nfa_goes_on(m)) {
        search_anew(&v.s);
        follow(&v.s, a->start);
        m->nfa.start = node_of_found(&v);
    }
    for (size_t i = 0; i < v.n && nfa_goes_on(m); i++) add_ways(&v, i);
    for (size_t i = 0; i < v.n; i++) free(v.subsets[i].nodes);
    free(v.subsets);
    end(&v.s);
    return nfa_end(m, out, err);
}
