// SPDX-License-Identifier: MIT
// Regular expressions as automata: the first kind of constraint.
//
// PCRE2 compiles every pattern, and its word decides about a whole text. What is regular in a pattern also becomes
// an automaton of our own (regex_nfa.h, regex_dfa.h). If that is all of the pattern, the automaton alone is asked
// while a text grows. Otherwise (looking around, backreferences, atomic groups) it accepts more than the pattern
// does, and PCRE2 matches what it leaves, partially, from the beginning of the text.
#ifndef QUILL_SAMPLER_CONSTRAINT_REGEX_H
#define QUILL_SAMPLER_CONSTRAINT_REGEX_H

#include "automaton.h"

// `pattern`: UTF-8. QUILL_E_USAGE: "regex: ..." says what is wrong with it, or that it cannot match.
QUILL_MUST_CHECK quill_status regex_create(struct automaton **out, struct str pattern, quill_error *err);

#endif
