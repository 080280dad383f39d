// SPDX-License-Identifier: MIT
// Evaluation of trees.
#ifndef QUILL_CHAT_JINJA_EVAL_H
#define QUILL_CHAT_JINJA_EVAL_H

#include "ast.h"
#include "values.h"

// Variables of one scope; names look outwards.
struct binding {
    uint32_t name;
    struct value value;
    struct binding *next;
};
struct frame {
    struct frame *parent;
    struct binding *first;
};

struct macro {
    const struct node *node;  // N_MACRO or N_CALL_BLOCK: list of parameters, b: body
    struct frame *frame;      // where it was made
};

struct loop {
    const struct node *node;  // N_FOR
    struct frame *frame;      // around it
    const struct list *items;
    size_t at;
    int level;                // of recursion
    struct value last;        // that changed() was given
};

enum flow { FLOW_NEXT, FLOW_BREAK, FLOW_CONTINUE };

struct value eval(struct run *r, const struct node *node);
enum flow exec(struct run *r, const struct node *node);
// Runs the node and returns what it prints. Its variables are its own.
struct value captured(struct run *r, const struct node *node);

struct frame *frame_push(struct run *r, struct frame *parent); // the innermost now; NULL: the run has failed
void assign(struct run *r, uint32_t name, struct value v);     // in the innermost
void assign_target(struct run *r, const struct node *target, struct value v);

bool eval_args(struct run *r, const struct node *node, struct args *out); // of a call, filter or test
struct value macro_call(struct run *r, const struct macro *macro, const struct args *args);
enum flow for_loop(struct run *r, const struct node *node, struct frame *around, struct value over, int level);
struct value slice(struct run *r, struct value v, const struct value parts[3]); // each None or an integer

#endif
