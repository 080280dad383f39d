// SPDX-License-Identifier: MIT
#ifndef QUILL_SAMPLER_CONSTRAINT_REGEX_BUILD_H
#define QUILL_SAMPLER_CONSTRAINT_REGEX_BUILD_H

#include "base/str.h"
#include "regex_nfa.h"

// `pattern` is one that PCRE2 compiles. Errors: QUILL_E_SYSTEM (memory).
QUILL_MUST_CHECK quill_status nfa_create(struct nfa *nfa, struct str pattern, quill_error *err);

// Texts in which the pattern matches somewhere. $ is the very end of a text, and words (\b) are of ASCII. Errors:
// QUILL_E_USAGE ("not regular", "too large"), QUILL_E_SYSTEM.
QUILL_MUST_CHECK quill_status nfa_create_anywhere(struct nfa *nfa, struct str pattern, quill_error *err);

#endif
