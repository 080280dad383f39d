// SPDX-License-Identifier: MIT
#include "regex_scan.h"

#include <stdbool.h>

static bool is(struct str pattern, size_t at, const char *text) {
    return at < pattern.n && str_starts((struct str){pattern.p + at, pattern.n - at}, str_of(text));
}

// Behind the "[" of a class: the place of its "]".
static size_t class_end(struct str p, size_t at) {
    at += is(p, at, "^");
    at += is(p, at, "]");
    while (at < p.n && p.p[at] != ']') {
        if (is(p, at, "\\Q")) {
            while (at < p.n && !is(p, at, "\\E")) at++;
        } else if (p.p[at] == '\\') {
            at++;
        } else if (is(p, at, "[:")) {
            size_t end = at + 2;
            while (end < p.n && p.p[end] != ']' && p.p[end] != '\\' && !is(p, end, ":]")) end++;
            if (is(p, end, ":]")) at = end + 1;
        }
        at++;
    }
    return at;
}

// (*atomic:...), (*pla:...) and the like are groups; (*F) fails, which is an honest answer.
static bool is_group(struct str p, size_t at) {
    return (p.n > at + 2 && p.p[at + 2] >= 'a' && p.p[at + 2] <= 'z') || is(p, at, "(*F)") || is(p, at, "(*FAIL)");
}

static quill_status refuse(struct str p, size_t at, size_t n, const char *why, quill_error *err) {
    return fail_at(err, QUILL_E_USAGE, at, "regex: at %zu: '%s' %s", at, QUOTED(((struct str){p.p + at, n})), why);
}

static quill_status look(struct str p, size_t at, quill_error *err) {
    if (is(p, at, "\\K"))
        return refuse(p, at, 2, "moves the beginning of a match, and the whole text is to match", err);
    if (is(p, at, "(?C")) return refuse(p, at, 3, "is a callout, and there is nothing to call", err);
    if (is(p, at, "(?R)") || is(p, at, "(?0)") || is(p, at, "\\g<0>") || is(p, at, "\\g'0'"))
        return refuse(p, at, 4, "is the whole pattern again; put that into a group", err);
    if (!is(p, at, "(*") || is_group(p, at)) return QUILL_OK;
    size_t end = at;
    while (end < p.n && p.p[end] != ')') end++;
    return refuse(p, at, end < p.n ? end + 1 - at : 2, "is a verb; a constraint takes none", err);
}

quill_status regex_scan(struct str p, quill_error *err) {
    quill_status s = QUILL_OK;
    for (size_t at = 0; at < p.n && !s; at++) {
        if (is(p, at, "\\Q")) {
            while (at < p.n && !is(p, at, "\\E")) at++;
            at++;
            continue;
        }
        if (is(p, at, "(?#")) {
            while (at < p.n && p.p[at] != ')') at++;
            continue;
        }
        if (p.p[at] == '[') at = class_end(p, at + 1);
        else s = look(p, at, err);
        if (at < p.n && p.p[at] == '\\') at++;
    }
    return s;
}
