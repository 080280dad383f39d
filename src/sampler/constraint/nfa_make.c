// SPDX-License-Identifier: MIT
#include "nfa_make.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "base/hash.h"

void nfa_begin(struct nfa_maker *m) {
    struct char_set nothing = {0};
    *m = (struct nfa_maker){.nfa = {.word = NEVER, .exact = true}};
    nfa_add_set(m, &nothing);
    nfa_add_range(m, 0, LAST_CODE);
    nfa_add(m, (struct nfa_node){.op = NFA_ACCEPT});
    nfa_add_char(m, NFA_NO_CHARACTER, 0);
}

uint32_t nfa_add(struct nfa_maker *m, struct nfa_node node) {
    struct nfa *nfa = &m->nfa;
    m->too_large = m->too_large || nfa->n == NFA_MOST_NODES;
    if (!nfa_goes_on(m)) return 0;
    if (nfa->n == nfa->cap) {
        struct nfa_node *nodes = alloc_grow(nfa->nodes, &nfa->cap, nfa->n + 1, sizeof *nodes);
        m->no_memory = !nodes;
        if (!nodes) return 0;
        nfa->nodes = nodes;
    }
    nfa->nodes[nfa->n] = node;
    return (uint32_t)nfa->n++;
}

uint32_t nfa_add_set(struct nfa_maker *m, struct char_set *set) {
    struct nfa *nfa = &m->nfa;
    struct char_set *sets = nfa->sets;
    m->too_large = m->too_large || nfa->n_sets == NFA_MOST_NODES;
    if (nfa_goes_on(m) && nfa->n_sets == nfa->cap_sets) {
        sets = alloc_grow(nfa->sets, &nfa->cap_sets, nfa->n_sets + 1, sizeof *sets);
        m->no_memory = !sets;
        if (sets) nfa->sets = sets;
    }
    if (!nfa_goes_on(m)) {
        char_set_free(set);
        return 0;
    }
    sets[nfa->n_sets] = *set;
    return (uint32_t)nfa->n_sets++;
}

uint32_t nfa_add_range(struct nfa_maker *m, uint32_t low, uint32_t high) {
    struct char_set set = {0};
    if (!char_set_add(&set, low, high)) m->no_memory = true;
    return nfa_add_set(m, &set);
}

quill_status nfa_end(struct nfa_maker *m, struct nfa *out, quill_error *err) {
    const bool ok = nfa_goes_on(m);
    if (ok && nfa_find_least(&m->nfa)) {
        *out = m->nfa;
        return QUILL_OK;
    }
    nfa_free(&m->nfa);
    if (!ok && !m->no_memory) return fail(err, QUILL_E_USAGE, "too large");
    return fail_memory(err);
}

static bool grow(struct pair_table *t) {
    struct pair_table larger = {.size = t->size ? 2 * t->size : 64};
    larger.entries = alloc_zeroed(larger.size, sizeof *larger.entries);
    if (!larger.entries) return false;
    for (size_t i = 0; i < t->size; i++) {
        if (!t->entries[i].used) continue;
        size_t at = hash_mix(t->entries[i].pair) & (larger.size - 1);
        while (larger.entries[at].used) at = (at + 1) & (larger.size - 1);
        larger.entries[at] = t->entries[i];
    }
    larger.n = t->n;
    free(t->entries);
    *t = larger;
    return true;
}

uint32_t *pair_find(struct pair_table *t, uint32_t a, uint32_t b) {
    const uint64_t pair = (uint64_t)a << 32 | b;
    if (2 * t->n >= t->size && !grow(t)) return NULL;
    size_t at = hash_mix(pair) & (t->size - 1);
    for (; t->entries[at].used; at = (at + 1) & (t->size - 1))
        if (t->entries[at].pair == pair) return &t->entries[at].value;
    t->entries[at] = (struct pair_entry){pair, NEVER, true};
    t->n++;
    return &t->entries[at].value;
}
