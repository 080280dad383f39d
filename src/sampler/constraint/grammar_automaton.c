// SPDX-License-Identifier: MIT
// Grammars as automata. A state is a set of places between two characters, or within one: equal sets are one state.
#include <stdlib.h>
#include <string.h>

#include "alphabet.h"
#include "base/alloc.h"
#include "base/hash.h"
#include "grammar.h"
#include "grammar_stack.h"
#include "grammar_tree.h"

enum {
    MOST_NEXT = 8 << 20, // steps that are kept
    NO_COLUMN = 255,
};
#define UNKNOWN UINT32_MAX // the step was not taken before

struct state {
    uint32_t first, n;    // places, all at nodes NODE_CHAR
    struct middle middle;
    uint32_t least;
    uint32_t next;        // where its steps are kept; UNKNOWN: nowhere
    uint32_t alike, local; // states; UNKNOWN: not asked for
    uint32_t any, any_set; // behind_any of a set; UNKNOWN: not asked for
    bool any_splits;       // some place reads a part of that set
    bool may_end;
    bool open;            // a barrier was passed
};

struct grammar_states {
    struct automaton automaton;
    struct automaton_kind kind;
    struct nodes nodes;
    struct alphabet alphabet;
    uint64_t *ascii;          // [nodes.n_sets][2] bit `code` of the first 128
    uint32_t *sizes;          // [nodes.n_sets] code points
    uint8_t *relations;       // [nodes.n_sets] enum relation, to the set of the run that was asked for last
    uint32_t run_set;
    uint8_t columns[256];     // bytes of one column lead to the same states, from between two characters
    uint32_t n_columns;
    struct stack stack;
    struct state *states;     // [n]; state 0 is DEAD
    size_t n, cap;
    uint32_t *next;           // [n_next] steps: as many for a state as it has columns
    size_t n_next, cap_next;
    uint32_t *table;          // [table_size] hash table of states; 0: empty
    size_t table_size;
    uint32_t alike_bytes;     // what `alike` was asked first; longer texts lead from a state alike to others
};

static struct grammar_states *of(struct automaton *a) { return (struct grammar_states *)a; }

// ---- life -------------------------------------------------------------------------------------------

static void forget(struct automaton *a) {
    struct grammar_states *g = of(a);
    stack_forget(&g->stack);
    memset(g->table, 0, g->table_size * sizeof *g->table);
    g->n = 1;
    g->n_next = 0;
}

static void states_free(struct automaton *a) {
    struct grammar_states *g = of(a);
    stack_free(&g->stack);
    nodes_free(&g->nodes);
    alphabet_free(&g->alphabet);
    free(g->ascii);
    free(g->sizes);
    free(g->relations);
    free(g->states);
    free(g->next);
    free(g->table);
    free(g);
}

// A column for each class of ASCII; first bytes of longer characters have one together where all characters are of one
// interval.
static void find_columns(struct grammar_states *g) {
    uint64_t keys[256];
    for (uint32_t byte = 0; byte < 256; byte++) {
        struct middle m;
        struct char_range range;
        g->columns[byte] = NO_COLUMN;
        if (byte < 0x80) keys[g->n_columns] = alphabet_class(&g->alphabet, byte);
        else if (!middle_begin(&m, (uint8_t)byte) || !middle_range(&m, &g->alphabet, &range)) continue;
        else keys[g->n_columns] = m.interval ? hash_mix((uint64_t)m.missing << 32 | m.value) : byte;
        uint32_t column = 0;
        while (keys[column] != keys[g->n_columns]) column++;
        if (column == g->n_columns) g->n_columns++;
        g->columns[byte] = (uint8_t)column;
    }
}

static bool look_at_sets(struct grammar_states *g) {
    const size_t n = g->nodes.n_sets;
    g->sizes = alloc_array(n, sizeof *g->sizes);
    g->relations = alloc_array(n, sizeof *g->relations);
    g->run_set = UNKNOWN;
    for (size_t i = 0; i < n && g->sizes; i++) g->sizes[i] = char_set_size(&g->nodes.sets[i]);
    g->ascii = alloc_zeroed(2 * n, sizeof *g->ascii);
    for (size_t i = 0; i < n && g->ascii; i++)
        for (size_t k = 0; k < g->nodes.sets[i].n; k++) {
            const struct char_range range = g->nodes.sets[i].ranges[k];
            for (uint32_t code = range.low; code < 0x80 && code <= range.high; code++)
                g->ascii[2 * i + code / 64] |= (uint64_t)1 << code % 64;
        }
    return g->ascii && g->sizes && g->relations;
}

// ---- states -----------------------------------------------------------------------------------------

static const struct place *places_of(const struct grammar_states *g, const struct state *s) {
    return g->stack.places + s->first;
}

static uint64_t hash_of(const struct state *s, const struct place *places) {
    const struct middle *m = &s->middle;
    const uint64_t seed = (uint64_t)m->value << 24 | (uint64_t)m->length << 16 | (uint64_t)m->missing << 8 |
                          (uint64_t)m->interval << 2 | (uint64_t)s->open << 1 | s->may_end;
    return hash_bytes(places, s->n * sizeof *places, hash_mix(seed));
}

static bool same(const struct grammar_states *g, const struct state *a, const struct state *b,
                 const struct place *places) {
    const struct middle *m = &a->middle, *k = &b->middle;
    return a->n == b->n && a->may_end == b->may_end && a->open == b->open && m->value == k->value &&
           m->length == k->length && m->missing == k->missing && m->interval == k->interval &&
           (a->n == 0 || memcmp(places_of(g, a), places, a->n * sizeof *places) == 0);
}

static bool grow_table(struct grammar_states *g) {
    const size_t size = 2 * g->table_size;
    uint32_t *table = alloc_zeroed(size, sizeof *table);
    if (!table) return false;
    for (size_t i = 1; i < g->n; i++) {
        size_t at = hash_of(&g->states[i], places_of(g, &g->states[i])) & (size - 1);
        while (table[at]) at = (at + 1) & (size - 1);
        table[at] = (uint32_t)i;
    }
    free(g->table);
    g->table = table;
    g->table_size = size;
    return true;
}

// The state with these properties, and the places that were found.
static uint32_t state_of_found(struct grammar_states *g, struct reading *r, struct state wanted) {
    struct stack *k = &g->stack;
    wanted.n = (uint32_t)k->n_found;
    wanted.next = wanted.alike = wanted.local = wanted.any_set = UNKNOWN;
    if (wanted.n == 0 && !wanted.may_end && !wanted.open) return DEAD;
    if (2 * g->n > g->table_size && !grow_table(g)) return reading_fail(r, QUILL_E_SYSTEM, "out of memory");
    size_t at = hash_of(&wanted, k->found) & (g->table_size - 1);
    for (; g->table[at]; at = (at + 1) & (g->table_size - 1))
        if (same(g, &g->states[g->table[at]], &wanted, k->found)) return g->table[at];
    if (g->n == g->cap) {
        struct state *states = alloc_grow(g->states, &g->cap, g->n + 1, sizeof *states);
        if (!states) return reading_fail(r, QUILL_E_SYSTEM, "out of memory");
        g->states = states;
    }
    if (!stack_keep(k, r, &wanted.first)) return DEAD;
    g->states[g->n] = wanted;
    g->table[at] = (uint32_t)g->n;
    return (uint32_t)g->n++;
}

// The state between two characters from the places that were put.
static uint32_t state_of_search(struct grammar_states *g, struct reading *r) {
    struct stack *k = &g->stack;
    if (!stack_search(k, r)) return DEAD;
    struct state wanted = {.may_end = k->found_end, .open = k->found_barrier, .least = NEVER};
    for (size_t i = 0; i < k->n_found && !wanted.may_end; i++) {
        const uint32_t least = stack_least(k, k->found[i]);
        if (least < wanted.least) wanted.least = least;
    }
    if (wanted.may_end) wanted.least = 0;
    return state_of_found(g, r, wanted);
}

static uint32_t start(struct automaton *a, struct reading *r) {
    struct grammar_states *g = of(a);
    const struct routine *all = &g->nodes.routines[0];
    if (r->status) return DEAD;
    stack_begin(&g->stack);
    g->stack.found_end = all->least == 0;
    for (uint32_t i = 0; i < all->n && !r->status; i++)
        stack_put(&g->stack, r, (struct place){g->nodes.firsts[all->first + i], 0, BOTTOM});
    return state_of_search(g, r);
}

// ---- steps ------------------------------------------------------------------------------------------

// The state behind a whole character.
static uint32_t behind(struct grammar_states *g, struct reading *r, uint32_t state, uint32_t code) {
    const struct state from = g->states[state];
    stack_begin(&g->stack);
    for (uint32_t i = 0; i < from.n && !r->status; i++) {
        struct place place = g->stack.places[from.first + i];
        const struct node *node = &g->nodes.nodes[place.node];
        const bool reads = code < 0x80 ? g->ascii[2 * node->arg + code / 64] >> code % 64 & 1
                                       : char_set_has(&g->nodes.sets[node->arg], code);
        place.node = node->next;
        if (reads) stack_put(&g->stack, r, place);
    }
    return state_of_search(g, r);
}

// The state within a character; only places that can read one of its possible ends stay.
static uint32_t within(struct grammar_states *g, struct reading *r, uint32_t state, struct middle middle) {
    const struct state from = g->states[state];
    struct state wanted = {.least = NEVER};
    struct char_range range;
    if (!middle_range(&middle, &g->alphabet, &range)) return DEAD;
    wanted.middle = middle;
    stack_begin(&g->stack);
    for (uint32_t i = 0; i < from.n; i++) {
        const struct place place = g->stack.places[from.first + i];
        const struct node *node = &g->nodes.nodes[place.node];
        if (!char_set_meets(&g->nodes.sets[node->arg], range.low, range.high)) continue;
        if (!stack_put(&g->stack, r, place)) return DEAD;
        const struct place next = {node->next, place.count, place.frame};
        const uint32_t least = many_plus(stack_least(&g->stack, next), middle.missing);
        if (least < wanted.least) wanted.least = least;
    }
    stack_take_put(&g->stack);
    return state_of_found(g, r, wanted);
}

static uint32_t take_step(struct grammar_states *g, struct reading *r, uint32_t state, uint8_t byte) {
    struct middle middle = g->states[state].middle;
    struct char_range range;
    if (middle.missing == 0 && byte < 0x80) return behind(g, r, state, byte);
    if (middle.missing == 0) return middle_begin(&middle, byte) ? within(g, r, state, middle) : DEAD;
    middle_next(&middle, byte);
    if (middle.missing) return within(g, r, state, middle);
    return middle_range(&middle, &g->alphabet, &range) ? behind(g, r, state, range.low) : DEAD;
}

// Makes room for the steps of a state. False: reading failed.
static bool keep_steps(struct grammar_states *g, struct reading *r, uint32_t state, uint32_t n) {
    r->forget = n > MOST_NEXT - g->n_next;
    if (r->forget) {
        reading_fail(r, QUILL_E_CONSTRAINT, "%s: more than %d MiB would be needed to read on",
                     g->kind.name, (int)(MOST_NEXT * sizeof *g->next >> 20));
        return false;
    }
    if (g->n_next + n > g->cap_next) {
        uint32_t *next = alloc_grow(g->next, &g->cap_next, g->n_next + n, sizeof *next);
        if (!next) {
            reading_fail(r, QUILL_E_SYSTEM, "out of memory");
            return false;
        }
        g->next = next;
    }
    memset(g->next + g->n_next, 0xff, n * sizeof *g->next);
    g->states[state].next = (uint32_t)g->n_next;
    g->n_next += n;
    return true;
}

static uint32_t step(struct automaton *a, struct reading *r, uint32_t state, uint8_t byte) {
    struct grammar_states *g = of(a);
    if (state == DEAD || r->status) return DEAD;
    const struct state *s = &g->states[state];
    uint32_t column, columns;
    if (s->middle.missing) {
        if ((byte & 0xc0) != 0x80) return DEAD;
        columns = s->middle.interval ? 1 : 64;
        column = s->middle.interval ? 0 : byte & 0x3f;
    } else {
        columns = g->n_columns;
        column = g->columns[byte];
        if (column == NO_COLUMN) return DEAD;
    }
    if (s->next == UNKNOWN && !keep_steps(g, r, state, columns)) return DEAD;
    const size_t at = g->states[state].next + column;
    if (g->next[at] == UNKNOWN) {
        const uint32_t to = take_step(g, r, state, byte);
        if (r->status) return DEAD;
        g->next[at] = to;
    }
    return g->next[at];
}

static bool may_end(struct automaton *a, struct reading *r, uint32_t state) {
    (void)r;
    return of(a)->states[state].may_end;
}

static bool may_go_on(struct automaton *a, struct reading *r, uint32_t state) {
    (void)r;
    return of(a)->states[state].n > 0;
}

static uint32_t least(struct automaton *a, struct reading *r, uint32_t state) {
    (void)r;
    return of(a)->states[state].least;
}

static uint64_t class_of(struct automaton *a, uint32_t code) { return alphabet_class(&of(a)->alphabet, code); }

// ---- states in place of others -----------------------------------------------------------------------------------

static uint32_t alike(struct automaton *a, struct reading *r, uint32_t state, uint32_t bytes) {
    struct grammar_states *g = of(a);
    const struct state from = g->states[state];
    bool other = false;
    if (!g->alike_bytes) g->alike_bytes = bytes;
    if (bytes > g->alike_bytes) return state;
    if (from.alike != UNKNOWN) return from.alike;
    stack_begin(&g->stack);
    for (uint32_t i = 0; i < from.n; i++) {
        const struct place place = g->stack.places[from.first + i];
        const struct place to = stack_alike(&g->stack, r, place, bytes);
        other = other || to.count != place.count || to.frame != place.frame;
        if (r->status || !stack_put(&g->stack, r, to)) return DEAD;
    }
    stack_take_put(&g->stack);
    const struct state wanted = {.middle = from.middle, .least = from.least, .may_end = from.may_end,
                                 .open = from.open};
    const uint32_t found = other ? state_of_found(g, r, wanted) : state;
    if (!r->status) g->states[state].alike = found;
    return found;
}

static uint32_t local(struct automaton *a, struct reading *r, uint32_t state) {
    struct grammar_states *g = of(a);
    const struct state from = g->states[state];
    uint32_t frames[BARRIERS], n = 0;
    if (from.local != UNKNOWN) return from.local;
    stack_begin(&g->stack);
    for (uint32_t i = 0; i < from.n; i++) {
        struct place place = g->stack.places[from.first + i];
        uint32_t k = 0;
        while (k < n && frames[k] != place.frame) k++;
        if (k == n && n == BARRIERS) return g->states[state].local = DEAD;
        if (k == n) frames[n++] = place.frame;
        place.frame = 1 + k;
        if (!stack_put(&g->stack, r, place)) return DEAD;
    }
    stack_take_put(&g->stack);
    const uint32_t found = state_of_found(g, r, (struct state){.middle = from.middle, .least = from.least});
    if (!r->status) g->states[state].local = found;
    return found;
}

static unsigned look(struct automaton *a, uint32_t state) {
    const struct state *s = &of(a)->states[state];
    return (s->n ? STATE_ALIVE : 0u) | (s->open ? STATE_OPEN : 0u);
}

// ---- runs -------------------------------------------------------------------------------------------

enum { LEAST_SET = 16 }; // code points; of less there are few tokens

enum relation { NOT_COMPARED, INCLUDES, MEETS, APART };

static bool sets_meet(const struct char_set *a, const struct char_set *b) {
    for (size_t i = 0; i < a->n; i++)
        if (char_set_meets(b, a->ranges[i].low, a->ranges[i].high)) return true;
    return false;
}

// How a set is to the one of the run.
static enum relation relation(struct grammar_states *g, uint32_t set) {
    const struct char_set *one = &g->nodes.sets[set], *other = &g->nodes.sets[g->run_set];
    if (g->relations[set] == NOT_COMPARED)
        g->relations[set] = char_set_includes(one, other) ? INCLUDES : sets_meet(one, other) ? MEETS : APART;
    return g->relations[set];
}

// What is sure behind a character of the run's set, whichever it is: places that read all of the set.
static bool find_any(struct grammar_states *g, struct reading *r, uint32_t state) {
    const struct state from = g->states[state];
    bool splits = false;
    stack_begin(&g->stack);
    for (uint32_t i = 0; i < from.n && !r->status; i++) {
        struct place place = g->stack.places[from.first + i];
        const struct node *node = &g->nodes.nodes[place.node];
        const enum relation is = relation(g, node->arg);
        place.node = node->next;
        splits = splits || is == MEETS;
        if (is == INCLUDES) stack_put(&g->stack, r, place);
    }
    const uint32_t any = state_of_search(g, r);
    if (r->status) return false;
    struct state *s = &g->states[state];
    s->any = any;
    s->any_set = g->run_set;
    s->any_splits = splits;
    return true;
}

static void begin_run(struct grammar_states *g, uint32_t set) {
    if (g->run_set != set) memset(g->relations, NOT_COMPARED, g->nodes.n_sets * sizeof *g->relations);
    g->run_set = set;
}

static uint32_t set_at(const struct grammar_states *g, const struct state *s, uint32_t i) {
    return g->nodes.nodes[g->stack.places[s->first + i].node].arg;
}

// The largest set of which a character can follow in a state; but one that is part of it, if there is a place that
// reads no other. False: there is none, or it is small.
static bool choose_set(struct grammar_states *g, uint32_t state) {
    const struct state *s = &g->states[state];
    uint32_t largest = UNKNOWN, part;
    for (uint32_t i = 0; i < s->n && !s->middle.missing; i++) {
        const uint32_t set = set_at(g, s, i);
        if (largest == UNKNOWN || g->sizes[set] > g->sizes[largest]) largest = set;
    }
    if (largest == UNKNOWN || g->sizes[largest] < LEAST_SET) return false;
    do {
        begin_run(g, largest);
        part = UNKNOWN;
        for (uint32_t i = 0; i < s->n; i++) {
            const uint32_t set = set_at(g, s, i);
            if (g->sizes[set] < LEAST_SET || relation(g, set) != MEETS) continue;
            if (part != UNKNOWN && g->sizes[part] >= g->sizes[set]) continue;
            if (char_set_includes(&g->nodes.sets[largest], &g->nodes.sets[set])) part = set;
        }
        if (part != UNKNOWN) largest = part;
    } while (part != UNKNOWN);
    return true;
}

static bool run(struct automaton *a, struct reading *r, uint32_t state, uint32_t most, struct run *run) {
    struct grammar_states *g = of(a);
    if (!choose_set(g, state)) return false;
    const uint32_t set = g->run_set;
    *run = (struct run){.set = &g->nodes.sets[set], .all = true};
    for (; run->n < most; run->n++) {
        if (g->states[state].any_set != set && !find_any(g, r, state)) return false;
        const struct state *s = &g->states[state];
        run->all = run->all && !s->any_splits;
        if (s->any == state) run->n = most;
        if (s->any == state || s->any == DEAD) return true;
        state = s->any;
    }
    run->all = false; // not known
    return true;
}

// ---- all of it --------------------------------------------------------------------------------------

static const struct automaton_kind kind = {
    .start = start, .step = step, .may_end = may_end, .may_go_on = may_go_on, .least = least,
    .has_keys = true, .endless = true, .class_of = class_of, .alike = alike, .run = run, .local = local, .look = look,
    .forget = forget, .free = states_free,
};

static quill_status build_nodes(struct grammar_states *g, const struct grammar *grammar, const struct measures *m,
                                uint32_t expr, const char *name, quill_error *err) {
    const bool ok = nodes_build(&g->nodes, grammar, m, expr) && nodes_find_least(&g->nodes) &&
                    nodes_resolve_left(&g->nodes) && nodes_find_least(&g->nodes);
    if (ok) return QUILL_OK;
    return g->nodes.no_memory ? fail_memory(err) : fail(err, QUILL_E_USAGE, "%s: the grammar is too large", name);
}

static quill_status build(struct grammar_states *g, const struct grammar *grammar, uint32_t rule, quill_error *err) {
    struct measures m;
    const char *name = g->kind.name;
    const uint32_t expr = grammar->rules[rule].expr;
    quill_status s = measures_find(&m, grammar) ? QUILL_OK : fail_memory(err);
    if (!s && m.least[expr] == NEVER) s = fail(err, QUILL_E_USAGE, "%s: no text matches", name);
    if (!s) s = build_nodes(g, grammar, &m, expr, name, err);
    measures_free(&m);
    if (s) return s;
    g->table_size = 256;
    g->table = alloc_zeroed(g->table_size, sizeof *g->table);
    g->states = alloc_grow(NULL, &g->cap, 2, sizeof *g->states);
    if (!g->table || !g->states || !alphabet_create(&g->alphabet, g->nodes.sets, g->nodes.n_sets) ||
        !stack_create(&g->stack, &g->nodes, name) || !look_at_sets(g))
        return fail_memory(err);
    find_columns(g);
    g->states[DEAD] = (struct state){.least = NEVER};
    g->n = 1;
    return QUILL_OK;
}

static quill_status check_defined(const struct grammar *g, const char *name, quill_error *err) {
    for (size_t i = 0; i < g->n_exprs; i++) {
        const struct expr *e = &g->exprs[i];
        if (e->op == EXPR_RULE && g->rules[e->first].expr == NEVER)
            return fail(err, QUILL_E_USAGE, "%s: rule '%s' is not defined", name, QUOTED(g->rules[e->first].name));
    }
    return QUILL_OK;
}

quill_status grammar_automaton(struct automaton **out, struct grammar *grammar, uint32_t rule, const char *name,
                               quill_stop stop, quill_error *err) {
    quill_status s = grammar->status;
    if (s == QUILL_E_USAGE) fail(err, s, "%s: %s", name, grammar->err.text);
    else if (s) *err = grammar->err;
    if (!s && grammar->rules[rule].expr == NEVER)
        s = fail(err, QUILL_E_USAGE, "%s: rule '%s' is not defined", name, QUOTED(grammar->rules[rule].name));
    if (!s) s = check_defined(grammar, name, err);
    struct grammar_states *g = s ? NULL : alloc_zeroed(1, sizeof *g);
    if (!s && !g) s = fail_memory(err);
    if (g) {
        g->kind = kind;
        g->kind.name = name;
        g->kind.stop = stop;
        g->automaton.kind = &g->kind;
        s = build(g, grammar, rule, err);
    }
    grammar_free(grammar);
    if (s && g) states_free(&g->automaton);
    else if (!s) *out = &g->automaton;
    return s;
}
