// SPDX-License-Identifier: MIT
// Makes automata node by node.
#ifndef QUILL_SAMPLER_CONSTRAINT_NFA_MAKE_H
#define QUILL_SAMPLER_CONSTRAINT_NFA_MAKE_H

#include "regex_nfa.h"

enum { NFA_MOST_NODES = 1 << 18 };

// Node 0 accepts, node 1 leads nowhere, set 0 is empty and set 1 has every character.
enum { NFA_DEAD_NODE = 1, NFA_NO_CHARACTER = 0, NFA_ANY_CHARACTER = 1 };

struct nfa_maker {
    struct nfa nfa;
    bool no_memory, too_large;
};

void nfa_begin(struct nfa_maker *m);
static inline bool nfa_goes_on(const struct nfa_maker *m) { return !m->no_memory && !m->too_large; }
uint32_t nfa_add(struct nfa_maker *m, struct nfa_node node); // 0 when it fails
static inline uint32_t nfa_add_char(struct nfa_maker *m, uint32_t set, uint32_t next) {
    return nfa_add(m, (struct nfa_node){NFA_CHAR, set, next, 0});
}
static inline uint32_t nfa_add_split(struct nfa_maker *m, uint32_t next, uint32_t other) {
    return nfa_add(m, (struct nfa_node){NFA_SPLIT, 0, next, other});
}
uint32_t nfa_add_set(struct nfa_maker *m, struct char_set *set); // takes the set, and returns its index
uint32_t nfa_add_range(struct nfa_maker *m, uint32_t low, uint32_t high); // a set of its own
// Makes *out of what was made. Errors: QUILL_E_USAGE ("too large"), QUILL_E_SYSTEM.
QUILL_MUST_CHECK quill_status nfa_end(struct nfa_maker *m, struct nfa *out, quill_error *err);

// From pairs of numbers to numbers. Zeros are an empty table.
struct pair_table {
    struct pair_entry {
        uint64_t pair;
        uint32_t value;
        bool used;
    } *entries;
    size_t n, size;
};
// The place of a pair's value, which begins as NEVER. NULL: no memory.
uint32_t *pair_find(struct pair_table *t, uint32_t a, uint32_t b);

#endif
