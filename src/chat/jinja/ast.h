// SPDX-License-Identifier: MIT
// A parsed template.
#ifndef QUILL_CHAT_JINJA_AST_H
#define QUILL_CHAT_JINJA_AST_H

#include "base/arena.h"
#include "value.h"

enum node_kind {
    // statements
    N_BODY,       // list
    N_DATA,       // constant: text of the template
    N_OUTPUT,     // a
    N_IF,         // list of N_BRANCH
    N_BRANCH,     // a: the condition, NULL for else; b: body
    N_FOR,        // a: target, b: what is iterated, c: condition or NULL, d: body, e: else or NULL; flag: recursive
    N_SET,        // a: target, b: value
    N_SET_BLOCK,  // a: target, b: filters upon N_INPUT, or NULL; c: body
    N_MACRO,      // name, list of N_PARAMETER, b: body
    N_CALL_BLOCK, // list of N_PARAMETER, a: the call, b: body
    N_FILTER_BLOCK, // a: filters upon N_INPUT, b: body
    N_WITH,       // list of N_PARAMETER, b: body
    N_GENERATION, // b: body
    N_BREAK,
    N_CONTINUE,
    // parts of them
    N_PARAMETER,  // a: target; b: default, or the value of `with`; NULL: none
    N_KEYWORD,    // name, a: value
    N_STAR,       // a
    N_STAR_STAR,  // a
    // expressions
    N_CONSTANT,   // constant
    N_NAME,       // name
    N_NAMESPACE_REF, // name, second: `ns.x` as a target
    N_INPUT,      // what a filter block filters
    N_LIST,       // list
    N_TUPLE,      // list
    N_DICT,       // list of key, value, key, value
    N_ATTRIBUTE,  // a, name
    N_ITEM,       // a, b
    N_SLICE,      // a, b, c, each may be NULL: the second operand of N_ITEM
    N_CALL,       // a, list of arguments
    N_FILTER,     // a, index, list of arguments
    N_TEST,       // a, index, list of arguments
    N_NOT,        // a
    N_NEGATIVE,   // a
    N_POSITIVE,   // a
    N_AND,        // a, b
    N_OR,         // a, b
    N_BINARY,     // op, a, b
    N_CONCAT,     // list
    N_COMPARE,    // a, list of N_OPERAND
    N_OPERAND,    // op, a
    N_CONDITION,  // a if b else c; c may be NULL
};

enum operator { // of binary nodes and operands, and other punctuation for the lexer
    OP_NONE,
    OP_ADD, OP_SUB, OP_MUL, OP_DIV, OP_FLOOR_DIV, OP_MOD, OP_POW,
    OP_EQ, OP_NE, OP_LT, OP_LE, OP_GT, OP_GE, OP_IN, OP_NOT_IN,
    OP_TILDE, OP_ASSIGN, OP_PIPE, OP_DOT, OP_COMMA, OP_COLON, OP_SEMICOLON,
    OP_LPAREN, OP_RPAREN, OP_LBRACKET, OP_RBRACKET, OP_LBRACE, OP_RBRACE,
};

struct node {
    uint8_t kind;   // enum node_kind
    uint8_t op;     // enum operator
    bool flag;
    uint16_t height; // of the tree below
    uint32_t line;
    uint32_t name, second; // numbers of names
    int index;             // of a filter or test; -1: there is none of this name
    uint32_t n;
    struct node **list; // [n]
    struct node *a, *b, *c, *d, *e;
    struct value constant;
};

struct jinja {
    struct arena arena;
    struct node *body;
    const struct str *names; // [n_names]
    size_t n_names;
    const char *name;
    size_t bytes;
};

enum { MOST_HEIGHT = 150 }; // of a tree

// Names that evaluation asks for come first in `names`.
enum known_name { NAME_LOOP, NAME_CALLER, NAME_VARARGS, NAME_KWARGS, KNOWN_NAMES };

#endif
