// SPDX-License-Identifier: MIT
#include "json.h"

#include <stdio.h>

#include "base/error.h"
#include "base/utf8.h"

enum { MAX_DEPTH = 64 };

struct str json_text(const struct map *map) {
    struct str text = {(const char *)map->data, map->size};
    if (!str_starts(text, STR("\xef\xbb\xbf"))) return text;
    return (struct str){text.p + 3, text.n - 3};
}

static bool mistake(struct json_walk *walk, const char *text) {
    if (!walk->mistake) walk->mistake = text;
    return false;
}

static void skip_blanks(struct json_walk *walk) {
    while (walk->at < walk->text.n && strchr(" \t\n\r", walk->text.p[walk->at]) && walk->text.p[walk->at]) walk->at++;
}

// The character at the cursor, 0 at the end (and for a NUL, which JSON allows nowhere outside of escapes).
static char peek(const struct json_walk *walk) { return walk->at < walk->text.n ? walk->text.p[walk->at] : '\0'; }

static bool skip_string(struct json_walk *walk) {
    const char *p = walk->text.p;
    size_t start = ++walk->at;
    while (walk->at < walk->text.n && p[walk->at] != '"') {
        if ((unsigned char)p[walk->at] < 0x20)
            return mistake(walk, "expected a string, found a control character in it");
        walk->at += p[walk->at] == '\\' ? 2 : 1;
    }
    if (walk->at >= walk->text.n) return mistake(walk, "expected a closing quote, found the end");
    if (!utf8_is_valid(p + start, walk->at - start))
        return mistake(walk, "expected UTF-8 in a string, found other bytes");
    walk->at++;
    return true;
}

// Strings are checked, brackets are counted; the rest is left to whoever parses the value.
static bool skip_value(struct json_walk *walk) {
    int depth = 0;
    do {
        skip_blanks(walk);
        char c = peek(walk);
        if (c == '"') {
            if (!skip_string(walk)) return false;
        } else if (c == '{' || c == '[') {
            if (++depth > MAX_DEPTH) return mistake(walk, "expected values nested at most 64 deep, found more");
            walk->at++;
        } else if (c == '}' || c == ']') {
            if (--depth < 0) return mistake(walk, "expected a value, found a closing bracket");
            walk->at++;
        } else if ((c == ',' || c == ':') && depth > 0) {
            walk->at++;
        } else {
            size_t start = walk->at;
            while (peek(walk) && !strchr(" \t\n\r,:{}[]\"", peek(walk))) walk->at++;
            if (walk->at == start) return mistake(walk, "expected a value, found something else");
        }
    } while (depth > 0);
    return true;
}

bool json_enter(struct json_walk *walk) {
    skip_blanks(walk);
    if (peek(walk) != '{') return mistake(walk, "expected an object, found something else");
    walk->at++;
    walk->inside = false;
    return true;
}

bool json_member(struct json_walk *walk, struct str *name, struct str *value) {
    skip_blanks(walk);
    if (peek(walk) == '}') {
        walk->at++;
        return false;
    }
    if (walk->inside) {
        if (peek(walk) != ',') return mistake(walk, "expected a comma or a closing brace, found something else");
        walk->at++;
        skip_blanks(walk);
    }
    walk->inside = true;
    size_t start = walk->at;
    if (peek(walk) != '"') return mistake(walk, "expected a name in quotes, found something else");
    if (!skip_string(walk)) return false;
    *name = (struct str){walk->text.p + start, walk->at - start};
    skip_blanks(walk);
    if (peek(walk) != ':') return mistake(walk, "expected a colon, found something else");
    walk->at++;
    skip_blanks(walk);
    start = walk->at;
    if (!skip_value(walk)) return false;
    *value = (struct str){walk->text.p + start, walk->at - start};
    return true;
}

bool json_at_end(struct json_walk *walk) {
    skip_blanks(walk);
    return walk->at == walk->text.n || mistake(walk, "expected the end, found more after the object");
}

bool json_string_of(struct str written, struct arena *arena, struct str *out) {
    if (written.n < 2 || written.p[0] != '"') return false;
    *out = (struct str){written.p + 1, written.n - 2};
    if (!memchr(out->p, '\\', out->n)) return true;
    json_t *tree = json_loadb(written.p, written.n, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
    char *copy = NULL;
    if (json_is_string(tree)) {
        *out = (struct str){json_string_value(tree), json_string_length(tree)};
        copy = arena_string(arena, *out);
        out->p = copy;
    }
    json_decref(tree);
    return copy != NULL;
}

// An upper bound of what Jansson takes, from the sizes of its structs and of malloc's headers: an object with its first
// table, a list with its first table, and one more member or element with its share of grown tables. The text itself is
// there once as strings, and while a string is read, in a buffer that doubles. SIZE_MAX: nested too deep.
static size_t tree_bytes(struct str text) {
    enum { OBJECT = 420, LIST = 250, MEMBER = 220 };
    size_t sum = 3 * text.n;
    int depth = 0;
    bool quoted_text = false;
    for (size_t i = 0; i < text.n; i++) {
        char c = text.p[i];
        if (quoted_text && c == '\\') i++;
        else if (c == '"') quoted_text = !quoted_text;
        else if (quoted_text) continue;
        else if (c == ',') sum += MEMBER;
        else if (c == '{' || c == '[') sum += c == '{' ? OBJECT : LIST, depth++;
        else if (c == '}' || c == ']') depth--;
        if (depth > MAX_DEPTH) return SIZE_MAX;
    }
    return sum;
}

json_t *json_tree(struct str text, size_t room, bool *all_real, struct json_problem *problem) {
    const size_t flags = JSON_REJECT_DUPLICATES | JSON_DECODE_ANY | JSON_ALLOW_NUL;
    size_t need = tree_bytes(text);
    *problem = (struct json_problem){0};
    *all_real = false;
    if (need > room) {
        snprintf(problem->text, sizeof problem->text, "%s",
                 need == SIZE_MAX ? "expected values nested at most 64 deep, found more"
                                  : "expected fewer values, found more than quill reads");
        return NULL;
    }
    json_error_t error;
    json_t *tree = json_loadb(text.p, text.n, flags, &error);
    if (!tree && json_error_code(&error) == json_error_numeric_overflow) {
        *all_real = true;
        tree = json_loadb(text.p, text.n, flags | JSON_DECODE_INT_AS_REAL, &error);
    }
    if (tree) return tree;
    problem->at = error.position > 0 ? (size_t)error.position : 0;
    snprintf(problem->text, sizeof problem->text, "expected JSON, found a mistake in line %d: %s", error.line,
             QUOTED(str_of(error.text)));
    return NULL;
}
