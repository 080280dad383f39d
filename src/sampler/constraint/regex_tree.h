// SPDX-License-Identifier: MIT
// A pattern as a tree, for the automaton.
#ifndef QUILL_SAMPLER_CONSTRAINT_REGEX_TREE_H
#define QUILL_SAMPLER_CONSTRAINT_REGEX_TREE_H

#include "base/arena.h"
#include "regex_nfa.h"

enum tree_op {
    TREE_EMPTY,
    TREE_CHAR,   // of a set
    TREE_CHAIN,  // left, then right
    TREE_EITHER, // left or right
    TREE_REPEAT, // left, min to max times
    TREE_BEGIN,
    TREE_END,
};

#define WITHOUT_END UINT32_MAX

struct tree {
    enum tree_op op;
    uint32_t set;
    uint32_t min, max; // WITHOUT_END: any number
    const struct tree *left, *right;
};

// Parses a pattern that PCRE2 compiles; the nodes lie in the arena, the sets in `nfa`, whose `exact` is set. NULL: no
// memory.
const struct tree *tree_parse(struct arena *arena, struct nfa *nfa, struct str pattern);

#endif
