// SPDX-License-Identifier: MIT
#include "json.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/error.h"

enum { MAX_DEPTH = 64 };

struct str json_text(const struct map *map) {
    return json_without_bom((struct str){(const char *)map->data, map->size});
}

// Jansson's reports do not distinguish a mistake from a lack of memory. Where a string's buffer cannot grow, Jansson
// 2.14 even succeeds, and the string lacks a character. So its allocations are watched, for all of the process: they
// stay malloc's.
static _Thread_local bool refused;

static void *allocate(size_t n) {
    void *p = malloc(n);
    if (!p && n) refused = true;
    return p;
}

__attribute__((constructor)) static void watch_allocations(void) { json_set_alloc_funcs(allocate, free); }

static json_t *parse(struct str text, size_t flags, struct json_problem *problem, json_error_t *error) {
    refused = false;
    json_t *tree = json_loadb(text.p, text.n, JSON_DECODE_ANY | JSON_ALLOW_NUL | flags, error);
    problem->no_memory = refused;
    if (tree && !problem->no_memory) return tree;
    json_decref(tree);
    problem->at = error->position > 0 ? (size_t)error->position : 0;
    snprintf(problem->text, sizeof problem->text, "expected JSON, found a mistake in line %d: %s", error->line,
             QUOTED(str_of(error->text)));
    return NULL;
}

bool json_string_of(struct str written, struct arena *arena, struct str *out, struct json_problem *problem) {
    *problem = (struct json_problem){.text = "expected a string, found another value"};
    if (written.n < 2 || written.p[0] != '"') return false;
    problem->no_memory = !json_unquote(written, arena, out);
    return !problem->no_memory;
}

// An upper bound of the memory that Jansson takes, from the sizes of its structs and of malloc's headers: an object or
// a list with its first table, and each member or element with its share of grown tables. The text is in memory once as
// strings, and again, while a string is read, in a buffer that doubles. SIZE_MAX: nested too deep.
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
    json_t *tree = parse(text, JSON_REJECT_DUPLICATES, problem, &error);
    if (tree || problem->no_memory || json_error_code(&error) != json_error_numeric_overflow) return tree;
    *all_real = true;
    return parse(text, JSON_REJECT_DUPLICATES | JSON_DECODE_INT_AS_REAL, problem, &error);
}
