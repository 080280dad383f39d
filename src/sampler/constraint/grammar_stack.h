// SPDX-License-Identifier: MIT
// Places in a grammar, and what comes behind them.
//
// A place is a node with a frame: the set of all places at which the text can go on when the node's routine ends. So a
// frame stands for many stacks at once (a graph-structured stack, Tomita 1985), and equal sets are one frame: frames
// repeat themselves as texts do.
#ifndef QUILL_SAMPLER_CONSTRAINT_GRAMMAR_STACK_H
#define QUILL_SAMPLER_CONSTRAINT_GRAMMAR_STACK_H

#include "automaton.h"
#include "grammar_nodes.h"
#include "least_heap.h"

struct place {
    uint32_t node;
    uint32_t count; // how often the body of the node's counter was read
    uint32_t frame;
};

enum {
    BOTTOM = 0,   // the frame behind the end of the text
    BARRIERS = 8, // frames 1 to BARRIERS stand for any frame: what comes behind them is not known
    FRAMES = BARRIERS + 1,
};

struct frame {
    uint32_t first, n; // places[first .. first + n), in order; none of the frames above
    uint32_t least;    // bytes from the end of a routine to the end of the text
    uint32_t alike;    // stack_alike with its places; NEVER: not asked for
};

// Sets of places that are kept.
struct stack {
    const char *name; // for messages
    const struct nodes *x;
    struct place *places; // [n_places]
    size_t n_places, cap_places;
    struct frame *frames; // [n_frames]
    size_t n_frames, cap_frames;
    uint32_t *table;      // [table_size] hash table of frames; 0: empty
    size_t table_size;
    uint32_t *routine_by_order;   // [x->n_routines]
    // What is found from some places without reading.
    struct place *found;  // [n_found] at nodes NODE_CHAR, in order
    size_t n_found, cap_found;
    bool found_end;       // of the text
    bool found_barrier;   // the end of a routine whose frame is a barrier
    // scratch
    struct place *todo, *calls, *gathered; // calls: where they return to
    size_t n_todo, cap_todo, n_calls, cap_calls, n_gathered, cap_gathered;
    struct least_heap heap;                // of calls, by the order of their routines
    size_t cap_heap;
    struct seen *seen;    // [seen_size] hash table of places
    size_t seen_size, n_seen;
    uint32_t generation;
};

bool stack_create(struct stack *s, const struct nodes *x, const char *name); // false: no memory
void stack_free(struct stack *s);
void stack_forget(struct stack *s); // all frames, and all places that were kept

// A search: begin, put places, and search from them. These return false where reading failed.
void stack_begin(struct stack *s);
bool stack_put(struct stack *s, struct reading *r, struct place place);
bool stack_search(struct stack *s, struct reading *r);
void stack_take_put(struct stack *s); // instead of a search: what was put is what was found

// Keeps found[0 .. n_found); its index in `places`. False: reading failed.
bool stack_keep(struct stack *s, struct reading *r, uint32_t *first);
// A place from which the same texts of so many bytes can be read: of the usual counts there is one for all of them.
struct place stack_alike(struct stack *s, struct reading *r, struct place place, uint32_t bytes);
uint32_t stack_least(const struct stack *s, struct place place); // bytes to the end of the text

#endif
