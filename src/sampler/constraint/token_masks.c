// SPDX-License-Identifier: MIT
#include "token_masks.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

enum { MASK_BYTES = 16 << 20, LEAST_MASKS = 16, MOST_MASKS = 1024 };

// ---- life -------------------------------------------------------------------------------------------

bool token_masks_create(struct token_masks *m, size_t n_vocab, const struct token_list *list, size_t least,
                        size_t most) {
    *m = (struct token_masks){.n_vocab = n_vocab};
    const size_t fit = MASK_BYTES / (8 * token_set_words(n_vocab) + 1);
    const uint32_t n_masks = fit > MOST_MASKS ? MOST_MASKS : fit < LEAST_MASKS ? LEAST_MASKS : (uint32_t)fit;
    bool ok = token_index_create(&m->index, list, least, most);
    if (ok) m->path = alloc_array(m->index.longest + 1, sizeof *m->path);
    if (ok) m->masks = alloc_zeroed(n_masks, sizeof *m->masks);
    if (m->masks) m->n_masks = n_masks;
    ok = ok && m->path && m->masks;
    if (!ok) token_masks_free(m);
    return ok;
}

void token_masks_forget(struct token_masks *m) {
    for (size_t i = 0; i < m->n_masks; i++) m->masks[i].state = DEAD;
    if (m->mask_of) memset(m->mask_of, 0, m->cap_mask_of * sizeof *m->mask_of);
    local_masks_forget(m);
}

void token_masks_free(struct token_masks *m) {
    for (size_t i = 0; i < m->n_masks; i++) free(m->masks[i].allowed.bits);
    for (size_t i = 0; m->runs && i < N_RUNS; i++)
        if (m->runs[i].found) token_runs_free(&m->runs[i].runs);
    local_masks_free(m);
    token_index_free(&m->index);
    free(m->path);
    free(m->masks);
    free(m->mask_of);
    free(m->runs);
    *m = (struct token_masks){0};
}

// ---- tokens -----------------------------------------------------------------------------------------

static bool allow(void *user, int32_t id, uint32_t state) {
    (void)state;
    token_set_add(user, (size_t)id);
    return true;
}

static void copy_set(const struct token_masks *m, struct token_set *to, const struct token_set *from) {
    memcpy(to->bits, from->bits, token_set_words(m->n_vocab) * sizeof *to->bits);
    to->n = from->n;
}

static void clear(const struct token_masks *m, struct token_set *set) {
    memset(set->bits, 0, token_set_words(m->n_vocab) * sizeof *set->bits);
    set->n = 0;
}

enum { FEW = 4 }; // characters

// What is kept of a set of characters, so far nothing if it is new. NULL: there are too many sets, or no memory.
static struct runs_of_set *runs_of(struct token_masks *m, const struct char_set *set) {
    size_t i = 0;
    if (!m->runs) m->runs = alloc_zeroed(N_RUNS, sizeof *m->runs);
    while (m->runs && i < N_RUNS && m->runs[i].set && m->runs[i].set != set) i++;
    if (!m->runs || i == N_RUNS) return NULL;
    m->runs[i].set = set;
    return &m->runs[i];
}

// To find the tokens of a set costs about as much as to read them once: not where few of them can follow.
static bool is_worth_finding(const struct token_masks *m, const struct runs_of_set *of, uint32_t n) {
    enum { PART = 64 }; // of all nodes
    return n == FEW || of->spent > m->index.n_nodes / PART;
}

// By the tokens of a set of characters that can follow one after the other. False: these are not known, or reading
// failed. *of: the set, if there is one.
static bool fill_by_run(struct token_masks *m, struct automaton *a, struct reading *r, uint32_t state,
                        struct token_set *set, struct runs_of_set **of) {
    struct run run;
    *of = a->kind->run && a->kind->run(a, r, state, FEW, &run) && run.n ? runs_of(m, run.set) : NULL;
    if (!*of || (!(*of)->found && !is_worth_finding(m, *of, run.n))) return false;
    struct token_runs *runs = &(*of)->runs;
    if (!(*of)->found) (*of)->found = token_runs_create(&(*of)->runs, &m->index, m->n_vocab, run.set);
    if (!(*of)->found) return reading_fail(r, QUILL_E_SYSTEM, "out of memory"), false;
    if (!a->kind->run(a, r, state, runs->most, &run) || (run.n < runs->most && !run.all)) return false;
    const struct token_set *tokens = token_runs_find(runs, m->n_vocab, run.n);
    if (!tokens) return reading_fail(r, QUILL_E_SYSTEM, "out of memory"), false;
    copy_set(m, set, tokens);
    token_index_walk_some(&m->index, a, r, state, m->path, runs->next, allow, set);
    return !r->status;
}

// By what is known of the local state.
static void fill_by_local(struct token_masks *m, struct automaton *a, struct reading *r, uint32_t state,
                          struct token_set *set) {
    const uint32_t local = a->kind->local ? a->kind->local(a, r, state) : DEAD;
    const struct local_mask *known = local == DEAD ? NULL : local_mask_find(m, a, r, local);
    if (r->status) return;
    if (known) copy_set(m, set, &known->sure);
    else clear(m, set);
    token_index_walk(known ? &known->rest : &m->index, a, r, state, m->path, allow, set);
}

static bool fill(struct token_masks *m, struct automaton *a, struct reading *r, uint32_t state,
                 struct token_set *set) {
    struct runs_of_set *of;
    if (fill_by_run(m, a, r, state, set, &of)) return true;
    if (r->status) return false;
    if (of) {
        clear(m, set);
        of->spent += token_index_walk(&m->index, a, r, state, m->path, allow, set);
    } else fill_by_local(m, a, r, state, set);
    return !r->status;
}

// ---- masks ------------------------------------------------------------------------------------------

// The next mask to be used. NULL: no memory.
static struct mask *next_mask(struct token_masks *m) {
    struct mask *mask = &m->masks[m->next_mask++];
    if (m->next_mask == m->n_masks) m->next_mask = 0;
    mask->state = DEAD;
    return mask->allowed.bits || token_set_create(&mask->allowed, m->n_vocab) ? mask : NULL;
}

// The mask of a state, which is another's if it is new. NULL: no memory.
static struct mask *mask_of(struct token_masks *m, uint32_t state) {
    if (state >= m->cap_mask_of) {
        const size_t have = m->cap_mask_of;
        uint32_t *more = alloc_grow(m->mask_of, &m->cap_mask_of, (size_t)state + 1, sizeof *more);
        if (!more) return NULL;
        memset(more + have, 0, (m->cap_mask_of - have) * sizeof *more);
        m->mask_of = more;
    }
    struct mask *mask = &m->masks[m->mask_of[state]];
    if (mask->state == state) return mask;
    m->mask_of[state] = m->next_mask;
    return next_mask(m);
}

const struct token_set *token_masks_find(struct token_masks *m, struct automaton *a, struct reading *r,
                                         uint32_t state) {
    struct mask *mask = a->kind->has_keys ? mask_of(m, state) : next_mask(m);
    if (!mask) return reading_fail(r, QUILL_E_SYSTEM, "out of memory"), NULL;
    if (mask->state == state) return &mask->allowed;
    if (!fill(m, a, r, state, &mask->allowed)) return NULL;
    if (a->kind->has_keys) mask->state = state;
    return &mask->allowed;
}
