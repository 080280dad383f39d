// SPDX-License-Identifier: MIT
// Searches for a PCRE2 pattern in a growing text.
#ifndef QUILL_SAMPLER_STOP_REGEX_H
#define QUILL_SAMPLER_STOP_REGEX_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/str.h"

struct stop_regex;

// `pattern`: UTF-8, NUL-terminated. QUILL_E_USAGE says what is wrong with it, and where.
quill_status stop_regex_create(struct stop_regex **out, const char *pattern, quill_error *err);
void stop_regex_free(struct stop_regex *re); // NULL is fine

struct regex_hit {
    enum { REGEX_NOTHING, REGEX_POSSIBLE, REGEX_MATCH } kind;
    size_t begin, end; // POSSIBLE and NOTHING: no match begins before `begin`, whatever follows
};

// The leftmost match in `text` that begins at or after `from`. An empty match counts only between the first byte and
// the last, not before the first or after the last, where it would end nothing. If more text could make, change or
// lengthen the match, the answer is POSSIBLE, unless `final` says that no more follows. Invalid UTF-8 matches nothing.
// QUILL_E_CONSTRAINT: a limit was hit.
quill_status stop_regex_search(struct stop_regex *re, struct str text, size_t from, bool final, struct regex_hit *hit,
                               quill_error *err);

#endif
