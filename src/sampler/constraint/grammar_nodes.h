// SPDX-License-Identifier: MIT
// A grammar as automata that call each other (a recursive transition network, Woods 1970): one for each rule, and for
// some other expressions. Here they are called routines.
//
// A call reads something: where a routine may match the empty text, there is a way past its call. A routine that
// begins with a call of itself, over any number of others, was changed so that it does not (grammar_left.c).
#ifndef QUILL_SAMPLER_CONSTRAINT_GRAMMAR_NODES_H
#define QUILL_SAMPLER_CONSTRAINT_GRAMMAR_NODES_H

#include "grammar_measure.h"

enum node_op {
    NODE_CHAR,  // reads a character of sets[arg], to `next`
    NODE_SPLIT, // to `next` or to `other`
    NODE_CALL,  // routine `arg`, then to `next`
    NODE_COUNT, // begins to count with counter `arg`
    NODE_FIRST, // goes on within the body of counter `arg`, at `next`, when it is read for the first time
    NODE_AGAIN, // the end of the counter's body
    NODE_POP,   // the end of the routine
};

struct node {
    uint8_t op;
    bool star;             // from here the routine matches any number of some texts, and it ends here alone
    uint32_t arg, next, other;
    uint32_t least;        // bytes to the end of the routine, or to NODE_AGAIN
    uint32_t counter;      // whose body it is in; NEVER: none
};

// Nothing is counted within a counter's body: what is, is a routine of its own.
struct counter {
    uint32_t min, max;     // max NEVER: any number
    uint32_t body, next;   // nodes
    uint32_t least;        // bytes of the body at least
};

struct routine {
    uint32_t start;        // node
    uint32_t expr;
    uint32_t least;        // bytes; 0: the empty text matches
    uint32_t first, n;     // firsts[first .. first + n): nodes NODE_CHAR and NODE_CALL with which it begins
    uint32_t order;        // it begins only with calls of routines of a higher order
};

enum { THE_POP = 0 };      // the node that is NODE_POP

struct nodes {
    struct node *nodes;    // [n]
    size_t n, cap;
    struct counter *counters;
    size_t n_counters, cap_counters;
    struct routine *routines; // [n_routines]; 0 is the whole grammar
    size_t n_routines, cap_routines;
    struct char_set *sets; // [n_sets] no two are equal
    size_t n_sets, cap_sets;
    uint32_t *firsts;
    size_t n_firsts, cap_firsts;
    bool too_large, no_memory;
};

enum { MOST_GRAMMAR_NODES = 1 << 22 };

// These return the index; on failure `too_large` or `no_memory` is set, and 0 returned.
uint32_t nodes_add(struct nodes *x, struct node node);
uint32_t nodes_add_counter(struct nodes *x, struct counter counter);
bool nodes_add_first(struct nodes *x, uint32_t node);
static inline bool nodes_failed(const struct nodes *x) { return x->too_large || x->no_memory; }
void nodes_free(struct nodes *x);

// Bytes from the end of a counter's body, read for the `count`th time, to the end of the routine.
static inline uint32_t counter_rest(const struct nodes *x, uint32_t counter, uint32_t count) {
    const struct counter *c = &x->counters[counter];
    return many_plus(many_times(c->min > count ? c->min - count : 0, c->least), x->nodes[c->next].least);
}

// Makes the nodes of what can be reached from a rule. False: *x says why.
bool nodes_build(struct nodes *x, const struct grammar *g, const struct measures *m, uint32_t expr);
// Fills what routines begin with and their order, and changes those that begin with themselves. False: likewise.
bool nodes_resolve_left(struct nodes *x);
bool nodes_find_least(struct nodes *x); // fills `least` and `counter` of all nodes; false: likewise

#endif
