// SPDX-License-Identifier: MIT
// The deterministic automaton of a pattern over bytes, made state by state as texts are read (subset construction,
// Rabin and Scott 1959).
#ifndef QUILL_SAMPLER_CONSTRAINT_REGEX_DFA_H
#define QUILL_SAMPLER_CONSTRAINT_REGEX_DFA_H

#include "automaton.h"
#include "regex_nfa.h"

struct dfa;

// Owns the nfa from here on, even after a failure. Errors: QUILL_E_SYSTEM (memory).
QUILL_MUST_CHECK quill_status dfa_create(struct dfa **out, struct nfa *nfa, quill_error *err);
void dfa_free(struct dfa *dfa); // NULL is fine

// These are as in struct automaton_kind. Reading fails where the states need too much memory, or one is too large.
uint32_t dfa_start(struct dfa *dfa, struct reading *r);
uint32_t dfa_step(struct dfa *dfa, struct reading *r, uint32_t state, uint8_t byte);
bool dfa_may_end(const struct dfa *dfa, uint32_t state);
bool dfa_may_go_on(const struct dfa *dfa, uint32_t state);
uint64_t dfa_class_of(const struct dfa *dfa, uint32_t code);
uint32_t dfa_missing(const struct dfa *dfa, uint32_t state); // bytes of an unfinished character: 0..3
void dfa_forget(struct dfa *dfa);
uint32_t dfa_least(const struct dfa *dfa, uint32_t state); // NEVER: no text matches at all (of the first state)

#endif
