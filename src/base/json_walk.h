// SPDX-License-Identifier: MIT
// Walking through JSON (RFC 8259) from member to member, without making a tree of it: no memory, whatever the text
// holds. The text is checked as it is passed. Doubled names are the caller's to notice. After a mistake every call is
// false.
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

// Into the object that begins here.
bool json_enter(struct json_walk *walk);
// To the next member: its name as written, with quotes, and its value. false: the end, or a mistake.
bool json_member(struct json_walk *walk, struct str *name, struct str *value);
// After the last member: nothing but blanks follows.
bool json_at_end(struct json_walk *walk);

// The same in steps: json_name stops before the value, which is then passed by json_value, or entered and walked to its
// end. Lists likewise: json_element stops before the next element.
bool json_name(struct json_walk *walk, struct str *name);
bool json_enter_list(struct json_walk *walk);
bool json_element(struct json_walk *walk);
bool json_value(struct json_walk *walk, struct str *value);
// What begins here: '{' '[' '"' or the first character of a number or a word; 0: nothing does.
char json_kind(struct json_walk *walk);

// A string as written between quotes, decoded: part of the text, or in the arena. It was walked over before, and so is
// well-formed. false: it is not a string, or there is no memory.
bool json_unquote(struct str written, struct arena *arena, struct str *out);

#endif
