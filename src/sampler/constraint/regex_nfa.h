// SPDX-License-Identifier: MIT
// A pattern as a nondeterministic automaton over characters (Thompson 1968): what of PCRE2's syntax is regular.
//
// What is not regular, or looks around, is replaced by something that matches all that it matches and more: then the
// automaton accepts a larger language than the pattern, and `exact` is false.
#ifndef QUILL_SAMPLER_CONSTRAINT_REGEX_NFA_H
#define QUILL_SAMPLER_CONSTRAINT_REGEX_NFA_H

#include "base/error.h"
#include "char_set.h"

enum nfa_op {
    NFA_CHAR,    // reads a character of a set, to `next`
    NFA_SPLIT,   // to `next` or to `other`
    NFA_BEGIN,   // at the beginning of the text: to `next`
    NFA_END,     // at the end of the text: to `next`
    NFA_EDGE,    // between a character of a word and another: to `next`. Only until nfa_resolve_edges
    NFA_NO_EDGE, // elsewhere: to `next`
    NFA_ACCEPT,
};

struct nfa_node {
    enum nfa_op op;
    uint32_t set; // of NFA_CHAR: an index of `sets`
    uint32_t next, other;
};

#define NEVER UINT32_MAX

struct nfa {
    struct nfa_node *nodes; // [n]; node 0 is NFA_ACCEPT
    size_t n, cap;
    uint32_t start;
    struct char_set *sets;  // [n_sets]
    size_t n_sets, cap_sets;
    uint32_t word;          // the set of characters of words, if there is NFA_EDGE or NFA_NO_EDGE; else NEVER
    uint32_t *least;        // [n] bytes that are read at least from a node to the end; NEVER: the end is not reached
    bool exact;
};

bool nfa_find_least(struct nfa *nfa); // makes and fills `least`; false: no memory
bool nfa_least(const struct nfa *nfa, uint32_t *least); // of the whole pattern, when that was done; false: no memory
void nfa_free(struct nfa *nfa);

#endif
