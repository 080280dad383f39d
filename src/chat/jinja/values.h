// SPDX-License-Identifier: MIT
// What can be done with values. Functions that return a value return UNDEFINED when they fail, and the run then has a
// status.
#ifndef QUILL_CHAT_JINJA_VALUES_H
#define QUILL_CHAT_JINJA_VALUES_H

#include "run.h"
#include "text.h"

// ---- calls ----------------------------------------------------------------------------------------------------------

struct keyword {
    struct str name;
    struct value value;
};
struct args {
    const struct value *at; // [n]
    size_t n;
    const struct keyword *keywords; // [n_keywords]
    size_t n_keywords;
};
// An argument by place or by name; NULL: it is not given.
const struct value *arg(const struct args *args, size_t place, const char *name);
bool arg_bool(struct run *r, const struct args *args, size_t place, const char *name, bool otherwise);
// An integer; fails if another value is given.
int64_t arg_int(struct run *r, const struct args *args, size_t place, const char *name, int64_t otherwise);
// A string; NULL: not given. Fails if another value is given; None counts as not given.
const struct text *arg_text(struct run *r, const struct args *args, size_t place, const char *name);

struct value call_value(struct run *r, struct value callee, const struct args *args);

// Filters, tests, methods and functions by name; -1: there is none.
int filter_find(struct str name);
struct value filter_apply(struct run *r, int filter, struct value input, const struct args *args);
int test_find(struct str name);
bool test_apply(struct run *r, int test, struct value input, const struct args *args);
int method_find(struct value self, struct str name); // methods that change values are found, and refused when called
struct value method_call(struct run *r, const struct method *method, const struct args *args);
int function_find(struct str name);
struct value function_call(struct run *r, int function, const struct args *args);

// ---- values ---------------------------------------------------------------------------------------------------------

struct list *list_new(struct run *r, size_t cap); // NULL: the run has failed
bool list_add(struct run *r, struct list *list, struct value item);
struct dict *dict_new(struct run *r, size_t cap);
// Adds or replaces. The key is a string, a number, None or a tuple of such.
bool dict_put(struct run *r, struct dict *dict, struct value key, struct value item);
// NULL: there is no such key.
const struct value *dict_get(struct run *r, const struct dict *dict, struct value key);
const struct value *dict_find(const struct dict *dict, struct str key);

bool truth(struct value v);
bool equal(struct run *r, struct value a, struct value b);
// -1, 0, 1; fails where Python has no order.
int compare(struct run *r, struct value a, struct value b);
// What iterating over the value gives, as a list; NULL: the run has failed.
const struct list *iterate(struct run *r, struct value v);
bool can_iterate(struct value v);
// What len() gives; -1: it has no length.
int64_t length_of(struct run *r, struct value v);
const char *kind_name(struct value v);

struct value get_attribute(struct run *r, struct value v, const struct str *name); // v.name
struct value get_item(struct run *r, struct value v, struct value key);            // v[key]
// "a.b.0" as filters take it, or an integer.
struct value get_path(struct run *r, struct value v, struct value path);

// The variable `loop` of for loops.
struct value loop_attribute(struct run *r, struct loop *loop, const struct str *name);
struct value loop_call(struct run *r, struct loop *loop, const struct args *args, int method);

struct value add(struct run *r, struct value a, struct value b);
struct value arithmetic(struct run *r, int op, struct value a, struct value b); // an operator of ast.h
struct value negate(struct run *r, struct value v);
bool contains(struct run *r, struct value item, struct value container);

// As str(), repr() and json.dumps() print it.
bool print_value(struct run *r, struct builder *out, struct value v);
bool print_repr(struct run *r, struct builder *out, struct value v);
struct json_style {
    int indent;                  // -1: on one line
    struct str indent_text;      // in place of blanks; {NULL, 0}: blanks
    struct str item, key;        // separators
    bool sort_keys, ascii;
};
bool print_json(struct run *r, struct builder *out, struct value v, const struct json_style *style);
const struct text *to_text(struct run *r, struct value v); // str(v); NULL: the run has failed
struct value percent_format(struct run *r, const struct text *format, struct value values);
struct value brace_format(struct run *r, const struct text *format, const struct args *args);

#endif
