// SPDX-License-Identifier: MIT
// A grammar as it was put together.
#ifndef QUILL_SAMPLER_CONSTRAINT_GRAMMAR_TREE_H
#define QUILL_SAMPLER_CONSTRAINT_GRAMMAR_TREE_H

#include "base/arena.h"
#include "base/buffer.h"
#include "base/error.h"
#include "regex_nfa.h"

enum expr_op {
    EXPR_CHARS,    // a character of sets[first]
    EXPR_TEXT,     // bytes[first .. first + n), whole characters
    EXPR_SEQUENCE, // parts[first .. first + n)
    EXPR_CHOICE,
    EXPR_REPEAT,   // parts[first], min to max times
    EXPR_RULE,     // rules[first]
    EXPR_REGEX,    // regexes[first], whose shortest text has n bytes; min to max characters
};

struct expr {
    enum expr_op op;
    uint32_t first, n;
    uint32_t min, max;
    uint32_t depth; // of expressions in expressions, up to rules
};

struct grammar_rule {
    struct str name;
    uint32_t expr;  // NEVER: not defined
};

enum { NO_TEXT = 0 }; // the expression that matches nothing: a choice of none

struct grammar {
    struct arena names;
    struct expr *exprs;         // [n_exprs]
    size_t n_exprs, cap_exprs;
    uint32_t *parts;            // [n_parts] expressions
    size_t n_parts, cap_parts;
    struct char_set *sets;      // [n_sets]
    size_t n_sets, cap_sets;
    struct nfa *regexes;        // [n_regexes] exact, with their `least`
    size_t n_regexes, cap_regexes;
    struct grammar_rule *rules; // [n_rules]
    size_t n_rules, cap_rules;
    struct buffer bytes;
    quill_status status;        // what was remembered
    quill_error err;
};

#endif
