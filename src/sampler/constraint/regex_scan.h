// SPDX-License-Identifier: MIT
// What a pattern must not have, since a text that grows cannot be matched against it.
#ifndef QUILL_SAMPLER_CONSTRAINT_REGEX_SCAN_H
#define QUILL_SAMPLER_CONSTRAINT_REGEX_SCAN_H

#include "base/error.h"
#include "base/str.h"

// Refuses \K, callouts, recursion into the whole pattern, and verbs, those in front of the pattern among them.
// `pattern` is one that PCRE2 compiles. QUILL_E_USAGE: "regex: at 5: ...".
QUILL_MUST_CHECK quill_status regex_scan(struct str pattern, quill_error *err);

#endif
