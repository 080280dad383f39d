// SPDX-License-Identifier: MIT
// Automata of strings, as JSON Schema combines them. None has assertions, and all are exact.
#ifndef QUILL_SAMPLER_CONSTRAINT_NFA_OPS_H
#define QUILL_SAMPLER_CONSTRAINT_NFA_OPS_H

#include "base/str.h"
#include "regex_nfa.h"

// All of these make *out, which nfa_free frees, zeros included. Errors: QUILL_E_USAGE (a mistake in a pattern, "too
// large"), QUILL_E_SYSTEM (memory).

// Strings in which a regular expression of ECMA-262 matches somewhere.
QUILL_MUST_CHECK quill_status nfa_search(struct nfa *out, struct str pattern, quill_error *err);
// Strings of min to max characters (NEVER: any number from min on).
QUILL_MUST_CHECK quill_status nfa_length(struct nfa *out, uint64_t min, uint64_t max, quill_error *err);
// Strings that both take.
QUILL_MUST_CHECK quill_status nfa_cut(struct nfa *out, const struct nfa *a, const struct nfa *b, quill_error *err);
// Strings that `a` does not take.
QUILL_MUST_CHECK quill_status nfa_invert(struct nfa *out, const struct nfa *a, quill_error *err);
// Strings that are none of names[n], which are sorted (str_compare), UTF-8 and differ.
QUILL_MUST_CHECK quill_status nfa_none_of(struct nfa *out, const struct str *names, size_t n, quill_error *err);
// What stands between the quotes of a JSON string: what needs no escape is not escaped, the rest is, in any valid way.
// No string has a NUL, which many parsers refuse.
QUILL_MUST_CHECK quill_status nfa_json(struct nfa *out, const struct nfa *a, quill_error *err);

static inline bool nfa_is_empty(const struct nfa *a) { return a->least[a->start] == NEVER; }
// Whether it takes a text, UTF-8. Errors: QUILL_E_SYSTEM.
QUILL_MUST_CHECK quill_status nfa_takes(const struct nfa *a, struct str text, bool *takes, quill_error *err);

#endif
