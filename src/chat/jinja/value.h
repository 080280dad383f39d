// SPDX-License-Identifier: MIT
// Values of templates, as Python has them: what a value is, prints as, and equals is Python's. They live in the arena
// of a template or of one rendering, and are never changed once they are made, except namespaces and what is being
// built.
#ifndef QUILL_CHAT_JINJA_VALUE_H
#define QUILL_CHAT_JINJA_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"
#include "quill/tokenizer.h"

enum value_kind {
    V_UNDEFINED,
    V_NONE,
    V_BOOL,
    V_INT,
    V_FLOAT,
    V_STRING,
    V_LIST,
    V_TUPLE,
    V_DICT,
    V_NAMESPACE,
    V_FUNCTION, // a global function
    V_METHOD,   // of a value
    V_MACRO,
    V_LOOP,     // the variable of a loop
    V_CYCLER,
    V_JOINER,
};

// What a list is in Python: some are no lists, which shows when they are printed or tested.
enum list_flavor { LIST_PLAIN, LIST_LAZY, LIST_VIEW, LIST_RANGE };

struct text;
struct list;
struct dict;
struct method;
struct macro;
struct loop;
struct cycler;
struct joiner;

struct value {
    uint8_t kind;   // enum value_kind
    uint8_t flavor; // V_LIST: enum list_flavor
    uint16_t function; // V_FUNCTION: its number in globals.c
    union {
        bool b;
        int64_t i;
        double f;
        const struct text *s;
        struct list *l; // V_LIST, V_TUPLE
        struct dict *d; // V_DICT, V_NAMESPACE
        const struct method *method;
        const struct macro *macro;
        struct loop *loop;
        struct cycler *cycler;
        struct joiner *joiner;
        const struct str *name; // V_UNDEFINED: of what is not there; NULL: not known
    };
};

// A string, of any bytes. Its marks are the parts that came from messages, tools and variables: ascending, disjoint and
// not adjacent. Invalid UTF-8 counts as one character for each piece that U+FFFD would replace.
struct text {
    const char *p; // [n], never NULL
    size_t n;
    const quill_span *marks; // [n_marks]
    size_t n_marks;
    bool ascii;
    bool markup; // made by `safe` or `escape`: what is added to it is escaped
};

struct list {
    struct value *items; // [n]
    size_t n, cap;
};

struct pair {
    struct value key, value;
};
struct dict {
    struct pair *pairs; // [n] in the order of insertion
    size_t n, cap;
};

struct method {
    struct value self;
    uint16_t number; // in methods.c
};

struct cycler {
    const struct list *items;
    size_t at;
};
struct joiner {
    struct value separator;
    bool used;
};

#define UNDEFINED ((struct value){.kind = V_UNDEFINED})
#define NONE ((struct value){.kind = V_NONE})

static inline struct value value_bool(bool b) { return (struct value){.kind = V_BOOL, .b = b}; }
static inline struct value value_int(int64_t i) { return (struct value){.kind = V_INT, .i = i}; }
static inline struct value value_float(double f) { return (struct value){.kind = V_FLOAT, .f = f}; }
static inline struct value value_text(const struct text *s) { return (struct value){.kind = V_STRING, .s = s}; }
static inline struct value value_list(struct list *l) { return (struct value){.kind = V_LIST, .l = l}; }

static inline struct str text_str(const struct text *t) { return (struct str){t->p, t->n}; }
static inline bool value_is_text(struct value v, const char *s) {
    return v.kind == V_STRING && str_is(text_str(v.s), s);
}
static inline bool value_is_number(struct value v) {
    return v.kind == V_BOOL || v.kind == V_INT || v.kind == V_FLOAT;
}
// A number as a double; as an integer, if it is none of floats.
static inline double value_double(struct value v) {
    return v.kind == V_FLOAT ? v.f : v.kind == V_BOOL ? v.b : (double)v.i;
}
static inline int64_t value_integer(struct value v) { return v.kind == V_BOOL ? v.b : v.i; }
static inline bool value_is_integer(struct value v) { return v.kind == V_BOOL || v.kind == V_INT; }

#endif
