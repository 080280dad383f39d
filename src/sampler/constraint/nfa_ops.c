// SPDX-License-Identifier: MIT
#include "nfa_ops.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "base/utf8.h"
#include "nfa_make.h"

// ---- plain ones -------------------------------------------------------------------------------------

quill_status nfa_length(struct nfa *out, uint64_t min, uint64_t max, quill_error *err) {
    struct nfa_maker m;
    nfa_begin(&m);
    uint32_t from = 0;
    if (max == NEVER) {
        from = nfa_add_split(&m, 0, 0);
        const uint32_t more = nfa_add_char(&m, NFA_ANY_CHARACTER, from);
        if (nfa_goes_on(&m)) m.nfa.nodes[from].other = more;
    } else {
        for (uint64_t i = min; i < max && nfa_goes_on(&m); i++)
            from = nfa_add_split(&m, nfa_add_char(&m, NFA_ANY_CHARACTER, from), 0);
    }
    for (uint64_t i = 0; i < min && nfa_goes_on(&m); i++) from = nfa_add_char(&m, NFA_ANY_CHARACTER, from);
    m.nfa.start = max != NEVER && max < min ? NFA_DEAD_NODE : from;
    return nfa_end(&m, out, err);
}

// Nodes of a trie: what follows names[from..to), which have `depth` bytes in common.
struct trie {
    struct nfa_maker *m;
    const struct str *names;
    uint32_t any;            // node that takes any rest
};

static uint32_t code_at(struct str name, size_t at, size_t *n) {
    uint32_t code = 0;
    const int step = utf8_step(name.p + at, name.n - at, &code);
    *n = step > 0 ? (size_t)step : 1;
    return code;
}

struct trie_task {
    size_t from, to, depth;
    uint32_t node; // to be made a split
};

// Splits `node` into its ways; names that go on alike become a task each.
static bool branch(struct trie *t, struct trie_task task, struct trie_task **tasks, size_t *n, size_t *cap) {
    struct char_set others = {0};
    struct nfa_maker *m = t->m;
    const bool is_name = t->names[task.from].n == task.depth;
    uint32_t ways = is_name ? NFA_DEAD_NODE : 0;
    for (size_t i = task.from + is_name; i < task.to && nfa_goes_on(m);) {
        size_t step, other, to = i + 1;
        const uint32_t code = code_at(t->names[i], task.depth, &step);
        while (to < task.to && code_at(t->names[to], task.depth, &other) == code) to++;
        const uint32_t child = nfa_add_split(m, NFA_DEAD_NODE, NFA_DEAD_NODE);
        ways = nfa_add_split(m, nfa_add_char(m, nfa_add_range(m, code, code), child), ways);
        if (*n == *cap) {
            struct trie_task *grown = alloc_grow(*tasks, cap, *n + 1, sizeof *grown);
            m->no_memory = m->no_memory || !grown;
            if (!grown) break;
            *tasks = grown;
        }
        (*tasks)[(*n)++] = (struct trie_task){i, to, task.depth + step, child};
        m->no_memory = m->no_memory || !char_set_add(&others, code, code);
        i = to;
    }
    char_set_order(&others);
    m->no_memory = m->no_memory || !char_set_invert(&others);
    const uint32_t away = nfa_add_char(m, nfa_add_set(m, &others), t->any);
    if (nfa_goes_on(m)) m->nfa.nodes[task.node] = (struct nfa_node){NFA_SPLIT, 0, away, ways};
    return nfa_goes_on(m);
}

quill_status nfa_none_of(struct nfa *out, const struct str *names, size_t n_names, quill_error *err) {
    struct nfa_maker m;
    struct trie_task *tasks = NULL;
    size_t n = 0, cap = 0;
    nfa_begin(&m);
    struct trie t = {.m = &m, .names = names, .any = nfa_add_split(&m, 0, 0)};
    const uint32_t more = nfa_add_char(&m, NFA_ANY_CHARACTER, t.any), root = nfa_add_split(&m, 0, 0);
    if (nfa_goes_on(&m)) m.nfa.nodes[t.any].other = more;
    m.nfa.start = n_names ? root : t.any;
    bool ok = !n_names || (nfa_goes_on(&m) && branch(&t, (struct trie_task){0, n_names, 0, root}, &tasks, &n, &cap));
    while (ok && n) {
        const struct trie_task task = tasks[--n];
        ok = branch(&t, task, &tasks, &n, &cap);
    }
    free(tasks);
    return nfa_end(&m, out, err);
}

// ---- both of two ------------------------------------------------------------------------------------

struct cutting {
    struct nfa_maker m;
    const struct nfa *a, *b;
    struct pair_table nodes, sets;
    struct nfa_pair {
        uint32_t a, b, node;
    } *todo; // [n_todo] pairs whose node has no content yet
    size_t n_todo, cap_todo;
};

static uint32_t cut_node(struct cutting *c, uint32_t a, uint32_t b) {
    struct nfa_maker *m = &c->m;
    if (a == 0 && b == 0) return 0;
    if (c->a->least[a] == NEVER || c->b->least[b] == NEVER) return NFA_DEAD_NODE;
    uint32_t *node = pair_find(&c->nodes, a, b);
    m->no_memory = m->no_memory || !node;
    if (!node || *node != NEVER) return node ? *node : 0;
    *node = nfa_add_split(m, NFA_DEAD_NODE, NFA_DEAD_NODE);
    if (c->n_todo == c->cap_todo) {
        struct nfa_pair *todo = alloc_grow(c->todo, &c->cap_todo, c->n_todo + 1, sizeof *todo);
        m->no_memory = m->no_memory || !todo;
        if (!todo) return 0;
        c->todo = todo;
    }
    c->todo[c->n_todo++] = (struct nfa_pair){a, b, *node};
    return *node;
}

static uint32_t cut_set(struct cutting *c, uint32_t a, uint32_t b) {
    struct char_set set;
    uint32_t *known = pair_find(&c->sets, a, b);
    c->m.no_memory = c->m.no_memory || !known;
    if (!known || *known != NEVER) return known ? *known : 0;
    if (!char_set_cut(&set, &c->a->sets[a], &c->b->sets[b])) {
        c->m.no_memory = true;
        return 0;
    }
    return *known = nfa_add_set(&c->m, &set);
}

static void cut_one(struct cutting *c, struct nfa_pair p) {
    const struct nfa_node *x = &c->a->nodes[p.a], *y = &c->b->nodes[p.b];
    struct nfa_node made = {NFA_SPLIT, 0, NFA_DEAD_NODE, NFA_DEAD_NODE};
    if (x->op == NFA_SPLIT) {
        made.next = cut_node(c, x->next, p.b);
        made.other = cut_node(c, x->other, p.b);
    } else if (y->op == NFA_SPLIT) {
        made.next = cut_node(c, p.a, y->next);
        made.other = cut_node(c, p.a, y->other);
    } else if (x->op == NFA_CHAR && y->op == NFA_CHAR) {
        made = (struct nfa_node){NFA_CHAR, cut_set(c, x->set, y->set), cut_node(c, x->next, y->next), 0};
    }
    if (nfa_goes_on(&c->m)) c->m.nfa.nodes[p.node] = made;
}

quill_status nfa_cut(struct nfa *out, const struct nfa *a, const struct nfa *b, quill_error *err) {
    struct cutting c = {.a = a, .b = b};
    nfa_begin(&c.m);
    c.m.nfa.start = cut_node(&c, a->start, b->start);
    while (c.n_todo && nfa_goes_on(&c.m)) cut_one(&c, c.todo[--c.n_todo]);
    free(c.nodes.entries);
    free(c.sets.entries);
    free(c.todo);
    return nfa_end(&c.m, out, err);
}

// ---- as JSON ----------------------------------------------------------------------------------------

struct escaping {
    struct nfa_maker m;
    uint32_t *plain;         // [sets of `a`] characters that need no escape; NEVER: not made
    uint32_t backslash, u, zero, one;
};

static uint32_t add_some(struct nfa_maker *m, const struct char_set *from, const char *codes, const char *as) {
    struct char_set set = {0};
    for (size_t i = 0; codes[i]; i++)
        if (char_set_has(from, (uint8_t)codes[i]) && !char_set_add(&set, (uint8_t)as[i], (uint8_t)as[i]))
            m->no_memory = true;
    char_set_order(&set);
    return nfa_add_set(m, &set);
}

static uint32_t plain_of(struct nfa_maker *m, const struct char_set *set) {
    static const struct char_range ranges[] = {{0x20, '"' - 1}, {'"' + 1, '\\' - 1}, {'\\' + 1, 0xd7ff},
                                               {0xe000, LAST_CODE}};
    const struct char_set plain = {.ranges = (struct char_range *)(uintptr_t)ranges, .n = 4};
    struct char_set cut;
    if (char_set_cut(&cut, set, &plain)) return nfa_add_set(m, &cut);
    m->no_memory = true;
    return 0;
}

// \u00XX of control characters that have no letter, behind \u00.
static uint32_t add_digits(struct nfa_maker *m, const struct char_set *set, uint32_t high, uint32_t next) {
    static const char digits[] = "0123456789abcdef";
    struct char_set low = {0};
    for (uint32_t i = 0; i < 16; i++) {
        const uint32_t code = 16 * high + i;
        const bool lettered = code == '\b' || code == '\t' || code == '\n' || code == '\f' || code == '\r';
        if (code == 0 || lettered || !char_set_has(set, code)) continue;
        const uint32_t upper = (uint32_t)digits[i] - (i > 9 ? 32 : 0);
        if (!char_set_add(&low, (uint32_t)digits[i], (uint32_t)digits[i]) || !char_set_add(&low, upper, upper))
            m->no_memory = true;
    }
    char_set_order(&low);
    if (low.n) return nfa_add_char(m, nfa_add_set(m, &low), next);
    char_set_free(&low);
    return NFA_DEAD_NODE;
}

static uint32_t add_escapes(struct escaping *e, const struct char_set *set, uint32_t next) {
    struct nfa_maker *m = &e->m;
    const uint32_t letters = add_some(m, set, "\"\\\b\f\n\r\t", "\"\\bfnrt");
    const uint32_t zero = add_digits(m, set, 0, next), one = add_digits(m, set, 1, next);
    uint32_t behind = nfa_add_char(m, letters, next);
    if (zero != NFA_DEAD_NODE || one != NFA_DEAD_NODE) {
        const uint32_t high = nfa_add_split(m, nfa_add_char(m, e->zero, zero), nfa_add_char(m, e->one, one));
        const uint32_t digits = nfa_add_char(m, e->zero, nfa_add_char(m, e->zero, high));
        behind = nfa_add_split(m, behind, nfa_add_char(m, e->u, digits));
    }
    return nfa_add_char(m, e->backslash, behind);
}

static bool needs_escapes(const struct char_set *set) {
    return char_set_meets(set, 1, 0x1f) || char_set_has(set, '"') || char_set_has(set, '\\');
}

// The nodes of `a` become those with the numbers from 2 on.
quill_status nfa_json(struct nfa *out, const struct nfa *a, quill_error *err) {
    enum { FIRST = 2 };
    struct escaping e = {.plain = alloc_array(a->n_sets, sizeof *e.plain)};
    struct nfa_maker *m = &e.m;
    nfa_begin(m);
    m->no_memory = m->no_memory || !e.plain;
    for (size_t i = 0; e.plain && i < a->n_sets; i++) e.plain[i] = plain_of(m, &a->sets[i]);
    e.backslash = nfa_add_range(m, '\\', '\\');
    e.u = nfa_add_range(m, 'u', 'u');
    e.zero = nfa_add_range(m, '0', '0');
    e.one = nfa_add_range(m, '1', '1');
    for (size_t i = 0; i < a->n; i++) nfa_add_split(m, 0, 0);
    for (size_t i = 1; i < a->n && nfa_goes_on(m); i++) {
        struct nfa_node node = a->nodes[i];
        node.next = node.next ? node.next + FIRST : 0;
        node.other = node.other ? node.other + FIRST : 0;
        if (node.op == NFA_CHAR) {
            const struct char_set *set = &a->sets[node.set];
            node.set = e.plain[node.set];
            if (needs_escapes(set)) {
                const uint32_t plain = nfa_add(m, node), escapes = add_escapes(&e, set, node.next);
                node = (struct nfa_node){NFA_SPLIT, 0, plain, escapes};
            }
        }
        if (nfa_goes_on(m)) m->nfa.nodes[i + FIRST] = node;
    }
    m->nfa.start = a->start ? a->start + FIRST : 0;
    free(e.plain);
    return nfa_end(m, out, err);
}
