// SPDX-License-Identifier: MIT
// A regular expression of a tokenizer file, compiled for PCRE2, and the search for its matches.
//
// Limits. Patterns of known rules are linear on every text. Patterns of a file may not be: they are compiled with
// callouts between their items, and the distances that matching moves from one callout to the next are summed. Each
// byte of a text allows a fixed amount of this work, whatever the pattern does ("metered").
#ifndef QUILL_TOKENIZER_SPLIT_PATTERN_H
#define QUILL_TOKENIZER_SPLIT_PATTERN_H

#include <stdbool.h>

#include "base/error.h"
#include "base/str.h"

struct pattern;    // shared by threads
struct match_room; // working memory of matching, for one thread at a time, kept from text to text; starts as NULL

enum { MOST_PATTERN_BYTES = 16 * 1024 };

// Translates `text`, which is written for Oniguruma. `file` and `part` ("pre-tokenizer") are for messages. The code is
// compiled by the first thread that needs it, or by pattern_compile. QUILL_E_MODEL: it is too long, or has a construct
// that is not supported.
quill_status pattern_create(struct pattern **out, struct str text, bool metered, const char *file, const char *part,
                            quill_error *err);
void pattern_free(struct pattern *pattern); // NULL is fine
quill_status pattern_compile(struct pattern *pattern, quill_error *err);
size_t pattern_memory(const struct pattern *pattern);
bool pattern_is_metered(const struct pattern *pattern);

// The first match in text[0..n), valid UTF-8, that begins at `from` or later. *begin = *end = n: none.
quill_status pattern_find(struct pattern *pattern, struct match_room **room, const char *text, size_t n, size_t from,
                          size_t *begin, size_t *end, quill_error *err);

// Sets the work that metered patterns may do on a text of n bytes. Call before its parts are searched.
quill_status match_room_meter(struct match_room **room, size_t n, quill_error *err);
void match_room_free(struct match_room *room); // NULL is fine

#endif
