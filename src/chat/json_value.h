// SPDX-License-Identifier: MIT
// JSON as values of templates.
#ifndef QUILL_CHAT_JSON_VALUE_H
#define QUILL_CHAT_JSON_VALUE_H

#include "base/buffer.h"
#include "base/json_walk.h"
#include "chat/jinja/values.h"

// A run that only makes values in an arena; it has no limits.
static inline struct run value_maker(struct arena *arena, quill_error *err) {
    return (struct run){.arena = arena, .most_memory = SIZE_MAX, .steps = UINT64_MAX, .err = err};
}

// Reads the value that begins at the walk's place. Its strings count as from outside. False: the walk has a mistake, or
// the run has failed (memory).
bool json_to_value(struct run *r, struct json_walk *walk, struct value *out);

// A string as JSON: bytes that are no UTF-8 become U+FFFD. False: no memory.
bool json_add_string(struct buffer *out, struct str s);
// JSON without the blanks and newlines between its parts.
bool json_add_compact(struct buffer *out, struct str json);

#endif
