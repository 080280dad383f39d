// SPDX-License-Identifier: MIT
#include "regex_anchors.h"

#include <stdlib.h>

#include "base/alloc.h"

enum { AT_START = 1 }; // bit of a node's variant: nothing has been read

// [n] whether the end is reached from a node without reading. Borders of words are passed; *asks: some were.
static bool *find_ends(const struct nfa *nfa, bool *asks) {
    bool *ends = alloc_zeroed(nfa->n, sizeof *ends);
    if (!ends) return NULL;
    ends[0] = true;
    for (bool changed = true; changed;) {
        changed = false;
        for (size_t i = 1; i < nfa->n; i++) {
            const struct nfa_node *node = &nfa->nodes[i];
            if (ends[i] || node->op == NFA_CHAR) continue;
            ends[i] = ends[node->next] || (node->op == NFA_SPLIT && ends[node->other]);
            changed = changed || ends[i];
        }
    }
    *asks = false;
    for (size_t i = 1; i < nfa->n; i++)
        *asks = *asks || ((nfa->nodes[i].op == NFA_EDGE || nfa->nodes[i].op == NFA_NO_EDGE) && ends[i]);
    return ends;
}

static bool has_end(const struct nfa *nfa) {
    for (size_t i = 0; i < nfa->n; i++)
        if (nfa->nodes[i].op == NFA_END) return true;
    return false;
}

// Whether an NFA_EDGE is reached behind an NFA_END without reading.
static bool asks_behind_end(const struct nfa *nfa, bool *behind, uint32_t *stack) {
    for (size_t i = 1; i < nfa->n; i++) {
        size_t n = 0;
        if (nfa->nodes[i].op != NFA_END || behind[i]) continue;
        behind[stack[n++] = (uint32_t)i] = true;
        while (n) {
            const struct nfa_node *node = &nfa->nodes[stack[--n]];
            if (node->op == NFA_EDGE || node->op == NFA_NO_EDGE) return true;
            if (node->op == NFA_CHAR || node->op == NFA_ACCEPT) continue;
            if (!behind[node->next]) behind[stack[n++] = node->next] = true;
            if (node->op == NFA_SPLIT && !behind[node->other]) behind[stack[n++] = node->other] = true;
        }
    }
    return false;
}

static uint32_t variant(uint32_t node, uint32_t at_start) { return node ? 2 * node + at_start : 0; }

// Nodes 2i and 2i + 1 are the variants of node i; node 1 leads nowhere.
static struct nfa_node resolve(const struct nfa_node *old, uint32_t at_start, const bool *ends) {
    struct nfa_node node = *old;
    node.next = variant(old->next, old->op == NFA_CHAR ? 0 : at_start);
    node.other = old->op == NFA_SPLIT ? variant(old->other, at_start) : 0;
    if (old->op == NFA_BEGIN) node = (struct nfa_node){NFA_SPLIT, 0, node.next, node.next};
    if (old->op == NFA_BEGIN && !at_start) node.next = node.other = 1;
    if (old->op == NFA_END) node = (struct nfa_node){NFA_SPLIT, 0, !ends[old->next], !ends[old->next]};
    return node;
}

bool anchors_resolve(struct nfa *nfa) {
    bool asks = false;
    bool *ends = find_ends(nfa, &asks), *behind = alloc_zeroed(nfa->n, sizeof *behind);
    uint32_t *stack = alloc_array(nfa->n, sizeof *stack);
    struct nfa_node *nodes = alloc_array(2 * nfa->n, sizeof *nodes);
    struct char_set *sets = nfa->sets;
    if (nfa->n_sets == nfa->cap_sets) sets = alloc_grow(sets, &nfa->cap_sets, nfa->n_sets + 1, sizeof *sets);
    if (sets) nfa->sets = sets;
    const bool ok = ends && behind && stack && nodes && sets;
    if (ok) {
        nfa->sets[nfa->n_sets] = (struct char_set){0};
        if (asks && has_end(nfa) && asks_behind_end(nfa, behind, stack)) nfa->exact = false;
        nodes[0] = (struct nfa_node){.op = NFA_ACCEPT};
        nodes[1] = (struct nfa_node){.op = NFA_CHAR, .set = (uint32_t)nfa->n_sets++};
        for (uint32_t i = 2; i < 2 * nfa->n; i++) nodes[i] = resolve(&nfa->nodes[i / 2], i % 2 ? AT_START : 0, ends);
        nfa->start = variant(nfa->start, AT_START);
        free(nfa->nodes);
        nfa->nodes = nodes;
        nfa->cap = nfa->n = 2 * nfa->n;
    } else {
        free(nodes);
    }
    free(ends);
    free(behind);
    free(stack);
    return ok;
}
