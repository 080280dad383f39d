// SPDX-License-Identifier: MIT
#ifndef QUILL_SAMPLER_CONSTRAINT_REGEX_PARSE_H
#define QUILL_SAMPLER_CONSTRAINT_REGEX_PARSE_H

#include "base/arena.h"
#include "regex_tree.h"

// Parses a pattern that PCRE2 compiles; the nodes lie in the arena, the sets in `nfa`, whose `exact` is set. NULL: no
// memory.
const struct tree *tree_parse(struct arena *arena, struct nfa *nfa, struct str pattern);

#endif
