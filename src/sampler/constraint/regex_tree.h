// SPDX-License-Identifier: MIT
// A pattern as a tree, for the automaton.
#ifndef QUILL_SAMPLER_CONSTRAINT_REGEX_TREE_H
#define QUILL_SAMPLER_CONSTRAINT_REGEX_TREE_H

#include "regex_nfa.h"

enum tree_op {
    TREE_EMPTY,
    TREE_CHAR,   // of a set
    TREE_CHAIN,  // left, then right
    TREE_EITHER, // left or right
    TREE_REPEAT, // left, min to max times
    TREE_BEGIN,
    TREE_END,
    TREE_EDGE,   // \b
    TREE_NO_EDGE,
};

#define WITHOUT_END UINT32_MAX

struct tree {
    enum tree_op op;
    uint32_t set;
    uint32_t min, max; // WITHOUT_END: any number
    const struct tree *left, *right;
};

#endif
