// SPDX-License-Identifier: MIT
// A parser of PCRE2's syntax, in two files. It trusts that PCRE2 compiled the pattern. What it does not know, it
// takes as any text.
#ifndef QUILL_SAMPLER_CONSTRAINT_REGEX_PARSER_H
#define QUILL_SAMPLER_CONSTRAINT_REGEX_PARSER_H

#include "base/arena.h"
#include "base/buffer.h"
#include "base/str.h"
#include "regex_tree.h"

enum flag {
    CASELESS = 1,
    DOT_ALL = 2,
    OF_CHARACTERS = 3, // those that say what a character is
    EXTENDED = 4,      // white space and comments are skipped
};

// A single character's pattern whose set is known.
struct known {
    struct str pattern;
    unsigned flags;
    uint32_t set;
};

struct parser {
    struct arena *arena;
    struct nfa *nfa;
    const char *p, *end;
    unsigned flags;
    bool quoted;    // between \Q and \E
    bool strange;   // there is something that this parser does not know
    bool no_memory;
    const struct tree **groups; // [n_groups] that capture, in the order of their beginnings; NULL: not for reference
    size_t n_groups, cap_groups;
    size_t n_assertions; // parsed so far
    struct known *known; // [n_known]
    size_t n_known, cap_known;
    struct buffer characters; // of pcre_char_set
};

static inline const struct tree *parser_give_up(struct parser *r) {
    r->strange = true;
    return NULL;
}

static inline const struct tree *parser_no_memory(struct parser *r) {
    r->no_memory = true;
    return NULL;
}

static inline bool parser_at(const struct parser *r, const char *text) {
    const size_t n = strlen(text);
    return (size_t)(r->end - r->p) >= n && memcmp(r->p, text, n) == 0;
}

static inline bool parser_take(struct parser *r, const char *text) {
    const bool found = parser_at(r, text);
    if (found) r->p += strlen(text);
    return found;
}

// All of these return NULL where the pattern is given up, or memory is.
const struct tree *parser_node(struct parser *r, struct tree tree);
const struct tree *parser_empty(struct parser *r);
const struct tree *parser_left_out(struct parser *r); // for what looks around: it reads nothing
const struct tree *parser_anything(struct parser *r); // any text
// A character that stands for itself, at from[0..n).
const struct tree *parser_literal(struct parser *r, uint32_t code, const char *from, size_t n);
// The characters that a pattern for one of them matches, as PCRE2 says.
const struct tree *parser_ask(struct parser *r, struct str pattern);
const struct tree *parser_escape(struct parser *r); // at its backslash
const struct tree *parser_class(struct parser *r);  // at its bracket

#endif
