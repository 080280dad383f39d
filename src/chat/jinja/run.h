// SPDX-License-Identifier: MIT
// One rendering of a template: memory, limits, the error, and where variables are.
//
// Functions that return a value return UNDEFINED when they fail, and the run then has a status; who works on must look
// at it before a loop goes on or a result is relied on.
#ifndef QUILL_CHAT_JINJA_RUN_H
#define QUILL_CHAT_JINJA_RUN_H

#include <time.h>

#include "base/arena.h"
#include "base/error.h"
#include "jinja.h"
#include "value.h"

enum {
    MOST_RANGE = 100000, // as in Jinja2's sandbox
    MOST_DEPTH = 600,    // of evaluations within one another
};

struct builder;
struct frame;

struct run {
    struct arena *arena;
    size_t most_memory;   // of the arena
    uint64_t steps;       // that are left
    int depth;
    quill_status status;
    bool limited;         // the status comes from a limit
    quill_error *err;
    const char *name;     // of the template, for messages
    uint32_t line;        // of what is being evaluated
    struct frame *frame;  // innermost variables
    struct builder *out;  // where the text goes
    struct value filtered; // what a filter block filters
    const struct jinja_input *input;
    const struct str *names; // by the numbers of names
};

// Memory from the arena; NULL: the run has failed.
void *run_alloc(struct run *r, size_t count, size_t size);
// Sets the status, once: the template is at fault. "FILE: chat template: line 3: ...".
__attribute__((format(printf, 2, 3))) struct value run_fail(struct run *r, const char *format, ...);
struct value run_refuse(struct run *r, struct str text); // raise_exception
struct value run_no_memory(struct run *r);
// Takes `n` steps; false: there are no more.
bool run_steps(struct run *r, size_t n);
static inline bool run_step(struct run *r) { return run_steps(r, 1); }

#endif
