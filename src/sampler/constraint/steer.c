// SPDX-License-Identifier: MIT
// How far it is to the end of a text, in tokens.
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/hash.h"
#include "base/utf8.h"
#include "constraint.h"

enum {
    MOST_LOOKS = 8000000, // at tokens, in one search
    USUAL_BYTES = 3,      // of a token, where the search was too long
};
#define TOO_LONG (UINT32_MAX - 1) // the search was
#define NO_END UINT32_MAX         // no tokens lead to one

// ---- tokens that are not alike ------------------------------------------------------------------------

struct choice {
    const quill_constraint *c;
    const struct vocabulary *v;
    struct token_set chosen;
    uint64_t *seen; // [size] hash table of what tells tokens apart; 0: empty
    size_t size;
};

// What tells a token from others: the classes of its characters, and bytes of those that are not whole.
static uint64_t token_class(const struct choice *choice, struct str bytes) {
    struct automaton *a = choice->c->automaton;
    uint64_t hash = 0;
    for (size_t i = 0; i < bytes.n;) {
        uint32_t code;
        const int step = utf8_step(bytes.p + i, bytes.n - i, &code);
        const uint64_t part = step > 0 ? hash_mix(a->kind->class_of(a, code)) : 0x100 + (uint64_t)(uint8_t)bytes.p[i];
        hash = hash_mix(hash ^ part) + 1;
        i += step > 0 ? (size_t)step : 1;
    }
    return hash | 1;
}

static bool is_new(struct choice *choice, uint64_t class) {
    size_t at = class & (choice->size - 1);
    for (; choice->seen[at]; at = (at + 1) & (choice->size - 1))
        if (choice->seen[at] == class) return false;
    choice->seen[at] = class;
    return true;
}

static struct str bytes_of_chosen(void *user, int32_t id) {
    const struct choice *choice = user;
    if (!token_set_has(&choice->chosen, (size_t)id)) return (struct str){0};
    return choice->v->bytes_of(choice->v->user, id);
}

static void choose(struct choice *choice, const struct token_index *x) {
    for (size_t i = 0; i < x->n; i++) {
        const struct str bytes = choice->v->bytes_of(choice->v->user, x->ids[i]);
        if (!choice->c->automaton->kind->class_of || is_new(choice, token_class(choice, bytes)))
            token_set_add(&choice->chosen, (size_t)x->ids[i]);
    }
}

// False: no memory.
static bool find_unlike(quill_constraint *c, const struct vocabulary *v) {
    struct choice choice = {.c = c, .v = v, .size = 64};
    size_t n = 0;
    if (c->unlike.ids) return true;
    for (int part = 0; part < PARTS_OF_VOCABULARY; part++) n += c->parts[part].index.n;
    while (choice.size < 2 * n) choice.size *= 2;
    choice.seen = alloc_zeroed(choice.size, sizeof *choice.seen);
    bool ok = token_set_create(&choice.chosen, v->n_vocab) && choice.seen;
    for (int part = 0; ok && part < PARTS_OF_VOCABULARY; part++) choose(&choice, &c->parts[part].index);
    struct token_list list = {0};
    ok = ok && token_list_create(&list, v->n_vocab, bytes_of_chosen, &choice) &&
         token_index_create(&c->unlike, &list, 1, LONGEST_TOKEN);
    token_list_free(&list);
    free(choice.chosen.bits);
    free(choice.seen);
    return ok;
}

// ---- the search -----------------------------------------------------------------------------------------

struct edge {
    uint32_t from, to; // indices of `states`
};

// All states that are reached token by token, up to those in which a text may end.
struct search {
    quill_constraint *c;
    struct reading *r;
    uint32_t *states;      // [n] in the order of their coming
    size_t n, cap;
    uint32_t *place;       // [cap_place] by state: its index in `states` and 1; 0: it was not seen
    size_t cap_place;
    struct edge *edges;    // [n_edges]
    size_t n_edges, cap_edges;
    uint32_t *path;        // of token_index_walk
    uint32_t from;         // the state looked at, as an index
    size_t looks;
    bool no_memory;
};

// The index of a state, which is added if it is new.
static bool see(struct search *s, uint32_t state, uint32_t *index) {
    if (state >= s->cap_place) {
        const size_t have = s->cap_place;
        uint32_t *place = alloc_grow(s->place, &s->cap_place, (size_t)state + 1, sizeof *place);
        if (!place) return false;
        memset(place + have, 0, (s->cap_place - have) * sizeof *place);
        s->place = place;
    }
    if (!s->place[state]) {
        if (s->n == s->cap) {
            uint32_t *states = alloc_grow(s->states, &s->cap, s->n + 1, sizeof *states);
            if (!states) return false;
            s->states = states;
        }
        s->states[s->n++] = state;
        s->place[state] = (uint32_t)s->n;
    }
    *index = s->place[state] - 1;
    return true;
}

static bool look_at(void *user, int32_t id, uint32_t state) {
    struct search *s = user;
    uint32_t to = 0;
    (void)id;
    s->no_memory = !see(s, state, &to);
    const struct edge *last = s->n_edges ? &s->edges[s->n_edges - 1] : NULL;
    if (!s->no_memory && !(last && last->from == s->from && last->to == to)) {
        if (s->n_edges == s->cap_edges) {
            struct edge *edges = alloc_grow(s->edges, &s->cap_edges, s->n_edges + 1, sizeof *edges);
            s->no_memory = !edges;
            if (edges) s->edges = edges;
        }
        if (!s->no_memory) s->edges[s->n_edges++] = (struct edge){s->from, to};
    }
    return !s->no_memory && ++s->looks < MOST_LOOKS;
}

static bool may_end(const struct search *s, size_t index) {
    return s->c->automaton->kind->may_end(s->c->automaton, s->r, s->states[index]);
}

// False: the search is too long, or fails.
static bool explore(struct search *s, uint32_t state) {
    s->no_memory = !see(s, state, &s->from);
    for (s->from = 0; s->from < s->n && !s->no_memory; s->from++) {
        if (may_end(s, s->from)) continue;
        token_index_walk(&s->c->unlike, s->c->automaton, s->r, s->states[s->from], s->path, look_at, s);
        if (s->looks >= MOST_LOOKS || s->r->status) return false;
    }
    return !s->no_memory;
}

// Breadth first from the ends, against the edges. tokens[n]; false: no memory.
static bool count_tokens(const struct search *s, uint32_t *tokens) {
    uint32_t *first = alloc_zeroed(s->n + 1, sizeof *first), *before = alloc_array(s->n_edges, sizeof *before);
    uint32_t *queue = alloc_array(s->n, sizeof *queue);
    const bool ok = first && before && queue;
    size_t n = 0;
    for (size_t i = 0; ok && i < s->n_edges; i++) first[s->edges[i].to]++;
    for (size_t i = 0; ok && i < s->n; i++) first[i + 1] += first[i]; // behind the edges into state i
    for (size_t i = 0; ok && i < s->n_edges; i++) before[--first[s->edges[i].to]] = s->edges[i].from;
    for (size_t i = 0; ok && i < s->n; i++) {
        tokens[i] = may_end(s, i) ? 0 : NO_END;
        if (tokens[i] == 0) queue[n++] = (uint32_t)i;
    }
    for (size_t i = 0; ok && i < n; i++)
        for (uint32_t e = first[queue[i]]; e < first[queue[i] + 1]; e++) {
            if (tokens[before[e]] != NO_END) continue;
            tokens[before[e]] = tokens[queue[i]] + 1;
            queue[n++] = before[e];
        }
    free(first);
    free(before);
    free(queue);
    return ok;
}

static bool keep(quill_constraint *c, uint32_t state, uint32_t n) {
    const size_t have = c->cap_tokens;
    if (state >= have) {
        uint32_t *tokens = alloc_grow(c->tokens, &c->cap_tokens, (size_t)state + 1, sizeof *tokens);
        if (!tokens) return false;
        memset(tokens + have, 0, (c->cap_tokens - have) * sizeof *tokens);
        c->tokens = tokens;
    }
    c->tokens[state] = n;
    return true;
}

// Fills what is known of a state and, unless the search is too long, of all that are reached from it. What is known of
// a state does not depend on where a search began.
static void find_tokens(quill_constraint *c, const struct vocabulary *v, struct reading *r, uint32_t state) {
    struct search s = {.c = c, .r = r};
    uint32_t *tokens = NULL;
    s.no_memory = !find_unlike(c, v) || !(s.path = alloc_array(c->unlike.longest + 1, sizeof *s.path));
    if (!s.no_memory && explore(&s, state)) {
        tokens = alloc_array(s.n, sizeof *tokens);
        s.no_memory = !tokens || !count_tokens(&s, tokens);
        for (size_t i = 0; i < s.n && !s.no_memory; i++)
            if (tokens[i]) s.no_memory = !keep(c, s.states[i], tokens[i]);
    } else if (!s.no_memory && !r->status) {
        s.no_memory = !keep(c, state, TOO_LONG);
    }
    if (s.no_memory) reading_fail(r, QUILL_E_SYSTEM, "out of memory");
    free(tokens);
    free(s.states);
    free(s.place);
    free(s.edges);
    free(s.path);
}

// ---- the straight way -------------------------------------------------------------------------------

// Where states have no end, a way is counted on which each token leads as near to the end as one can, in bytes: from a
// state on this way it goes on in the same way, with one token less. Another may be shorter.
struct way {
    quill_constraint *c;
    const struct vocabulary *v;
    struct reading *r;
    uint32_t *path;    // of token_index_walk
    uint32_t nearest, least; // the state that is nearest to the end, of those seen behind one token
    uint32_t *passed;  // [n_passed] states, a token apart
    size_t n_passed, cap_passed;
};

static bool look_near(void *user, int32_t id, uint32_t state) {
    struct way *w = user;
    (void)id;
    const uint32_t least = w->c->automaton->kind->least(w->c->automaton, w->r, state);
    if (least >= w->least) return true;
    w->least = least;
    w->nearest = state;
    return least > 0;
}

// The next state on the way; DEAD: there is none, or reading failed.
static uint32_t go_straight(struct way *w, uint32_t state) {
    struct automaton *a = w->c->automaton;
    w->nearest = DEAD;
    w->least = a->kind->least(a, w->r, state);
    token_index_walk(&w->c->unlike, a, w->r, state, w->path, look_near, w);
    return w->r->status ? DEAD : w->nearest;
}

static uint32_t known(const quill_constraint *c, uint32_t state) {
    return state < c->cap_tokens ? c->tokens[state] : 0;
}

// Passes states up to one of which the number of tokens is known, or the end: then it is *tokens. False: it is too far
// for so many tokens, or reading failed.
static bool pass_states(struct way *w, uint32_t state, uint64_t room, uint32_t *tokens) {
    struct automaton *a = w->c->automaton;
    while (*tokens = 0, !a->kind->may_end(a, w->r, state)) {
        *tokens = known(w->c, state);
        if (*tokens) break;
        if (w->n_passed == w->cap_passed) {
            uint32_t *passed = alloc_grow(w->passed, &w->cap_passed, w->n_passed + 1, sizeof *passed);
            if (!passed) reading_fail(w->r, QUILL_E_SYSTEM, "out of memory");
            if (!passed) return false;
            w->passed = passed;
        }
        if (w->n_passed == room) return false;
        w->passed[w->n_passed++] = state;
        state = go_straight(w, state);
        if (state == DEAD) *tokens = NO_END;
        if (state == DEAD) break;
    }
    return !w->r->status;
}

static bool fits_straight(quill_constraint *c, const struct vocabulary *v, struct reading *r, uint32_t state,
                          uint64_t room) {
    struct way w = {.c = c, .v = v, .r = r};
    uint32_t tokens = NO_END;
    const bool ok = find_unlike(c, v) && (w.path = alloc_array(c->unlike.longest + 1, sizeof *w.path));
    if (!ok) reading_fail(r, QUILL_E_SYSTEM, "out of memory");
    else if (!pass_states(&w, state, room, &tokens)) tokens = NO_END, w.n_passed = 0;
    while (w.n_passed && !r->status) {
        if (tokens != NO_END) tokens++;
        if (!keep(c, w.passed[--w.n_passed], tokens)) reading_fail(r, QUILL_E_SYSTEM, "out of memory");
    }
    free(w.path);
    free(w.passed);
    return !r->status && tokens <= room;
}

bool constraint_fits(quill_constraint *c, const struct vocabulary *v, struct reading *r, uint32_t state,
                     uint64_t room) {
    const struct automaton_kind *kind = c->automaton->kind;
    const uint32_t bytes = kind->least(c->automaton, r, state);
    if (bytes <= room) return true; // a token for each byte
    if (room == 0 || !kind->has_keys || !constraint_index(c, v, r) || bytes > room * c->longest) return false;
    if (kind->endless) return fits_straight(c, v, r, state, room);
    if (state >= c->cap_tokens || !c->tokens[state]) find_tokens(c, v, r, state);
    if (r->status) return false;
    const uint32_t tokens = c->tokens[state];
    return tokens == TOO_LONG ? bytes <= room * USUAL_BYTES : tokens <= room;
}
