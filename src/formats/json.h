// SPDX-License-Identifier: MIT
// JSON from files. Jansson's trees take up to a hundred times the bytes of their text, so a tree is made only of a text
// whose tree is known to be small; large objects are walked member by member.
#ifndef QUILL_FORMATS_JSON_H
#define QUILL_FORMATS_JSON_H

#include <jansson.h>

#include "base/arena.h"
#include "base/map.h"
#include "base/str.h"

struct json_walk {
    struct str text;
    size_t at;             // a mistake is near here
    bool inside;           // a member was seen: a comma comes before the next
    const char *mistake;   // NULL: none so far
};

// The text of a file without its byte order mark.
struct str json_text(const struct map *map);

// Moves past the brace that begins an object.
bool json_enter(struct json_walk *walk);
// The next member: its name as written, with quotes, and its value, of which only the extent is checked. false: the
// end, or a mistake.
bool json_member(struct json_walk *walk, struct str *name, struct str *value);
// After the last member: nothing but blanks follows.
bool json_at_end(struct json_walk *walk);

// A string as written between quotes, decoded: part of the text, or in the arena. false: no memory, or a bad escape.
bool json_string_of(struct str written, struct arena *arena, struct str *out);

struct json_problem {
    char text[160];
    size_t at; // byte of the text
};

// A tree of at most about `room` bytes. Doubled names are refused. When the text has an integer beyond 64 bits,
// *all_real is set and all its numbers are reals. NULL: the problem says why.
json_t *json_tree(struct str text, size_t room, bool *all_real, struct json_problem *problem);

#endif
