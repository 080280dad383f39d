// SPDX-License-Identifier: MIT
#include "sampler.h"

#include <math.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "candidates.h"
#include "filters.h"

struct sampler {
    struct candidates c;
    int32_t *count;               // [limit] occurrences of an id in the penalties' window; zeros between draws
    struct candidate *distribution; // [limit]
};

struct sampler *sampler_create(int32_t n_vocab) {
    struct sampler *s = alloc_zeroed(1, sizeof *s);
    if (!s) return NULL;
    s->count = alloc_zeroed((size_t)n_vocab, sizeof *s->count);
    s->distribution = alloc_array((size_t)n_vocab, sizeof *s->distribution);
    if (candidates_create(&s->c, (size_t)n_vocab) && s->count && s->distribution) return s;
    sampler_free(s);
    return NULL;
}

void sampler_free(struct sampler *s) {
    if (!s) return;
    candidates_free(&s->c);
    free(s->count);
    free(s->distribution);
    free(s);
}

size_t sampler_bytes(int32_t n_vocab) {
    const struct sampler *s = NULL;
    return sizeof *s + (size_t)n_vocab * (sizeof *s->count + sizeof *s->distribution + CANDIDATE_BYTES);
}

// +infinity becomes a number above every other logit that stays finite under every penalty; a NaN excludes the token.
static void load_logit(struct sampler *s, const float *logits, size_t id) {
    const double lowest = -(double)INFINITY, highest = 1e200;
    double x = (double)logits[id];
    x = x > lowest ? x : lowest;
    s->c.logit[id] = x < highest ? x : highest;
}

static void apply_bias(struct sampler *s, const quill_sampling *sampling) {
    for (size_t i = 0; i < sampling->n_logit_bias; i++) {
        const quill_logit_bias *bias = &sampling->logit_bias[i];
        if ((size_t)bias->id < s->c.limit) s->c.logit[bias->id] += (double)bias->bias;
    }
}

// Keskar et al. 2019 divide a logit. A negative logit is multiplied instead, so that the penalty never raises it.
static double penalised(double logit, int32_t count, const quill_sampling *sampling) {
    double repeat = (double)sampling->repeat_penalty;
    logit = logit > 0 ? logit / repeat : logit * repeat;
    return logit - (double)sampling->presence_penalty - (double)count * (double)sampling->frequency_penalty;
}

// How many of the latest ids in the history are penalised; 0 if no penalty is on.
static size_t penalty_window(const quill_sampling *sampling, size_t n_history) {
    bool on = sampling->repeat_penalty != 1 || sampling->presence_penalty != 0 || sampling->frequency_penalty != 0;
    if (!on) return 0;
    bool all = sampling->repeat_last_n < 0 || (size_t)sampling->repeat_last_n > n_history;
    return all ? n_history : (size_t)sampling->repeat_last_n;
}

static void apply_penalties(struct sampler *s, const quill_sampling *sampling, const int32_t *recent, size_t n) {
    if (n == 0) return;
    const int32_t *end = recent + n;
    for (const int32_t *id = recent; id < end; id++)
        if ((size_t)*id < s->c.limit) s->count[*id]++;
    for (const int32_t *id = recent; id < end; id++) {
        if ((size_t)*id >= s->c.limit || s->count[*id] == 0) continue; // 0: this id was already penalised
        s->c.logit[*id] = penalised(s->c.logit[*id], s->count[*id], sampling);
        s->count[*id] = 0;
    }
}

// Lists the ids that can be among the k largest if the logits of at most n - k ids changed: the n largest, and ids that
// the bias or a penalty raised.
static void list_few(struct sampler *s, const quill_sampling *sampling, const float *logits, const int32_t *recent,
                     size_t n_recent, size_t n) {
    struct candidates *c = &s->c;
    candidates_list_largest(c, logits, n);
    for (size_t i = 0; i < sampling->n_logit_bias; i++)
        if ((size_t)sampling->logit_bias[i].id < c->limit) c->id[c->n++] = sampling->logit_bias[i].id;
    for (size_t i = 0; i < n_recent; i++)
        if ((size_t)recent[i] < c->limit) c->id[c->n++] = recent[i];
    for (size_t i = 0; i < c->n; i++) load_logit(s, logits, (size_t)c->id[i]);
}

static void list_set(struct sampler *s, const float *logits, const struct token_set *set) {
    struct candidates *c = &s->c;
    c->n = 0;
    for (size_t i = token_set_next(set, c->limit, 0); i < c->limit; i = token_set_next(set, c->limit, i + 1)) {
        c->id[c->n++] = (int32_t)i;
        load_logit(s, logits, i);
    }
}

// Loads the logits of the ids in `only` (NULL: all) and excludes the others.
static void load_all(struct sampler *s, const float *logits, const struct token_set *only) {
    for (size_t i = 0; i < s->c.limit; i++)
        if (!only || token_set_has(only, i)) load_logit(s, logits, i);
        else s->c.logit[i] = -(double)INFINITY;
}

static void exclude(struct sampler *s, const struct token_set *banned) {
    const size_t limit = s->c.limit;
    for (size_t i = token_set_next(banned, limit, 0); i < limit; i = token_set_next(banned, limit, i + 1))
        s->c.logit[i] = -(double)INFINITY;
}

// Runs the chain on the tokens in `only` (NULL: all). Leaves the candidates with the weights of the draw; none if every
// token is excluded.
static void run_chain(struct sampler *s, const float *logits, const struct draw *draw, const struct token_set *only) {
    enum { FEW = 32 }; // a list of up to 1/FEW of all ids is faster than all
    struct candidates *c = &s->c;
    const quill_sampling *sampling = draw->sampling;
    const size_t k = sampling->temp == 0 ? 1 : (size_t)sampling->top_k;
    const size_t n_recent = penalty_window(sampling, draw->n_history);
    const int32_t *recent = n_recent ? draw->history + (draw->n_history - n_recent) : NULL;
    const size_t n_largest = k + sampling->n_logit_bias + n_recent + (draw->banned ? draw->banned->n : 0);
    const bool few = only ? only->n <= c->limit / FEW : k > 0 && n_largest <= c->limit / FEW;
    if (few && only) list_set(s, logits, only);
    else if (few) list_few(s, sampling, logits, recent, n_recent, n_largest);
    else load_all(s, logits, only);
    apply_bias(s, sampling);
    apply_penalties(s, sampling, recent, n_recent);
    if (draw->banned) exclude(s, draw->banned);
    if (few) candidates_top_k_listed(c, k ? k : c->n);
    else if (k > 0) candidates_top_k(c, k);
    else candidates_all(c);
    if (c->n == 0) return;
    filters_apply(c, sampling);
    candidates_weigh(c, sampling->temp == 0 ? 1 : (double)sampling->temp);
}

// Leaves the candidates of the draw; their weights divided by the sum of weights are the probabilities.
static void find_candidates(struct sampler *s, const float *logits, const struct draw *draw) {
    run_chain(s, logits, draw, NULL);
    if (!draw->allowed) return;
    candidates_keep_set(&s->c, draw->allowed);
    if (s->c.n == 0) run_chain(s, logits, draw, draw->allowed);
}

int32_t sampler_draw(struct sampler *s, const float *logits, const struct draw *draw) {
    find_candidates(s, logits, draw);
    const struct candidates *c = &s->c;
    if (c->n == 0) return -1;
    double left = rng_unit(&draw->key) * c->total;
    size_t chosen = 0;
    for (size_t i = 0; i < c->n; i++) {
        if (!(c->weight[i] > 0)) continue;
        chosen = i; // if rounding leaves a rest, the last candidate is chosen
        if (left < c->weight[i]) break;
        left -= c->weight[i];
    }
    return c->id[chosen];
}

size_t sampler_candidates(const struct sampler *s, const int32_t **ids) {
    *ids = s->c.id;
    return s->c.n;
}

size_t sampler_distribution(struct sampler *s, const float *logits, const struct draw *draw,
                            const struct candidate **out) {
    find_candidates(s, logits, draw);
    struct candidates *c = &s->c;
    for (size_t i = 0; i < c->n; i++) c->entries[i] = (struct entry){c->weight[i], c->id[i]};
    sort_entries(c->entries, c->n);
    for (size_t i = 0; i < c->n; i++)
        s->distribution[i] = (struct candidate){c->entries[i].id, c->entries[i].value / c->total};
    *out = s->distribution;
    return c->n;
}

size_t largest_logits(struct sampler *s, const float *logits, size_t n, const struct token_set *without, size_t k,
                      int32_t *ids) {
    if (n > s->c.limit) n = s->c.limit;
    const size_t wanted = k + (without ? without->n : 0);
    const size_t found = largest_entries(s->c.entries, logits, n, wanted < n ? wanted : n);
    size_t kept = 0;
    for (size_t i = 0; i < found && kept < k; i++)
        if (!without || !token_set_has(without, (size_t)s->c.entries[i].id)) ids[kept++] = s->c.entries[i].id;
    return kept;
}
