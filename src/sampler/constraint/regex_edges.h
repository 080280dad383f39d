// SPDX-License-Identifier: MIT
// \b and \B, resolved: an automaton that remembers whether the last character belonged to a word, and what the next
// one must be, needs neither.
#ifndef QUILL_SAMPLER_CONSTRAINT_REGEX_EDGES_H
#define QUILL_SAMPLER_CONSTRAINT_REGEX_EDGES_H

#include "regex_nfa.h"

// Replaces the nodes by such ones without NFA_EDGE and NFA_NO_EDGE. If they are more than `most`, these become nodes
// that are always passed, and `exact` false. False: no memory.
bool edges_resolve(struct nfa *nfa, size_t most);

#endif
