// SPDX-License-Identifier: MIT
// JSON from files. Jansson's trees take up to a hundred times the bytes of their text, so a tree is built only if it is
// known to be small; large objects are walked member by member.
#ifndef QUILL_FORMATS_JSON_H
#define QUILL_FORMATS_JSON_H

#include <jansson.h>

#include "base/json_walk.h"
#include "base/map.h"

// The text of a file without its byte order mark.
struct str json_text(const struct map *map);

struct json_problem {
    bool no_memory; // if false, `text` and `at` describe a mistake
    char text[160];
    size_t at; // byte offset in the JSON text
};

// Decodes a string as written, with its quotes: *out is part of the text, or in the arena if it has escapes. false: see
// the problem.
bool json_string_of(struct str written, struct arena *arena, struct str *out, struct json_problem *problem);

// A tree of at most about `room` bytes. Duplicate names are refused. If the text has an integer beyond 64 bits,
// *all_real is set and all numbers are reals. NULL: see the problem.
json_t *json_tree(struct str text, size_t room, bool *all_real, struct json_problem *problem);

#endif
