// SPDX-License-Identifier: MIT
// From expressions to nodes, from the end to the beginning: what is followed by the same is the same node.
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/hash.h"
#include "base/utf8.h"
#include "grammar_nodes.h"

enum {
    SHORT_TEXT = 16, // characters: what is not longer, and is
    FEW_PARTS = 64,  //   made of few parts, becomes no routine of its own, and
    COPIES = 48,     //   is repeated by copies that have so many parts together
};

// An index by hash: indices and 1; 0: empty.
struct table {
    uint32_t *at; // [size], a power of two
    size_t size, n;
};

struct build {
    struct nodes *x;
    const struct grammar *g;
    const struct measures *m;
    uint32_t *routine_of; // [n_exprs] NEVER: none
    uint32_t *resolved;   // [n_exprs] of a reference to a rule: what it stands for; NEVER: not looked up yet
    struct table nodes, sets;
};

static bool failed(const struct build *b) { return nodes_failed(b->x); }

// ---- what is there already --------------------------------------------------------------------------

static uint64_t hash_of_set(const struct char_set *set) {
    return hash_bytes(set->ranges, set->n * sizeof *set->ranges, 1);
}

static uint64_t hash_of_node(const struct node *node) {
    const uint64_t low = (uint64_t)node->op << 32 | node->arg, high = (uint64_t)node->next << 32 | node->other;
    return hash_mix(hash_mix(low) + high);
}

// False: no memory.
static bool grow(struct build *b, struct table *t, bool of_nodes) {
    if (2 * t->n < t->size) return true;
    const size_t size = t->size ? 2 * t->size : 256;
    uint32_t *at = alloc_zeroed(size, sizeof *at);
    if (!at) return false;
    for (size_t i = 0; i < t->size; i++) {
        if (!t->at[i]) continue;
        const uint32_t k = t->at[i] - 1;
        size_t to = (of_nodes ? hash_of_node(&b->x->nodes[k]) : hash_of_set(&b->x->sets[k])) & (size - 1);
        while (at[to]) to = (to + 1) & (size - 1);
        at[to] = t->at[i];
    }
    free(t->at);
    t->at = at;
    t->size = size;
    return true;
}

static uint32_t node(struct build *b, enum node_op op, uint32_t arg, uint32_t next, uint32_t other) {
    const struct node wanted = {.op = (uint8_t)op, .arg = arg, .next = next, .other = other};
    struct table *t = &b->nodes;
    if (!grow(b, t, true)) b->x->no_memory = true;
    if (failed(b)) return 0;
    size_t at = hash_of_node(&wanted) & (t->size - 1);
    for (; t->at[at]; at = (at + 1) & (t->size - 1)) {
        const struct node *have = &b->x->nodes[t->at[at] - 1];
        if (have->op == op && have->arg == arg && have->next == next && have->other == other) return t->at[at] - 1;
    }
    const uint32_t made = nodes_add(b->x, wanted);
    if (failed(b)) return 0;
    t->at[at] = made + 1;
    t->n++;
    return made;
}

static uint32_t either(struct build *b, uint32_t a, uint32_t other) {
    return a == other ? a : node(b, NODE_SPLIT, 0, a, other);
}

// The number of an equal set, which is made if there is none.
static uint32_t set_number(struct build *b, const struct char_set *set) {
    struct nodes *x = b->x;
    struct table *t = &b->sets;
    struct char_set copy = {0};
    if (!grow(b, t, false)) x->no_memory = true;
    if (failed(b)) return 0;
    size_t at = hash_of_set(set) & (t->size - 1);
    for (; t->at[at]; at = (at + 1) & (t->size - 1)) {
        const struct char_set *have = &x->sets[t->at[at] - 1];
        if (have->n == set->n && (set->n == 0 || memcmp(have->ranges, set->ranges, set->n * sizeof *set->ranges) == 0))
            return t->at[at] - 1;
    }
    bool ok = true;
    if (x->n_sets == x->cap_sets) {
        struct char_set *sets = alloc_grow(x->sets, &x->cap_sets, x->n_sets + 1, sizeof *sets);
        ok = sets != NULL;
        if (ok) x->sets = sets;
    }
    for (size_t i = 0; ok && i < set->n; i++) ok = char_set_add(&copy, set->ranges[i].low, set->ranges[i].high);
    if (!ok) {
        char_set_free(&copy);
        x->no_memory = true;
        return 0;
    }
    x->sets[x->n_sets++] = copy;
    t->at[at] = (uint32_t)x->n_sets;
    t->n++;
    return (uint32_t)x->n_sets - 1;
}

static uint32_t read_one(struct build *b, const struct char_set *set, uint32_t next) {
    return node(b, NODE_CHAR, set_number(b, set), next, 0);
}

// ---- texts ------------------------------------------------------------------------------------------

// Reads the last character of text[0..n) to `next`; *n: without it.
static uint32_t read_last(struct build *b, const char *text, size_t *n, uint32_t next) {
    uint32_t code = 0;
    size_t from = *n - 1;
    while ((text[from] & 0xc0) == 0x80) from--;
    utf8_step(text + from, *n - from, &code);
    struct char_range range = {code, code};
    *n = from;
    return read_one(b, &(struct char_set){&range, 1, 1}, next);
}

static uint32_t build_text(struct build *b, struct str text, uint32_t next) {
    while (text.n && !failed(b)) next = read_last(b, text.p, &text.n, next);
    return next;
}

static struct str text_of(const struct build *b, uint32_t expr) {
    const struct expr *e = &b->g->exprs[expr];
    return (struct str){e->n ? b->g->bytes.p + e->first : "", e->n};
}

static int by_text(const void *pa, const void *pb) {
    const struct str *a = pa, *b = pb;
    return str_compare(*a, *b);
}

// Closes the text that is open: what follows its first n bytes is known. ways[i]: what follows its first i bytes.
static void close_to(struct build *b, struct str text, size_t n, uint32_t *ways) {
    while (text.n > n && !failed(b)) {
        const size_t end = text.n;
        const uint32_t made = read_last(b, text.p, &text.n, ways[end]);
        ways[end] = NEVER;
        ways[text.n] = ways[text.n] == NEVER ? made : either(b, made, ways[text.n]);
    }
}

// One of texts[n]: in their order, so that beginnings are shared too (Daciuk and others 2000).
static uint32_t build_texts(struct build *b, struct str *texts, size_t n, uint32_t next) {
    size_t longest = 0;
    for (size_t i = 0; i < n; i++) longest = texts[i].n > longest ? texts[i].n : longest;
    uint32_t *ways = alloc_array(longest + 1, sizeof *ways);
    if (!ways) {
        b->x->no_memory = true;
        return 0;
    }
    memset(ways, 0xff, (longest + 1) * sizeof *ways);
    qsort(texts, n, sizeof *texts, by_text);
    struct str open = {0};
    for (size_t i = 0; i < n && !failed(b); i++) {
        size_t same = 0;
        while (same < open.n && same < texts[i].n && open.p[same] == texts[i].p[same]) same++;
        while (same < texts[i].n && same && (texts[i].p[same] & 0xc0) == 0x80) same--;
        close_to(b, open, same, ways);
        open = texts[i];
        if (ways[open.n] == NEVER) ways[open.n] = next;
    }
    close_to(b, open, 0, ways);
    next = ways[0];
    free(ways);
    return next;
}

// ---- expressions ------------------------------------------------------------------------------------

static uint32_t build(struct build *b, uint32_t expr, uint32_t next, bool counted);

// What a reference to a rule stands for, past rules that are nothing but another one. It matches some text, so this
// comes to an end.
static uint32_t resolve(struct build *b, uint32_t expr) {
    const struct grammar *g = b->g;
    uint32_t end = expr;
    while (g->exprs[end].op == EXPR_RULE && b->resolved[end] == NEVER) end = g->rules[g->exprs[end].first].expr;
    if (g->exprs[end].op == EXPR_RULE) end = b->resolved[end];
    while (g->exprs[expr].op == EXPR_RULE && b->resolved[expr] == NEVER) {
        b->resolved[expr] = end;
        expr = g->rules[g->exprs[expr].first].expr;
    }
    return end;
}

static uint32_t routine(struct build *b, uint32_t expr) {
    struct nodes *x = b->x;
    if (b->routine_of[expr] != NEVER) return b->routine_of[expr];
    if (x->n_routines == x->cap_routines) {
        struct routine *routines = alloc_grow(x->routines, &x->cap_routines, x->n_routines + 1, sizeof *routines);
        x->no_memory = !routines;
        if (!routines) return 0;
        x->routines = routines;
    }
    x->routines[x->n_routines] = (struct routine){.expr = expr, .least = b->m->least[expr]};
    return b->routine_of[expr] = (uint32_t)x->n_routines++;
}

static uint32_t call(struct build *b, uint32_t expr, uint32_t next) {
    const uint32_t made = node(b, NODE_CALL, routine(b, expr), next, 0);
    return b->m->least[expr] == 0 ? either(b, made, next) : made;
}

static uint32_t build_choice(struct build *b, const struct expr *e, uint32_t next, bool counted) {
    const uint32_t *parts = e->n ? b->g->parts + e->first : NULL;
    struct str *texts = alloc_array(e->n, sizeof *texts);
    size_t n = 0;
    uint32_t made = NEVER;
    if (!texts) b->x->no_memory = true;
    for (uint32_t i = e->n; i-- > 0 && !failed(b);) {
        if (b->g->exprs[parts[i]].op == EXPR_TEXT) texts[n++] = text_of(b, parts[i]);
        else if (b->m->least[parts[i]] != NEVER) {
            const uint32_t way = build(b, parts[i], next, counted);
            made = made == NEVER ? way : either(b, way, made);
        }
    }
    if (n && !failed(b)) {
        const uint32_t way = build_texts(b, texts, n, next);
        made = made == NEVER ? way : either(b, way, made);
    }
    free(texts);
    return failed(b) ? 0 : made;
}

static uint32_t build_loop(struct build *b, uint32_t part, uint32_t next, bool counted) {
    const uint32_t loop = nodes_add(b->x, (struct node){.op = NODE_SPLIT, .star = next == THE_POP, .other = next});
    const uint32_t body = build(b, part, loop, counted);
    if (failed(b)) return 0;
    b->x->nodes[loop].next = body;
    return loop;
}

// What matches the empty text too is called, since a call reads something: then nothing is counted in vain.
static uint32_t build_counter(struct build *b, const struct expr *e, uint32_t next) {
    const uint32_t part = b->g->parts[e->first], least = b->m->least[part];
    const struct counter counter = {.min = least ? e->min : 0, .max = e->max, .next = next, .least = least};
    const uint32_t c = nodes_add_counter(b->x, counter), again = node(b, NODE_AGAIN, c, 0, 0);
    const uint32_t body = least ? build(b, part, again, true) : node(b, NODE_CALL, routine(b, part), again, 0);
    if (failed(b)) return 0;
    b->x->counters[c].body = body;
    return node(b, NODE_COUNT, c, next, 0);
}

static uint32_t build_repeat(struct build *b, uint32_t expr, uint32_t next, bool counted) {
    const struct expr *e = &b->g->exprs[expr];
    const uint32_t part = b->g->parts[e->first], parts = b->m->parts[part];
    if (b->m->least[part] == NEVER || b->m->most[part] == 0 || e->max == 0) return next;
    const bool endless = e->max == NEVER;
    if (many_times(endless ? e->min : e->max, parts) > COPIES && !(endless && e->min <= 1))
        return counted ? call(b, expr, next) : build_counter(b, e, next);
    uint32_t from = next;
    uint32_t copies = e->min;
    if (endless) {
        from = build_loop(b, part, next, counted);
        if (copies && !failed(b)) from = b->x->nodes[from].next, copies--;
    } else {
        for (uint32_t i = e->min; i < e->max && !failed(b); i++) from = either(b, build(b, part, from, counted), next);
    }
    for (uint32_t i = 0; i < copies && !failed(b); i++) from = build(b, part, from, counted);
    return from;
}

// Such a rule is no routine of its own: nothing of it is left when a few characters were read.
static bool is_short(const struct build *b, uint32_t expr) {
    const uint32_t most = b->m->most[expr], parts = b->m->parts[expr];
    return most != NEVER && most <= SHORT_TEXT && parts != NEVER && parts <= FEW_PARTS;
}

// The node from which an expression that matches some text is read, to go on at `next`. `counted`: it is in the body
// of a counter.
static uint32_t build(struct build *b, uint32_t expr, uint32_t next, bool counted) {
    if (failed(b)) return 0;
    if (b->g->exprs[expr].op == EXPR_RULE) {
        expr = resolve(b, expr);
        if (!is_short(b, expr)) return call(b, expr, next);
    }
    const struct expr *e = &b->g->exprs[expr];
    switch (e->op) {
    case EXPR_CHARS: return read_one(b, &b->g->sets[e->first], next);
    case EXPR_TEXT: return build_text(b, text_of(b, expr), next);
    case EXPR_REPEAT: return build_repeat(b, expr, next, counted);
    case EXPR_CHOICE: return build_choice(b, e, next, counted);
    case EXPR_REGEX: return call(b, expr, next);
    case EXPR_SEQUENCE:
    case EXPR_RULE: break;
    }
    for (uint32_t i = e->n; i-- > 0 && !failed(b);) next = build(b, b->g->parts[e->first + i], next, counted);
    return next;
}

// ---- regular expressions ----------------------------------------------------------------------------

// Nodes of the one kind for nodes of the other. behind[i]: where something was read; in_front[i]: where nothing was,
// and NFA_BEGIN leads on.
struct copy {
    const struct nfa *nfa;
    uint32_t *behind, *in_front, *sets; // [nfa->n], [nfa->n], [nfa->n_sets]
    uint32_t *stack;                    // [nfa->n]
    uint32_t dead;                      // a node from which nothing can be read
};

static void copy_behind(struct build *b, struct copy *k) {
    for (size_t i = 0; i < k->nfa->n_sets; i++) k->sets[i] = set_number(b, &k->nfa->sets[i]);
    for (size_t i = 0; i < k->nfa->n && !failed(b); i++)
        k->behind[i] = k->nfa->nodes[i].op == NFA_ACCEPT ? THE_POP : nodes_add(b->x, (struct node){.op = NODE_SPLIT});
    for (size_t i = 0; i < k->nfa->n && !failed(b); i++) {
        const struct nfa_node *from = &k->nfa->nodes[i];
        struct node *to = &b->x->nodes[k->behind[i]];
        if (from->op == NFA_ACCEPT) continue;
        to->next = to->other = from->op == NFA_BEGIN ? k->dead : k->behind[from->next];
        if (from->op == NFA_SPLIT) to->other = k->behind[from->other];
        if (from->op == NFA_CHAR) *to = (struct node){.op = NODE_CHAR, .arg = k->sets[from->set], .next = to->next};
    }
}

// A node in front; one that is made is put on the stack.
static uint32_t in_front(struct build *b, struct copy *k, uint32_t i, size_t *n) {
    const enum nfa_op op = k->nfa->nodes[i].op;
    if (op == NFA_CHAR || op == NFA_ACCEPT) return k->behind[i];
    if (k->in_front[i] == NEVER) {
        k->in_front[i] = nodes_add(b->x, (struct node){.op = NODE_SPLIT});
        k->stack[(*n)++] = i;
    }
    return k->in_front[i];
}

static uint32_t copy_in_front(struct build *b, struct copy *k) {
    size_t n = 0;
    for (size_t i = 0; i < k->nfa->n; i++) k->in_front[i] = NEVER;
    const uint32_t start = in_front(b, k, k->nfa->start, &n);
    while (n && !failed(b)) {
        const uint32_t i = k->stack[--n];
        const struct nfa_node *from = &k->nfa->nodes[i];
        const uint32_t next = in_front(b, k, from->next, &n);
        const uint32_t other = from->op == NFA_SPLIT ? in_front(b, k, from->other, &n) : next;
        if (failed(b)) break;
        b->x->nodes[k->in_front[i]].next = next;
        b->x->nodes[k->in_front[i]].other = other;
    }
    return start;
}

static uint32_t build_regex(struct build *b, const struct nfa *nfa) {
    struct copy k = {
        .nfa = nfa,
        .behind = alloc_array(nfa->n, sizeof *k.behind),
        .in_front = alloc_array(nfa->n, sizeof *k.in_front),
        .sets = alloc_array(nfa->n_sets, sizeof *k.sets),
        .stack = alloc_array(nfa->n, sizeof *k.stack),
        .dead = read_one(b, &(struct char_set){0}, THE_POP),
    };
    uint32_t start = 0;
    if (!k.behind || !k.in_front || !k.sets || !k.stack) b->x->no_memory = true;
    if (!failed(b)) copy_behind(b, &k);
    if (!failed(b)) start = copy_in_front(b, &k);
    free(k.behind);
    free(k.in_front);
    free(k.sets);
    free(k.stack);
    return start;
}

// ---- all of it --------------------------------------------------------------------------------------

bool nodes_build(struct nodes *x, const struct grammar *g, const struct measures *m, uint32_t expr) {
    struct build b = {.x = x, .g = g, .m = m};
    *x = (struct nodes){0};
    b.routine_of = alloc_array(g->n_exprs, sizeof *b.routine_of);
    b.resolved = alloc_array(g->n_exprs, sizeof *b.resolved);
    if (b.routine_of && b.resolved) {
        memset(b.routine_of, 0xff, g->n_exprs * sizeof *b.routine_of);
        memset(b.resolved, 0xff, g->n_exprs * sizeof *b.resolved);
        nodes_add(x, (struct node){.op = NODE_POP});
        routine(&b, resolve(&b, expr));
    } else x->no_memory = true;
    for (size_t i = 0; i < x->n_routines && !failed(&b); i++) { // and those that are called
        const struct expr *e = &g->exprs[x->routines[i].expr];
        const uint32_t start = e->op == EXPR_REGEX ? build_regex(&b, &g->regexes[e->first])
                                                   : build(&b, x->routines[i].expr, THE_POP, false);
        if (!failed(&b)) x->routines[i].start = start;
    }
    free(b.routine_of);
    free(b.resolved);
    free(b.nodes.at);
    free(b.sets.at);
    return !nodes_failed(x);
}
