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

static void run(void *arg, struct member *m) {
    struct state *state = arg;
    const struct sweep *s = state->sweep;
    size_t first, last;
    team_begin(m);
    while (team_claim(m, (size_t)m->size, 1, &first, &last)) {
        for (uint64_t begin, end; (begin = atomic_fetch_add(&state->next, state->slice)) < state->bytes;) {
            if (atomic_load_explicit(&state->stopped, memory_order_relaxed)) break;
            end = state->bytes - begin < state->slice ? state->bytes : begin + state->slice;
            take_slice(s, begin, end);
            if (m->index == 0 && s->progress && !s->progress(s->user, end, state->bytes))
                atomic_store_explicit(&state->stopped, true, memory_order_relaxed);
        }
    }
    team_end(m);
}

void sweep_run(const struct sweep *sweep, struct team *team) {
    struct state state = {.sweep = sweep, .bytes = sweep_bytes(sweep->weights)};
    state.slice = LEAST_SLICE + (size_t)(state.bytes / MOST_SLICES);
    if (state.bytes) team_run(team, run, &state);
}
