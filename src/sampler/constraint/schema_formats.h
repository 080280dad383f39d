// SPDX-License-Identifier: MIT
// Formats of strings that are generated as they should be.
#ifndef QUILL_SAMPLER_CONSTRAINT_SCHEMA_FORMATS_H
#define QUILL_SAMPLER_CONSTRAINT_SCHEMA_FORMATS_H

#include "schema_compile.h"

enum { N_FORMATS = 11 };

// The strings of the format of a schema. NULL: it says nothing of strings, or a failure. One that JSON Schema defines
// and that cannot be generated is refused.
const struct nfa *format_nfa(struct compiler *c, const struct schema *s);

#endif
