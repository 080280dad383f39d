// SPDX-License-Identifier: MIT
// Regular expressions of ECMA-262 (with its flag u), as JSON Schema has them, in PCRE2's syntax.
#ifndef QUILL_SAMPLER_CONSTRAINT_ECMA_H
#define QUILL_SAMPLER_CONSTRAINT_ECMA_H

#include "base/buffer.h"
#include "base/error.h"

// Appends a pattern that PCRE2 reads as ECMA-262 reads this one, but for $, which is only the very end of a text, and
// \b, whose words are of ASCII. What is not regular (backreferences, assertions) is refused, and so is what is special
// to other dialects. Errors: QUILL_E_USAGE ("at 5: ..."), QUILL_E_SYSTEM.
QUILL_MUST_CHECK quill_status ecma_translate(struct buffer *out, struct str pattern, quill_error *err);

#endif
