// SPDX-License-Identifier: MIT
#ifndef QUILL_SAMPLER_CONSTRAINT_JSON_SCHEMA_H
#define QUILL_SAMPLER_CONSTRAINT_JSON_SCHEMA_H

#include "automaton.h"
#include "base/str.h"

// The automaton of JSON texts that are valid under a schema (include/quill/constraint.h); `name` (static) is for
// messages while texts are made. Errors: QUILL_E_USAGE ("json-schema: PATH: ..."), QUILL_E_SYSTEM.
QUILL_MUST_CHECK quill_status json_schema_create(struct automaton **out, struct str schema, const char *name,
                                                 quill_error *err);

#endif
