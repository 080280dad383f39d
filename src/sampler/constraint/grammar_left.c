// SPDX-License-Identifier: MIT
// What routines begin with, and left recursion.
//
// Routines that begin with calls of each other are a component of the graph of such calls. Of a routine A of one, the
// text is derived down the left edge, from A over members of the component to one, Y, that begins with something else.
// Read forwards this is: the beginning of some Y, its rest; then Z, of which Y is the beginning, goes on behind its
// call of Y, and so on, until a member that is complete is A. So for each A the members are copied: where Y ends, it
// goes on in each Z behind the call of Y; where A ends, it may also end. (Moore 2000 has grammars transformed alike.)
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "grammar_nodes.h"

enum { MOST_COPIES = 1 << 19 };

struct left {
    struct nodes *x;
    uint32_t *mark, marked;     // [room] of nodes: those found in this search have `marked`
    uint32_t *stack;            // [2 * room + 2]
    size_t room;                // nodes, before copies are made
    // Tarjan's algorithm (1972)
    uint32_t *index, *low, *at; // [n_routines] at: the first that was not looked at
    uint32_t *open, n_open;     // of no component yet
    uint32_t *path;             // routines whose firsts are looked at
    uint32_t *component;        // [n_routines] NEVER: not known yet
    uint32_t n_components, n_seen, n_ordered;
    bool *recursive;            // [n_routines] by component
    uint32_t *members, *member_of; // [n_routines] in the order of components; member_of[c]: where those of c begin
    // copies
    uint32_t *copy, *counter;   // [room], [n_counters before] NEVER: none
    uint32_t *copied, n_copied; // nodes that have one
    uint32_t *counted, n_counted;
    uint32_t *end;              // [n_routines] the node at which a member ends
};

// ---- beginnings -------------------------------------------------------------------------------------

static void find_firsts(struct left *l, struct routine *routine) {
    struct nodes *x = l->x;
    size_t n = 0;
    routine->first = (uint32_t)x->n_firsts;
    l->marked++;
    l->stack[n++] = routine->start;
    while (n && !nodes_failed(x)) {
        const uint32_t i = l->stack[--n];
        const struct node *node = &x->nodes[i];
        if (l->mark[i] == l->marked || node->least == NEVER) continue;
        l->mark[i] = l->marked;
        if (node->op == NODE_CHAR || node->op == NODE_CALL) nodes_add_first(x, i);
        if (node->op == NODE_SPLIT) {
            l->stack[n++] = node->other;
            l->stack[n++] = node->next;
        } else if (node->op == NODE_COUNT) {
            const struct counter *c = &x->counters[node->arg];
            l->stack[n++] = c->body;
            if (c->min == 0) l->stack[n++] = c->next;
        }
    }
    routine->n = (uint32_t)x->n_firsts - routine->first;
}

// ---- components -------------------------------------------------------------------------------------

static void close_component(struct left *l, uint32_t root) {
    const uint32_t component = l->n_components++;
    uint32_t member;
    l->member_of[component] = l->n_ordered;
    do {
        member = l->open[--l->n_open];
        l->component[member] = component;
        l->members[l->n_ordered++] = member;
        l->x->routines[member].order = (uint32_t)l->x->n_routines - l->n_ordered;
    } while (member != root);
    l->member_of[component + 1] = l->n_ordered;
    if (l->member_of[component + 1] - l->member_of[component] > 1) l->recursive[component] = true;
}

static void enter(struct left *l, uint32_t routine, size_t *n) {
    l->index[routine] = l->low[routine] = l->n_seen++;
    l->open[l->n_open++] = routine;
    l->at[routine] = 0;
    l->path[(*n)++] = routine;
}

// The component of a routine, and of all with which it begins.
static void search(struct left *l, uint32_t from) {
    const struct nodes *x = l->x;
    size_t n = 0;
    enter(l, from, &n);
    while (n) {
        const uint32_t r = l->path[n - 1];
        if (l->at[r] == x->routines[r].n) {
            if (l->low[r] == l->index[r]) close_component(l, r);
            if (--n && l->low[r] < l->low[l->path[n - 1]]) l->low[l->path[n - 1]] = l->low[r];
            continue;
        }
        const struct node *first = &x->nodes[x->firsts[x->routines[r].first + l->at[r]++]];
        if (first->op != NODE_CALL) continue;
        const uint32_t to = first->arg;
        if (l->index[to] == NEVER) enter(l, to, &n);
        else if (l->component[to] == NEVER && l->index[to] < l->low[r]) l->low[r] = l->index[to];
    }
}

static void find_components(struct left *l) {
    const struct nodes *x = l->x;
    for (uint32_t r = 0; r < x->n_routines; r++) l->index[r] = l->component[r] = NEVER;
    for (uint32_t r = 0; r < x->n_routines; r++)
        if (l->index[r] == NEVER) search(l, r);
    for (uint32_t r = 0; r < x->n_routines; r++)
        for (uint32_t i = 0; i < x->routines[r].n; i++) {
            const struct node *first = &x->nodes[x->firsts[x->routines[r].first + i]];
            if (first->op == NODE_CALL && first->arg == r) l->recursive[l->component[r]] = true;
        }
}

// ---- copies -----------------------------------------------------------------------------------------

// The copy of a node of a member that ends at `end`; what it leads to is still that of the original, and copied later.
static uint32_t copy_node(struct left *l, uint32_t i, uint32_t end, size_t *n) {
    struct node node = l->x->nodes[i];
    if (node.op == NODE_POP) return end;
    if (l->copy[i] != NEVER || nodes_failed(l->x)) return l->copy[i];
    node.star = false;
    if (l->x->n - l->room >= MOST_COPIES) l->x->too_large = true;
    l->copy[i] = nodes_add(l->x, node);
    l->copied[l->n_copied++] = i;
    l->stack[(*n)++] = i;
    return l->copy[i];
}

static uint32_t copy_counter(struct left *l, uint32_t counter, uint32_t end, size_t *n) {
    struct nodes *x = l->x;
    if (l->counter[counter] != NEVER || nodes_failed(x)) return l->counter[counter];
    const struct counter from = x->counters[counter];
    const uint32_t made = l->counter[counter] = nodes_add_counter(x, from);
    l->counted[l->n_counted++] = counter;
    const uint32_t body = copy_node(l, from.body, end, n), next = copy_node(l, from.next, end, n);
    if (nodes_failed(x)) return 0;
    x->counters[made].body = body;
    x->counters[made].next = next;
    return made;
}

// Copies all that is on the stack, and what follows it.
static void copy_rest(struct left *l, uint32_t end, size_t n) {
    struct nodes *x = l->x;
    while (n && !nodes_failed(x)) {
        const uint32_t i = l->stack[--n];
        const struct node from = x->nodes[i];
        struct node to = x->nodes[l->copy[i]];
        if (from.op == NODE_COUNT || from.op == NODE_AGAIN) to.arg = copy_counter(l, from.arg, end, &n);
        if (from.op == NODE_CHAR || from.op == NODE_CALL || from.op == NODE_SPLIT)
            to.next = copy_node(l, from.next, end, &n);
        if (from.op == NODE_SPLIT) to.other = copy_node(l, from.other, end, &n);
        if (!nodes_failed(x)) x->nodes[l->copy[i]] = to;
    }
}

static void forget_copies(struct left *l) {
    for (uint32_t i = 0; i < l->n_copied; i++) l->copy[l->copied[i]] = NEVER;
    for (uint32_t i = 0; i < l->n_counted; i++) l->counter[l->counted[i]] = NEVER;
    l->n_copied = l->n_counted = 0;
}

// A way on from an end, which is NODE_SPLIT.
static void go_on(struct left *l, uint32_t end, uint32_t to) {
    struct nodes *x = l->x;
    if (nodes_failed(x)) return;
    const uint32_t rest = x->nodes[end].next == NEVER ? to : x->nodes[end].other;
    const uint32_t other = rest == to ? to : nodes_add(x, (struct node){.op = NODE_SPLIT, .next = to, .other = rest});
    if (x->nodes[end].next == NEVER) x->nodes[end].next = to;
    x->nodes[end].other = other;
}

// The copy of what is behind a call, which may be the first in the body of a counter.
static uint32_t copy_behind(struct left *l, const struct node *call, uint32_t end, size_t *n) {
    const uint32_t next = copy_node(l, call->next, end, n);
    if (call->counter == NEVER) return next;
    const uint32_t counter = copy_counter(l, call->counter, end, n);
    return nodes_add(l->x, (struct node){.op = NODE_FIRST, .arg = counter, .next = next});
}

// What routine `goal` begins with, by copies of the members of its component.
static void resolve(struct left *l, uint32_t goal, uint32_t component) {
    struct nodes *x = l->x;
    const uint32_t from = l->member_of[component], to = l->member_of[component + 1];
    for (uint32_t i = from; i < to; i++) {
        const bool is_goal = l->members[i] == goal;
        l->end[l->members[i]] = nodes_add(x, (struct node){.op = NODE_SPLIT, .star = is_goal, .next = NEVER});
        if (is_goal) go_on(l, l->end[goal], THE_POP);
    }
    for (uint32_t i = from; i < to && !nodes_failed(x); i++) {
        const struct routine *member = &x->routines[l->members[i]];
        const uint32_t end = l->end[l->members[i]];
        for (uint32_t k = 0; k < member->n && !nodes_failed(x); k++) {
            const uint32_t first = x->firsts[member->first + k];
            const struct node node = x->nodes[first];
            size_t n = 0;
            if (node.op == NODE_CALL && l->component[node.arg] == component)
                go_on(l, l->end[node.arg], copy_behind(l, &node, end, &n));
            else nodes_add_first(x, copy_node(l, first, end, &n));
            copy_rest(l, end, n);
        }
        forget_copies(l);
    }
}

static void resolve_component(struct left *l, uint32_t component) {
    struct nodes *x = l->x;
    const uint32_t from = l->member_of[component], to = l->member_of[component + 1];
    uint32_t *begins = alloc_array(to - from + 1, sizeof *begins);
    if (!begins) x->no_memory = true;
    for (uint32_t i = from; i < to && !nodes_failed(x); i++) {
        begins[i - from] = (uint32_t)x->n_firsts;
        resolve(l, l->members[i], component);
        begins[i - from + 1] = (uint32_t)x->n_firsts;
    }
    for (uint32_t i = from; i < to && !nodes_failed(x); i++) {
        x->routines[l->members[i]].first = begins[i - from];
        x->routines[l->members[i]].n = begins[i - from + 1] - begins[i - from];
    }
    free(begins);
}

// ---- all of it --------------------------------------------------------------------------------------

static bool make_room(struct left *l) {
    const size_t n = l->x->n_routines, nodes = l->room, counters = l->x->n_counters;
    l->mark = alloc_zeroed(nodes, sizeof *l->mark);
    l->stack = alloc_array(2 * nodes + 2, sizeof *l->stack);
    l->index = alloc_array(n, sizeof *l->index);
    l->low = alloc_array(n, sizeof *l->low);
    l->at = alloc_array(n, sizeof *l->at);
    l->open = alloc_array(n, sizeof *l->open);
    l->path = alloc_array(n, sizeof *l->path);
    l->component = alloc_array(n, sizeof *l->component);
    l->recursive = alloc_zeroed(n, sizeof *l->recursive);
    l->members = alloc_array(n, sizeof *l->members);
    l->member_of = alloc_array(n + 1, sizeof *l->member_of);
    l->copy = alloc_array(nodes, sizeof *l->copy);
    l->copied = alloc_array(nodes, sizeof *l->copied);
    l->counter = alloc_array(counters, sizeof *l->counter);
    l->counted = alloc_array(counters, sizeof *l->counted);
    l->end = alloc_array(n, sizeof *l->end);
    return l->mark && l->stack && l->index && l->low && l->at && l->open && l->path && l->component && l->recursive &&
           l->members && l->member_of && l->copy && l->copied && l->counter && l->counted && l->end;
}

bool nodes_resolve_left(struct nodes *x) {
    struct left l = {.x = x, .room = x->n};
    if (make_room(&l)) {
        memset(l.copy, 0xff, x->n * sizeof *l.copy);
        memset(l.counter, 0xff, x->n_counters * sizeof *l.counter);
        for (size_t r = 0; r < x->n_routines && !nodes_failed(x); r++) find_firsts(&l, &x->routines[r]);
        if (!nodes_failed(x)) find_components(&l);
        for (uint32_t c = 0; c < l.n_components && !nodes_failed(x); c++)
            if (l.recursive[c]) resolve_component(&l, c);
    } else x->no_memory = true;
    uint32_t *all[] = {l.mark, l.stack, l.index, l.low, l.at, l.open, l.path, l.component, l.members, l.member_of,
                       l.copy, l.copied, l.counter, l.counted, l.end};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) free(all[i]);
    free(l.recursive);
    return !nodes_failed(x);
}
