// SPDX-License-Identifier: MIT
// Context-free grammars as constraints: a grammar is put together from expressions, and becomes an automaton.
//
//     struct grammar *g = grammar_create();
//     const uint32_t value = grammar_rule(g, STR("value"));
//     const uint32_t parts[] = {grammar_text(g, STR("[")), grammar_repeat(g, grammar_ref(g, value), 0, NEVER),
//                               grammar_text(g, STR("]"))};
//     grammar_define(g, value, grammar_sequence(g, parts, 3));
//     s = grammar_automaton(&automaton, g, value, "grammar", QUILL_STOP_GRAMMAR, &err);
//
// An expression is a number and may be part of many others, but of none that was made before it: what refers to itself
// is a rule. A rule may refer to itself anywhere, at its beginning too, and may match the empty text.
//
// What fails (memory, too large, no UTF-8) is remembered: the functions then return an expression that matches no
// text, and grammar_check or grammar_automaton says why.
#ifndef QUILL_SAMPLER_CONSTRAINT_GRAMMAR_H
#define QUILL_SAMPLER_CONSTRAINT_GRAMMAR_H

#include "automaton.h"
#include "base/str.h"
#include "regex_nfa.h"

struct grammar;

struct grammar *grammar_create(void); // NULL: no memory
void grammar_free(struct grammar *g); // NULL is fine
quill_status grammar_check(const struct grammar *g, quill_error *err); // what was remembered. QUILL_E_USAGE, _SYSTEM

uint32_t grammar_chars(struct grammar *g, const struct char_set *set); // a character of the set, which is copied
uint32_t grammar_text(struct grammar *g, struct str text);             // the characters of `text`, UTF-8
uint32_t grammar_sequence(struct grammar *g, const uint32_t *exprs, size_t n); // one after the other; 0: the empty text
uint32_t grammar_choice(struct grammar *g, const uint32_t *exprs, size_t n);   // one of them; 0 of them: no text
// min to max times; max NEVER: any number from min on. Numbers cost nothing: they are counted while a text is read.
// At most MOST_REPEATS; more of `min` is a mistake, more of `max` too unless it is NEVER.
uint32_t grammar_repeat(struct grammar *g, uint32_t expr, uint32_t min, uint32_t max);
enum { MOST_REPEATS = 1000000000 };

// A whole match of a regular expression (regex.h), of min to max characters (max NEVER: any number from min on).
// QUILL_E_USAGE: "regex: at 5: ...", or that it is not regular (assertions, backreferences, atomic groups).
QUILL_MUST_CHECK quill_status grammar_regex(struct grammar *g, struct str pattern, uint32_t min, uint32_t max,
                                            uint32_t *expr, quill_error *err);
uint32_t grammar_nfa(struct grammar *g, struct nfa *nfa); // what an exact automaton takes, which is taken over

uint32_t grammar_rule(struct grammar *g, struct str name); // a rule, for the functions below; names are for messages
void grammar_define(struct grammar *g, uint32_t rule, uint32_t expr); // once
uint32_t grammar_ref(struct grammar *g, uint32_t rule);    // the expression that matches what the rule does

// Makes the automaton of the texts that a rule matches, and takes ownership of the grammar, even after a failure.
// `name` (static) is for messages, `stop` of a complete text. QUILL_E_USAGE: no text matches, or the grammar is too
// large, or a rule in use is not defined: "NAME: ...".
QUILL_MUST_CHECK quill_status grammar_automaton(struct automaton **out, struct grammar *g, uint32_t rule,
                                                const char *name, quill_stop stop, quill_error *err);

#endif
