// SPDX-License-Identifier: MIT
// Grammars in GBNF, the notation of llama.cpp: rules `name ::= ...`, whose first is `root`.
#ifndef QUILL_SAMPLER_CONSTRAINT_GBNF_H
#define QUILL_SAMPLER_CONSTRAINT_GBNF_H

#include "grammar.h"

// Adds the rules of a text to a grammar. QUILL_E_USAGE: "grammar: line 3, column 8: ..." (characters, from 1).
QUILL_MUST_CHECK quill_status gbnf_parse(struct grammar *g, uint32_t *root, struct str text, quill_error *err);

#endif
