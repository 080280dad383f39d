// SPDX-License-Identifier: MIT
// From a JSON schema to a grammar.
//
// A goal is a list of demands that one value must satisfy together; for each goal that is met a rule of the grammar is
// made. allOf and $ref add demands to a goal; anyOf and oneOf make it a choice of goals; and when only keywords remain
// that speak of values themselves, what they demand together is worked out for each type of values. So schemas are
// merged by what they mean, at any depth, and recursive schemas end in goals that were met before.
#ifndef QUILL_SAMPLER_CONSTRAINT_SCHEMA_COMPILE_H
#define QUILL_SAMPLER_CONSTRAINT_SCHEMA_COMPILE_H

#include "grammar.h"
#include "nfa_ops.h"
#include "schema.h"

// A demand: of a schema (by its index) all, or one part.
enum part { PART_ALL, PART_OWN, PART_ANY, PART_ONE, PARTS };

struct demands {
    uint32_t *items; // [n] schema * PARTS + part
    size_t n, cap;
};

enum emptiness { NOT_ASKED, BEING_ASKED, EMPTY, MAYBE_NOT };

struct goal {
    uint32_t *demands; // [n] no PART_ALL, none twice
    uint32_t n;
    uint32_t rule;     // NEVER: none yet
    enum emptiness emptiness;
};

#define NOTHING UINT32_MAX // the goal that no value reaches

struct compiler {
    struct schema_text *text;
    struct grammar *g;
    struct arena arena;
    struct goal *goals;     // [n_goals]
    size_t n_goals, cap_goals;
    uint32_t *table;        // [table_size] hash table of goals, by index and 1
    size_t table_size;
    uint32_t *todo;         // [n_todo] goals whose rules are not defined
    size_t n_todo, cap_todo;
    uint32_t *marks;        // [schemas][PARTS] the number of the search that found a demand
    uint32_t marked;
    struct nfa *patterns;   // [2][schemas] of `pattern`, and of the names that lead to a schema; zeros: not made
    struct nfa *formats;    // [n of schema_formats] the same
    uint32_t text_rule, space, comma, colon, any_number, any_integer; // expressions; 0: not made
    int depth;              // of satisfies
    uint64_t effort;        // spent; what takes too much is refused
    quill_status status;    // the first failure
    quill_error *err;
};

// After a failure, which is remembered, all functions do nothing; what they return then is no matter.
static inline bool goes_on(const struct compiler *c) { return !c->status; }
void compile_no_memory(struct compiler *c);
void compile_fail(struct compiler *c, quill_status s); // *c->err is filled
bool compile_spend(struct compiler *c, uint64_t effort); // false: too much, which is a failure

static inline struct schema *schema_of(const struct compiler *c, uint32_t demand) {
    return c->text->schemas[demand / PARTS];
}

// ---- goals: schema_goal.c ----
void demand(struct compiler *c, struct demands *d, const struct schema *s, enum part part);
uint32_t goal_of(struct compiler *c, const struct demands *d); // or NOTHING
uint32_t goal_rule(struct compiler *c, uint32_t goal); // an expression; its rule is made later
bool goal_is_empty(struct compiler *c, uint32_t goal, int depth); // proven: no value reaches it
// The goal with demand `at` replaced by all of a schema.
uint32_t goal_with(struct compiler *c, uint32_t goal, uint32_t at, const struct schema *branch);
void goal_define(struct compiler *c, uint32_t goal);
// The types that all demands of a goal leave, and the first with enum or const, if any.
unsigned goal_types(const struct compiler *c, const struct goal *goal, const struct schema **listed);

// ---- types: each returns an expression; *_is_empty is proven ----
uint32_t compile_string(struct compiler *c, const struct goal *goal);
bool string_is_empty(struct compiler *c, const struct goal *goal);
// The automaton of what the demands ask of a string. *plain: only of its length, and there is none.
void string_nfa(struct compiler *c, const struct goal *goal, struct nfa *out, bool *plain, uint64_t *min,
                uint64_t *max);
const struct nfa *pattern_nfa(struct compiler *c, const struct schema *s, struct str pattern, const struct value *at);
uint32_t compile_any_string(struct compiler *c); // with quotes
uint32_t compile_name(struct compiler *c, const struct nfa *name); // in quotes
uint32_t compile_number(struct compiler *c, const struct goal *goal, bool fractions);
bool number_is_empty(struct compiler *c, const struct goal *goal, bool fractions);
uint32_t compile_array(struct compiler *c, const struct goal *goal);
bool array_is_empty(struct compiler *c, const struct goal *goal, int depth);
uint32_t compile_object(struct compiler *c, const struct goal *goal);
bool object_is_empty(struct compiler *c, const struct goal *goal, int depth);

// ---- values: schema_values.c ----
bool satisfies(struct compiler *c, const struct schema *s, enum part part, const struct value *v);
uint32_t compile_value(struct compiler *c, const struct value *v);

// ---- small things: schema_parts.c ----
uint32_t compile_comma(struct compiler *c); // with what blanks may follow
uint32_t compile_colon(struct compiler *c);
uint32_t compile_repeat(struct compiler *c, uint32_t expr, uint64_t min, uint64_t max, const struct value *at);
// An expression of its own automaton, which it takes.
uint32_t compile_nfa(struct compiler *c, struct nfa *nfa);

#endif
