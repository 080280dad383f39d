// SPDX-License-Identifier: MIT
#include "sweep.h"

#include <stdatomic.h>

enum { LEAST_SLICE = 1 << 20, MOST_SLICES = 1 << 20 };

struct state {
    const struct sweep *sweep;
    uint64_t bytes;
    size_t slice;
    _Atomic uint64_t next; // first byte not taken yet: slices are taken in the file's order, by any member
    atomic_bool stopped;
};

uint64_t sweep_bytes(const struct weights *w) {
    uint64_t bytes = 0;
    for (size_t i = 0; i < w->n_tensors; i++) bytes += w->tensors[i].bytes;
    return bytes;
}

// Takes bytes begin..end of the tensors laid end to end.
static void take_slice(const struct sweep *s, uint64_t begin, uint64_t end) {
    uint64_t first = 0; // the tensor's first byte in that order
    for (size_t i = 0; i < s->weights->n_tensors && begin < end; i++) {
        const struct tensor *t = &s->weights->tensors[i];
        const uint64_t last = first + t->bytes < end ? first + t->bytes : end;
        if (begin < last) {
            s->take(t->data + (begin - first), (size_t)(last - begin));
            begin = last;
        }
        first += t->bytes;
    }
}

static void take_slices(struct state *state, const struct member *m) {
    const struct sweep *s = state->sweep;
    for (uint64_t begin, end; !atomic_load_explicit(&state->stopped, memory_order_relaxed) &&
                              (begin = atomic_fetch_add(&state->next, state->slice)) < state->bytes;) {
        end = state->bytes - begin < state->slice ? state->bytes : begin + state->slice;
        take_slice(s, begin, end);
        if (m->index == 0 && s->progress && !s->progress(s->user, end, state->bytes))
            atomic_store_explicit(&state->stopped, true, memory_order_relaxed);
    }
}

static void run(void *arg, struct member *m) {
    size_t first, last;
    team_begin(m);
    while (team_claim(m, (size_t)m->size, 1, &first, &last)) take_slices(arg, m);
    team_end(m);
}

static void begin(struct state *state, const struct sweep *sweep) {
    *state = (struct state){.sweep = sweep, .bytes = sweep_bytes(sweep->weights)};
    state->slice = LEAST_SLICE + (size_t)(state->bytes / MOST_SLICES);
    atomic_init(&state->next, sweep->from);
}

void sweep_run(const struct sweep *sweep, struct team *team) {
    struct state state;
    begin(&state, sweep);
    if (state.bytes) team_run(team, run, &state);
}

struct beside {
    struct state state;
    void (*work)(void *arg);
    void *arg;
};

static void run_beside(void *arg, struct member *m) {
    struct beside *b = arg;
    if (m->index > 0) {
        take_slices(&b->state, m);
        return;
    }
    b->work(b->arg);
    atomic_store_explicit(&b->state.stopped, true, memory_order_relaxed);
}

uint64_t sweep_beside(const struct sweep *sweep, struct team *team, void (*work)(void *arg), void *arg) {
    struct beside b = {.work = work, .arg = arg};
    begin(&b.state, sweep);
    team_run(team, run_beside, &b);
    const uint64_t next = atomic_load(&b.state.next); // every slice before it was taken
    return next < b.state.bytes ? next : b.state.bytes;
}
