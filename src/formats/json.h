// SPDX-License-Identifier: MIT
// JSON from files. Jansson's trees take up to a hundred times the bytes of their text, so a tree is made only of a text
// whose tree is known to be small; large objects are walked member by member.
#ifndef QUILL_FORMATS_JSON_H
#define QUILL_FORMATS_JSON_H

#include <jansson.h>

#include "base/json_walk.h"
#include "base/map.h"

// The text of a file without its byte order mark.
struct str json_text(const struct map *map);

struct json_problem {
    bool no_memory; // else:
    char text[160];
    size_t at; // byte of the text
};

// A string as written between quotes, decoded: part of the text, or in the arena. false: the problem says why.
bool json_string_of(struct str written, struct arena *arena, struct str *out, struct json_problem *problem);

// A tree of at most about `room` bytes. Doubled names are refused. When the text has an integer beyond 64 bits,
// *all_real is set and all its numbers are reals. NULL: the problem says why.
json_t *json_tree(struct str text, size_t room, bool *all_real, struct json_problem *problem);

#endif
