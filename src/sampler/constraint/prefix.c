// SPDX-License-Identifier: MIT
#include "prefix.h"

#include "base/alloc.h"

struct prefix {
    struct automaton automaton;
    struct automaton_kind kind; // with the name of the rest
    struct str bytes;
    quill_constraint *rest; // NULL: anything
};

// State 1 + i: the first i bytes were read, and there are more. State n + s: all n of them, and the rest is in state s.
enum { ANYTHING = 1 }; // the one state of a rest that may be anything

static const struct prefix *prefix_of(const struct automaton *a) { return (const struct prefix *)a; }

static bool is_within(const struct prefix *p, uint32_t state) { return state <= p->bytes.n; }
static uint32_t rest_state(const struct prefix *p, uint32_t state) { return state - (uint32_t)p->bytes.n; }

static uint32_t start(struct automaton *a, struct reading *r) {
    (void)a, (void)r;
    return 1;
}

static uint32_t step(struct automaton *a, struct reading *r, uint32_t state, uint8_t byte) {
    const struct prefix *p = prefix_of(a);
    struct automaton *rest = p->rest ? p->rest->automaton : NULL;
    uint32_t to = ANYTHING;
    if (state == DEAD) return DEAD;
    if (is_within(p, state)) {
        if (byte != (uint8_t)p->bytes.p[state - 1]) return DEAD;
        if (state < p->bytes.n) return state + 1;
        if (rest) to = rest->kind->start(rest, r);
    } else if (rest) {
        to = rest->kind->step(rest, r, rest_state(p, state), byte);
    }
    return to == DEAD ? DEAD : to + (uint32_t)p->bytes.n;
}

static bool may_end(struct automaton *a, struct reading *r, uint32_t state) {
    const struct prefix *p = prefix_of(a);
    if (is_within(p, state)) return false;
    return !p->rest || p->rest->automaton->kind->may_end(p->rest->automaton, r, rest_state(p, state));
}

static bool may_go_on(struct automaton *a, struct reading *r, uint32_t state) {
    const struct prefix *p = prefix_of(a);
    if (is_within(p, state) || !p->rest) return true;
    return p->rest->automaton->kind->may_go_on(p->rest->automaton, r, rest_state(p, state));
}

static uint32_t least(struct automaton *a, struct reading *r, uint32_t state) {
    const struct prefix *p = prefix_of(a);
    if (is_within(p, state)) return (uint32_t)p->bytes.n + 1 - state;
    return p->rest ? p->rest->automaton->kind->least(p->rest->automaton, r, rest_state(p, state)) : 0;
}

// Other texts may be in the middle of the rest.
static void forget(struct automaton *a) {
    const struct prefix *p = prefix_of(a);
    if (p->rest) constraint_forget(p->rest);
}

static void free_prefix(struct automaton *a) { free(a); }

static const struct automaton_kind usual = {
    .name = "heal", .stop = QUILL_STOP_EOS,
    .start = start, .step = step, .may_end = may_end, .may_go_on = may_go_on, .least = least,
    .forget = forget, .free = free_prefix,
};

quill_status constraint_prefix(quill_constraint **out, struct str bytes, quill_constraint *rest, quill_error *err) {
    quill_constraint *c = alloc_zeroed(1, sizeof *c);
    struct prefix *p = alloc_zeroed(1, sizeof *p);
    if (!c || !p) {
        free(c);
        free(p);
        return fail_memory(err);
    }
    *p = (struct prefix){.kind = usual, .bytes = bytes, .rest = rest};
    p->automaton.kind = &p->kind;
    if (rest) p->kind.name = rest->automaton->kind->name;
    c->automaton = &p->automaton;
    *out = c;
    return QUILL_OK;
}
