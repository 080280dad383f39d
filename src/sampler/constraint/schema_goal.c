// SPDX-License-Identifier: MIT
#include "schema_compile.h"

#include "base/alloc.h"
#include "base/hash.h"

enum {
    MOST_GOALS = 1 << 18,
    MOST_EFFORT = 1 << 25,
    MOST_DEPTH = 24, // of goals looked at to prove that one is empty
};

// What an automaton was refused for, which has no place, becomes the schema's mistake.
void compile_fail(struct compiler *c, quill_status s) {
    if (c->status || !s) return;
    if (s == QUILL_E_USAGE && !str_starts(str_of(c->err->text), STR("json-schema:")))
        s = fail(c->err, s, "json-schema: too large, once its parts are put together");
    c->status = s;
}

void compile_no_memory(struct compiler *c) {
    if (goes_on(c)) c->status = fail_memory(c->err);
}

bool compile_spend(struct compiler *c, uint64_t effort) {
    c->effort += effort;
    if (goes_on(c) && c->effort > MOST_EFFORT)
        c->status = fail(c->err, QUILL_E_USAGE, "json-schema: too large, once its parts are put together");
    return goes_on(c);
}

void demand(struct compiler *c, struct demands *d, const struct schema *s, enum part part) {
    if (!goes_on(c)) return;
    if (d->n == d->cap) {
        uint32_t *items = alloc_grow(d->items, &d->cap, d->n + 1, sizeof *items);
        if (!items) {
            compile_no_memory(c);
            return;
        }
        d->items = items;
    }
    d->items[d->n++] = s->index * PARTS + part;
}

// ---- what a schema demands --------------------------------------------------------------------------

static bool is_new(struct compiler *c, uint32_t d) {
    if (c->marks[d] == c->marked) return false;
    c->marks[d] = c->marked;
    return true;
}

// Replaces PART_ALL by parts, in the order of the schema. False: no value satisfies them.
static bool flatten(struct compiler *c, const struct demands *from, struct demands *out) {
    struct demands stack = {0};
    bool possible = true;
    c->marked++;
    for (size_t i = from->n; i > 0; i--) {
        const uint32_t d = from->items[i - 1];
        demand(c, &stack, schema_of(c, d), d % PARTS);
    }
    while (stack.n && possible && compile_spend(c, 1)) {
        const uint32_t d = stack.items[--stack.n];
        const struct schema *s = schema_of(c, d);
        if (!is_new(c, d)) continue;
        if (d % PARTS != PART_ALL) {
            demand(c, out, s, d % PARTS);
            continue;
        }
        possible = !s->never;
        // What was pushed last comes first.
        if (s->one.n) demand(c, &stack, s, PART_ONE);
        if (s->any.n) demand(c, &stack, s, PART_ANY);
        for (size_t i = s->all.n; i > 0; i--) demand(c, &stack, s->all.items[i - 1], PART_ALL);
        if (s->asserts) demand(c, &stack, s, PART_OWN);
    }
    free(stack.items);
    return possible;
}

// ---- goals ------------------------------------------------------------------------------------------

static bool grow_table(struct compiler *c) {
    const size_t size = c->table_size ? 2 * c->table_size : 256;
    uint32_t *table = alloc_zeroed(size, sizeof *table);
    if (!table) return false;
    for (size_t i = 0; i < c->n_goals; i++) {
        size_t at = hash_bytes(c->goals[i].demands, c->goals[i].n * sizeof(uint32_t), 0) & (size - 1);
        while (table[at]) at = (at + 1) & (size - 1);
        table[at] = (uint32_t)i + 1;
    }
    free(c->table);
    c->table = table;
    c->table_size = size;
    return true;
}

static uint32_t add_goal(struct compiler *c, const struct demands *flat, size_t at) {
    struct goal *goals = c->goals;
    if (c->n_goals == c->cap_goals) goals = alloc_grow(goals, &c->cap_goals, c->n_goals + 1, sizeof *goals);
    uint32_t *items = goals ? arena_alloc(&c->arena, flat->n + 1, sizeof *items) : NULL;
    if (goals) c->goals = goals;
    if (!items || c->n_goals == MOST_GOALS) {
        if (items) c->effort = UINT64_MAX / 2, compile_spend(c, 0);
        else compile_no_memory(c);
        return NOTHING;
    }
    if (flat->n) memcpy(items, flat->items, flat->n * sizeof *items);
    c->goals[c->n_goals] = (struct goal){items, (uint32_t)flat->n, NEVER, NOT_ASKED};
    c->table[at] = (uint32_t)++c->n_goals;
    return (uint32_t)c->n_goals - 1;
}

// What a goal costs, beside its demands: a rule, and what is made of it.
enum { GOAL = 128 };

static uint32_t intern(struct compiler *c, const struct demands *flat) {
    if (2 * c->n_goals >= c->table_size && !grow_table(c)) {
        compile_no_memory(c);
        return NOTHING;
    }
    const size_t bytes = flat->n * sizeof(uint32_t);
    size_t at = hash_bytes(flat->items, bytes, 0) & (c->table_size - 1);
    for (; c->table[at]; at = (at + 1) & (c->table_size - 1)) {
        const struct goal *goal = &c->goals[c->table[at] - 1];
        if (goal->n == flat->n && (bytes == 0 || memcmp(goal->demands, flat->items, bytes) == 0))
            return c->table[at] - 1;
    }
    return compile_spend(c, GOAL + 4 * flat->n) ? add_goal(c, flat, at) : NOTHING;
}

uint32_t goal_of(struct compiler *c, const struct demands *d) {
    struct demands flat = {0};
    const bool possible = goes_on(c) && flatten(c, d, &flat);
    const uint32_t goal = possible && goes_on(c) ? intern(c, &flat) : NOTHING;
    free(flat.items);
    return goal;
}

uint32_t goal_rule(struct compiler *c, uint32_t goal) {
    if (goal == NOTHING || !goes_on(c)) return grammar_choice(c->g, NULL, 0);
    struct goal *g = &c->goals[goal];
    if (g->rule == NEVER) {
        if (c->n_todo == c->cap_todo) {
            uint32_t *todo = alloc_grow(c->todo, &c->cap_todo, c->n_todo + 1, sizeof *todo);
            if (!todo) {
                compile_no_memory(c);
                return 0;
            }
            c->todo = todo;
        }
        g->rule = grammar_rule(c->g, STR("value"));
        c->todo[c->n_todo++] = goal;
    }
    return grammar_ref(c->g, g->rule);
}

static void demand_goal(struct compiler *c, struct demands *d, uint32_t goal, uint32_t except) {
    for (uint32_t i = 0; i < c->goals[goal].n && goes_on(c); i++) {
        const uint32_t item = c->goals[goal].demands[i];
        if (i != except) demand(c, d, schema_of(c, item), item % PARTS);
    }
}

uint32_t goal_with(struct compiler *c, uint32_t goal, uint32_t at, const struct schema *branch) {
    struct demands d = {0};
    const struct goal *g = &c->goals[goal];
    for (uint32_t i = 0; i < g->n; i++) {
        if (i == at) demand(c, &d, branch, PART_ALL);
        else demand(c, &d, schema_of(c, g->demands[i]), g->demands[i] % PARTS);
    }
    const uint32_t made = goal_of(c, &d);
    free(d.items);
    return made;
}

unsigned goal_types(const struct compiler *c, const struct goal *goal, const struct schema **listed) {
    unsigned types = TYPE_ANY;
    *listed = NULL;
    for (uint32_t i = 0; i < goal->n; i++) {
        const struct schema *s = schema_of(c, goal->demands[i]);
        if (goal->demands[i] % PARTS != PART_OWN) continue;
        types &= s->types;
        if (!*listed && (s->values || s->constant)) *listed = s;
    }
    return types;
}

// The first demand that is a choice; goal->n: there is none.
static uint32_t find_choice(const struct goal *goal) {
    uint32_t i = 0;
    while (i < goal->n && goal->demands[i] % PARTS == PART_OWN) i++;
    return i;
}

static bool reaches(struct compiler *c, const struct goal *goal, const struct value *v) {
    for (uint32_t i = 0; i < goal->n; i++)
        if (!satisfies(c, schema_of(c, goal->demands[i]), goal->demands[i] % PARTS, v)) return false;
    return goes_on(c);
}

// Values of a list that reach the goal: their number, or, for `exprs`, the expressions of those too.
static size_t find_values(struct compiler *c, const struct goal *goal, const struct schema *listed, uint32_t *exprs) {
    const struct value *one = listed->constant;
    const size_t n = one ? 1 : listed->values->n;
    size_t found = 0;
    for (size_t i = 0; i < n && goes_on(c); i++) {
        const struct value *v = one ? one : listed->values->items[i];
        if (!reaches(c, goal, v)) continue;
        if (exprs) exprs[found] = compile_value(c, v);
        found++;
    }
    return found;
}

// ---- goals that no value reaches --------------------------------------------------------------------

static bool types_are_empty(struct compiler *c, uint32_t goal, unsigned types, int depth) {
    const struct goal g = c->goals[goal];
    if (types & (TYPE_NULL | TYPE_BOOLEAN)) return false;
    if (types & TYPE_NUMBER && !number_is_empty(c, &g, types & TYPE_FRACTION)) return false;
    if (types & TYPE_STRING && !string_is_empty(c, &g)) return false;
    if (types & TYPE_ARRAY && !array_is_empty(c, &g, depth)) return false;
    return !(types & TYPE_OBJECT) || object_is_empty(c, &g, depth);
}

static bool look_for_empty(struct compiler *c, uint32_t goal, int depth) {
    const struct goal g = c->goals[goal];
    const uint32_t at = find_choice(&g);
    const struct schema *listed;
    const unsigned types = goal_types(c, &g, &listed);
    if (types == 0) return true;
    if (listed && find_values(c, &g, listed, NULL) == 0) return true;
    if (at == g.n) return !listed && types_are_empty(c, goal, types, depth);
    const struct schema *s = schema_of(c, g.demands[at]);
    const struct schema_list *branches = g.demands[at] % PARTS == PART_ANY ? &s->any : &s->one;
    for (size_t i = 0; i < branches->n && goes_on(c); i++)
        if (!goal_is_empty(c, goal_with(c, goal, at, branches->items[i]), depth + 1)) return false;
    return true;
}

bool goal_is_empty(struct compiler *c, uint32_t goal, int depth) {
    if (goal == NOTHING) return true;
    if (!compile_spend(c, 16) || depth > MOST_DEPTH) return false;
    if (c->goals[goal].emptiness == NOT_ASKED) {
        c->goals[goal].emptiness = BEING_ASKED;
        const bool empty = look_for_empty(c, goal, depth) && goes_on(c);
        c->goals[goal].emptiness = empty ? EMPTY : MAYBE_NOT;
    }
    return c->goals[goal].emptiness == EMPTY;
}

// A value of two branches of oneOf is not valid; so no two of them may have one in common.
static void check_one(struct compiler *c, uint32_t goal, uint32_t at) {
    const struct schema *s = schema_of(c, c->goals[goal].demands[at]);
    for (size_t i = 0; i < s->one.n; i++)
        for (size_t k = 0; k < i && goes_on(c); k++) {
            struct demands d = {0};
            demand_goal(c, &d, goal, at);
            demand(c, &d, s->one.items[k], PART_ALL);
            demand(c, &d, s->one.items[i], PART_ALL);
            const bool apart = goal_is_empty(c, goal_of(c, &d), 0);
            free(d.items);
            if (apart || !goes_on(c)) continue;
            const struct value *list = value_member(s->at, STR("oneOf"));
            compile_fail(c, schema_refuse(list, c->err, "%zu and %zu may both hold for a value; anyOf allows that", k,
                                          i));
        }
}

// ---- rules ------------------------------------------------------------------------------------------

static uint32_t compile_types(struct compiler *c, const struct goal *goal, unsigned types) {
    uint32_t exprs[8];
    size_t n = 0;
    if (types & TYPE_NULL) exprs[n++] = grammar_text(c->g, STR("null"));
    if (types & TYPE_BOOLEAN) {
        exprs[n++] = grammar_text(c->g, STR("true"));
        exprs[n++] = grammar_text(c->g, STR("false"));
    }
    if (types & TYPE_NUMBER) exprs[n++] = compile_number(c, goal, types & TYPE_FRACTION);
    if (types & TYPE_STRING) exprs[n++] = compile_string(c, goal);
    if (types & TYPE_ARRAY) exprs[n++] = compile_array(c, goal);
    if (types & TYPE_OBJECT) exprs[n++] = compile_object(c, goal);
    return grammar_choice(c->g, exprs, n);
}

static uint32_t compile_branches(struct compiler *c, uint32_t goal, uint32_t at) {
    const uint32_t d = c->goals[goal].demands[at];
    const struct schema *s = schema_of(c, d);
    const struct schema_list *branches = d % PARTS == PART_ANY ? &s->any : &s->one;
    uint32_t *exprs = alloc_array(branches->n, sizeof *exprs);
    if (!exprs) compile_no_memory(c);
    if (d % PARTS == PART_ONE) check_one(c, goal, at);
    for (size_t i = 0; i < branches->n && goes_on(c); i++)
        exprs[i] = goal_rule(c, goal_with(c, goal, at, branches->items[i]));
    const uint32_t expr = goes_on(c) ? grammar_choice(c->g, exprs, branches->n) : 0;
    free(exprs);
    return expr;
}

static uint32_t compile_listed(struct compiler *c, const struct goal *goal, const struct schema *listed) {
    const size_t n = listed->constant ? 1 : listed->values->n;
    uint32_t *exprs = alloc_array(n, sizeof *exprs);
    if (!exprs) compile_no_memory(c);
    const size_t found = exprs ? find_values(c, goal, listed, exprs) : 0;
    const uint32_t expr = goes_on(c) ? grammar_choice(c->g, exprs, found) : 0;
    free(exprs);
    return expr;
}

// oneOf beside a list of values needs no proof: each value is looked at.
void goal_define(struct compiler *c, uint32_t goal) {
    const struct goal g = c->goals[goal];
    const uint32_t at = find_choice(&g);
    const struct schema *listed;
    const unsigned types = goal_types(c, &g, &listed);
    const uint32_t expr = listed         ? compile_listed(c, &g, listed)
                          : at < g.n     ? compile_branches(c, goal, at)
                                         : compile_types(c, &g, types);
    if (goes_on(c)) grammar_define(c->g, g.rule, expr);
}
