// SPDX-License-Identifier: MIT
// PCRE2 as constraints use it.
#ifndef QUILL_SAMPLER_CONSTRAINT_PCRE_H
#define QUILL_SAMPLER_CONSTRAINT_PCRE_H

#include "base/buffer.h"
#include "base/error.h"
#include "char_set.h"

struct pcre;

// Compiles a pattern that must match a whole text. QUILL_E_USAGE: "regex: at 5: ..." (bytes).
QUILL_MUST_CHECK quill_status pcre_create(struct pcre **out, struct str pattern, quill_error *err);
void pcre_free(struct pcre *re); // NULL is fine

enum pcre_answer {
    PCRE_NO,      // no text that begins with this one matches
    PCRE_PARTIAL, // the pattern came to the end of the text, so more of it may match
    PCRE_YES,     // the text matches, or begins with one that does
    PCRE_LIMIT,   // the effort was too great
    PCRE_MEMORY,  // no memory
};
// Whether the whole text matches: PCRE_YES or PCRE_NO. The text is valid UTF-8, which is not checked.
enum pcre_answer pcre_matches(struct pcre *re, struct str text, uint32_t effort);
// Whether the text begins one that matches, as far as PCRE2 can tell by partial matching.
enum pcre_answer pcre_begins(struct pcre *re, struct str text, uint32_t effort);
enum { PCRE_EFFORT = 100000 }; // the most; PCRE2's match limit

// The code points that match a pattern for single characters: a class, an escape, a letter; `options` stand in front
// of it, "(?i)" for example. `characters` begins as zeros, is filled by the first call, and belongs to the caller.
// False: no memory, or it is no such pattern.
bool pcre_char_set(struct char_set *set, const char *options, struct str pattern, struct buffer *characters);

#endif
