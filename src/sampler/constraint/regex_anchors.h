// SPDX-License-Identifier: MIT
#ifndef QUILL_SAMPLER_CONSTRAINT_REGEX_ANCHORS_H
#define QUILL_SAMPLER_CONSTRAINT_REGEX_ANCHORS_H

#include "regex_nfa.h"

// Makes an automaton without NFA_BEGIN and NFA_END that takes the same texts; NFA_END is the very end of a text. What
// asks for a border of words behind it makes the automaton inexact. False: no memory.
bool anchors_resolve(struct nfa *nfa);

#endif
