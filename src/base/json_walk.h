// SPDX-License-Identifier: MIT
// Walks through JSON (RFC 8259) from member to member without building a tree, so it needs no memory, whatever the text
// holds. The text is checked as it is passed. Finding duplicate names is up to the caller. After a mistake every call
// returns false.
#ifndef QUILL_BASE_JSON_WALK_H
#define QUILL_BASE_JSON_WALK_H

#include <stdbool.h>
#include <stddef.h>

#include "arena.h"
#include "str.h"

struct json_walk {
    struct str text;
    size_t at;             // a mistake is near here
    bool inside;           // a member or element was seen: a comma comes before the next
    const char *mistake;   // NULL: none so far
};

// The text of a file without its byte order mark.
struct str json_without_bom(struct str text);

// Enters the object that begins here.
bool json_enter(struct json_walk *walk);
// Moves to the next member: its name as written, with quotes, and its value. false: the end, or a mistake.
bool json_member(struct json_walk *walk, struct str *name, struct str *value);
// After the last member: true if only white space follows.
bool json_at_end(struct json_walk *walk);

// The same in steps: json_name stops before the value; json_value then passes it, or the caller enters it and walks to
// its end. For lists, json_element stops before the next element.
bool json_name(struct json_walk *walk, struct str *name);
bool json_enter_list(struct json_walk *walk);
bool json_element(struct json_walk *walk);
bool json_value(struct json_walk *walk, struct str *value);
// What begins here: '{' '[' '"' or the first character of a number or a word; 0: the text ends.
char json_kind(struct json_walk *walk);

// Decodes a string as written, with its quotes: *out is part of the text, or in the arena if it has escapes. It was
// walked over before, so it is well-formed. false: not a string, or no memory.
bool json_unquote(struct str written, struct arena *arena, struct str *out);

#endif
