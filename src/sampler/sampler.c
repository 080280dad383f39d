// SPDX-License-Identifier: MIT
#include "sampler.h"

#include <math.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "candidates.h"
#include "filters.h"
#include "penalties.h"

struct sampler {
    struct candidates c;
    int32_t *weight;              // [limit] of struct penalty; zeros between draws
    int32_t *match;               // [n_match] scratch
    size_t n_match;
    double total;                 // weight of the candidates before mirostat's choice
    struct candidate *distribution; // [limit]
};

struct sampler *sampler_create(int32_t n_vocab) {
    struct sampler *s = alloc_zeroed(1, sizeof *s);
    if (!s) return NULL;
    s->weight = alloc_zeroed((size_t)n_vocab, sizeof *s->weight);
    s->distribution = alloc_array((size_t)n_vocab, sizeof *s->distribution);
    if (candidates_create(&s->c, (size_t)n_vocab) && s->weight && s->distribution) return s;
    sampler_free(s);
    return NULL;
}

void sampler_free(struct sampler *s) {
    if (!s) return;
    candidates_free(&s->c);
    free(s->weight);
    free(s->match);
    free(s->distribution);
    free(s);
}

size_t sampler_bytes(int32_t n_vocab) {
    const struct sampler *s = NULL;
    return sizeof *s + (size_t)n_vocab * (sizeof *s->weight + sizeof *s->distribution + CANDIDATE_BYTES);
}

bool sampler_reserve(struct sampler *s, const quill_sampling *sampling, size_t n_history) {
    if (!(sampling->dry_multiplier > 0) && sampling->no_repeat_ngram <= 0) return true;
    int32_t *match = alloc_grow(s->match, &s->n_match, n_history, sizeof *match);
    if (match) s->match = match;
    return match != NULL;
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

// The penalty of a step of the chain; NULL: the step is a filter.
static const struct penalty *penalty_of(quill_step step) {
    return step == QUILL_STEP_PENALTIES ? &penalty_of_counts : step == QUILL_STEP_DRY ? &penalty_of_repeats : NULL;
}

// Where the candidates are not yet listed, logits are found by their ids.
enum place { BY_ID, IN_THE_LIST };

static void apply_penalty(struct sampler *s, const struct penalty *penalty, const struct draw *draw, enum place place) {
    const size_t window = penalty->window(draw);
    if (window == 0) return;
    penalty->note(s->weight, s->c.limit, draw, window, s->match);
    for (size_t i = 0; place == IN_THE_LIST && i < s->c.n; i++) {
        const int32_t weight = s->weight[s->c.id[i]];
        if (weight) s->c.logit[i] = penalty->change(s->c.logit[i] + s->c.shift, weight, draw->sampling) - s->c.shift;
    }
    const int32_t *end = draw->history + draw->n_history;
    for (const int32_t *id = end - window; id < end; id++) {
        if ((size_t)*id >= s->c.limit || s->weight[*id] == 0) continue; // 0: not to be changed, or already changed
        if (place == BY_ID) s->c.logit[*id] = penalty->change(s->c.logit[*id], s->weight[*id], draw->sampling);
        s->weight[*id] = 0;
    }
}

// ---- the plan: the steps that do anything -------------------------------------------------------

struct plan {
    quill_step steps[QUILL_STEP_COUNT]; // [n] without the first top-k
    size_t n, n_first;                  // the first n_first are penalties, and come before any choice
    size_t k;                           // they are followed by this choice of the k largest; 0: by none
    size_t n_recent;                    // so many of the latest ids can have other logits than the model's
    bool bans;                          // n-grams may not repeat
    bool greedy;
    bool mirostat;                      // of the filters only the temperature stays, and mirostat comes last
};

static bool has_step(const quill_sampling *sampling, quill_step step) {
    for (size_t i = 0; i < sampling->n_steps; i++)
        if (sampling->steps[i] == step) return true;
    return false;
}

static void plan_penalty(struct plan *plan, const struct penalty *penalty, const struct draw *draw) {
    const size_t window = penalty->window(draw);
    if (window > plan->n_recent) plan->n_recent = window;
}

static void plan_step(struct plan *plan, quill_step step, const struct draw *draw) {
    const struct penalty *penalty = penalty_of(step);
    const bool first = plan->n_first == plan->n && plan->k == 0;
    const bool replaced = plan->greedy || (plan->mirostat && step != QUILL_STEP_TEMPERATURE);
    if (penalty ? penalty->window(draw) == 0 : replaced || !step_is_on(step, draw->sampling)) return;
    if (penalty && first) plan_penalty(plan, penalty, draw), plan->n_first++;
    if (step == QUILL_STEP_TOP_K && first) plan->k = (size_t)draw->sampling->top_k;
    else plan->steps[plan->n++] = step;
}

static void make_plan(struct plan *plan, const struct draw *draw, bool bans) {
    const quill_sampling *sampling = draw->sampling;
    *plan = (struct plan){.bans = bans && ban_of_ngrams.window(draw) > 0};
    plan->greedy = sampling->temp == 0 && has_step(sampling, QUILL_STEP_TEMPERATURE);
    plan->mirostat = sampling->mirostat != 0 && !plan->greedy;
    for (size_t i = 0; i < sampling->n_steps; i++) plan_step(plan, (quill_step)sampling->steps[i], draw);
    if (plan->greedy) plan->k = 1;
    if (plan->bans) plan_penalty(plan, &ban_of_ngrams, draw);
}

// ---- the chain ----------------------------------------------------------------------------------

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

// Loads the logits, changes those that the plan changes first, and lists the candidates; none if all are excluded.
static void begin_chain(struct sampler *s, const struct plan *plan, const float *logits, const struct draw *draw,
                        const struct token_set *only) {
    enum { FEW = 32 }; // a list of up to 1/FEW of all ids is faster than all
    struct candidates *c = &s->c;
    const quill_sampling *sampling = draw->sampling;
    const size_t k = plan->k, n_recent = plan->n_recent;
    const int32_t *recent = n_recent ? draw->history + (draw->n_history - n_recent) : NULL;
    const size_t n_largest = k + sampling->n_logit_bias + n_recent + (draw->banned ? draw->banned->n : 0);
    const bool few = only ? only->n <= c->limit / FEW : k > 0 && n_largest <= c->limit / FEW;
    if (few && only) list_set(s, logits, only);
    else if (few) list_few(s, sampling, logits, recent, n_recent, n_largest);
    else load_all(s, logits, only);
    c->shift = 0;
    apply_bias(s, sampling);
    for (size_t i = 0; i < plan->n_first; i++) apply_penalty(s, penalty_of(plan->steps[i]), draw, BY_ID);
    if (plan->bans) apply_penalty(s, &ban_of_ngrams, draw, BY_ID);
    if (draw->banned) exclude(s, draw->banned);
    if (few) candidates_top_k_listed(c, k ? k : c->n);
    else if (k > 0) candidates_top_k(c, k);
    else candidates_all(c);
}

static void choose_by_mirostat(struct candidates *c, const struct draw *draw) {
    struct mirostat first;
    mirostat_begin(&first, draw->sampling);
    mirostat_keep(c, draw->sampling, draw->mirostat ? draw->mirostat : &first);
}

// Runs the chain on the tokens in `only` (NULL: all). Leaves the candidates with the weights of the draw; none if every
// token is excluded. Where only tokens are left that would repeat an n-gram, they are not excluded for that.
static void run_chain(struct sampler *s, const float *logits, const struct draw *draw, const struct token_set *only) {
    struct candidates *c = &s->c;
    struct plan plan;
    make_plan(&plan, draw, true);
    begin_chain(s, &plan, logits, draw, only);
    if (c->n == 0 && plan.bans) {
        make_plan(&plan, draw, false);
        begin_chain(s, &plan, logits, draw, only);
    }
    if (c->n == 0) return;
    bool weighed = false;
    for (size_t i = plan.n_first; i < plan.n; i++) {
        const struct penalty *penalty = penalty_of(plan.steps[i]);
        if (!penalty) {
            step_apply(plan.steps[i], c, draw, &weighed);
            continue;
        }
        apply_penalty(s, penalty, draw, IN_THE_LIST);
        weighed = false;
    }
    candidates_weigh(c);
    s->total = c->total;
    if (plan.mirostat) choose_by_mirostat(c, draw);
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
    if (draw->mirostat && draw->sampling->mirostat)
        mirostat_learn(draw->mirostat, draw->sampling, c->weight[chosen], s->total);
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
