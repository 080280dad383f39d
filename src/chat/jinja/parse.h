// SPDX-License-Identifier: MIT
// From tokens to a tree. Expressions as Jinja2's parser takes them, with its precedences.
#ifndef QUILL_CHAT_JINJA_PARSE_H
#define QUILL_CHAT_JINJA_PARSE_H

#include "lex.h"

struct parser {
    struct jinja *out;
    const struct token *at; // the current token
    int depth;              // of functions
    struct str *names;      // [n_names]
    size_t n_names;
    const char *name;
    quill_status status;
    quill_error *err;
};

// All functions return NULL when they fail; then the parser has a status.
struct node *parse_fail(struct parser *p, const char *expected); // "expected X, found Y"
struct node *node_new(struct parser *p, enum node_kind kind, uint32_t line);
// Appends a child to a list that grows in the arena.
bool node_add(struct parser *p, struct node *node, size_t *cap, struct node *child);
// Takes children into account; fails if the tree gets too high.
struct node *node_done(struct parser *p, struct node *node);
uint32_t name_number(struct parser *p, struct str name);

bool at_operator(const struct parser *p, enum operator op);
bool at_name(const struct parser *p, const char *name);
bool skip_operator(struct parser *p, enum operator op);
bool skip_name(struct parser *p, const char *name);
bool expect_operator(struct parser *p, enum operator op, const char *spelled);
bool expect_name(struct parser *p, struct str *name);

struct node *parse_expression(struct parser *p, bool with_condition);
// One expression, or several with commas between them, a tuple. It may be in front of the name `end`.
struct node *parse_tuple(struct parser *p, bool with_condition, const char *end, bool parenthesized);
struct node *parse_target(struct parser *p, bool with_namespace, const char *end);
struct node *parse_filters(struct parser *p, struct node *input, bool begun);

#endif
