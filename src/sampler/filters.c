// SPDX-License-Identifier: MIT
#include "filters.h"

#include <math.h>

#include "base/dmath.h"

// Tang et al. 2024: the tokens whose logits are at most n standard deviations below the largest. A temperature in front
// changes nothing. The sums are over the candidates, with their number as divisor.
static void keep_within_sigma(struct candidates *c, const struct draw *draw) {
    double max = candidates_max(c), mean = 0, variance = 0;
    for (size_t i = 0; i < c->n; i++) mean += (c->logit[i] - max) / (double)c->n;
    for (size_t i = 0; i < c->n; i++) {
        double distance = c->logit[i] - max - mean;
        variance += distance * distance / (double)c->n;
    }
    const double range = (double)draw->sampling->top_n_sigma * sqrt(variance);
    for (size_t i = 0; i < c->n; i++) c->key[i] = range - (max - c->logit[i]);
    candidates_keep_by_key(c);
}

// Fan et al. 2018.
static void keep_top_k(struct candidates *c, const struct draw *draw) {
    candidates_keep_largest(c, (size_t)draw->sampling->top_k);
}

// Meister et al. 2022: the tokens whose surprise -log p is closest to the entropy, up to a total probability of
// `typical_p`.
static void keep_typical(struct candidates *c, const struct draw *draw) {
    const double entropy = candidates_surprise(c);
    for (size_t i = 0; i < c->n; i++) c->key[i] = c->key[i] < entropy ? entropy - c->key[i] : c->key[i] - entropy;
    candidates_keep_best(c, (double)draw->sampling->typical_p * c->total);
}

// Holtzman et al. 2020: the fewest of the likeliest tokens whose total probability reaches `top_p`.
static void keep_nucleus(struct candidates *c, const struct draw *draw) {
    double max = candidates_max(c);
    for (size_t i = 0; i < c->n; i++) c->key[i] = max - c->logit[i];
    candidates_keep_best(c, (double)draw->sampling->top_p * c->total);
}

// Nguyen et al. 2024: the tokens at least `min_p` times as likely as the likeliest.
static void keep_relative(struct candidates *c, const struct draw *draw) {
    candidates_keep_heavy(c, (double)draw->sampling->min_p * candidates_heaviest(c));
}

// The tokens of at least this probability; if there is none, the likeliest.
static void keep_probable(struct candidates *c, double least) {
    const double heaviest = candidates_heaviest(c);
    candidates_keep_heavy(c, least * c->total < heaviest ? least * c->total : heaviest);
}

// Hewitt et al. 2022: a fixed probability, and one that is lower where the distribution is flat.
static void keep_above_epsilon(struct candidates *c, const struct draw *draw) {
    keep_probable(c, (double)draw->sampling->epsilon_cutoff);
}

static void keep_above_eta(struct candidates *c, const struct draw *draw) {
    const double epsilon = (double)draw->sampling->eta_cutoff;
    const double eta = sqrt(epsilon) * d_exp(-candidates_surprise(c));
    keep_probable(c, eta < epsilon ? eta : epsilon);
}

// "Exclude top choices" (Weidmann 2024): of the tokens with at least `xtc_threshold`, the least likely one alone stays;
// of equal ones that with the highest id. Whether it does is a matter of the position, not of a draw: a draw that is
// made again, because its token is not allowed, is made among the same tokens.
static void exclude_top(struct candidates *c, const struct draw *draw) {
    struct rng_key key = draw->key;
    key.rejected = UINT32_MAX; // no draw has this number
    if (!(rng_unit(&key) < (double)draw->sampling->xtc_probability)) return;
    const double least = (double)draw->sampling->xtc_threshold * c->total;
    size_t stays = c->n;
    for (size_t i = 0; i < c->n; i++)
        if (c->weight[i] >= least && (stays == c->n || c->weight[i] <= c->weight[stays])) stays = i;
    for (size_t i = 0; i < c->n; i++) c->key[i] = c->weight[i] >= least && i != stays ? -1 : 0;
    candidates_keep_by_key(c);
}

// The entropy as a share of the largest that so many tokens can have says where between temp - range and temp + range
// the temperature lies (kalomaze 2023). What is nearly 0 is as good as 0, and keeps the logits finite.
static double dynamic_temperature(struct candidates *c, const quill_sampling *sampling) {
    const double temp = (double)sampling->temp, range = (double)sampling->dynatemp_range, lowest = 1e-30;
    if (c->n < 2) return temp;
    candidates_weigh(c);
    double share = candidates_surprise(c) / d_log((double)c->n);
    share = share < 0 ? 0 : share > 1 ? 1 : share;
    const double least = temp > range ? temp - range : 0;
    const double power = sampling->dynatemp_exp > 0 ? d_exp((double)sampling->dynatemp_exp * d_log(share)) : 1;
    const double found = least + (temp + range - least) * power;
    return found > lowest ? found : lowest;
}

static void divide_by_temperature(struct candidates *c, const struct draw *draw) {
    const quill_sampling *sampling = draw->sampling;
    const double temp = sampling->dynatemp_range > 0 ? dynamic_temperature(c, sampling) : (double)sampling->temp;
    const double max = candidates_max(c);
    for (size_t i = 0; i < c->n; i++) c->logit[i] = (c->logit[i] - max) / temp;
    c->shift = (c->shift + max) / temp;
}

static bool sigma_on(const quill_sampling *sampling) { return sampling->top_n_sigma > 0; }
static bool top_k_on(const quill_sampling *sampling) { return sampling->top_k > 0; }
static bool typical_on(const quill_sampling *sampling) { return sampling->typical_p < 1; }
static bool nucleus_on(const quill_sampling *sampling) { return sampling->top_p < 1; }
static bool relative_on(const quill_sampling *sampling) { return sampling->min_p > 0; }
static bool epsilon_on(const quill_sampling *sampling) { return sampling->epsilon_cutoff > 0; }
static bool eta_on(const quill_sampling *sampling) { return sampling->eta_cutoff > 0; }
static bool xtc_on(const quill_sampling *sampling) { return sampling->xtc_probability > 0; }
static bool temperature_on(const quill_sampling *sampling) {
    return sampling->temp != 1 || sampling->dynatemp_range > 0;
}

static const struct filter {
    bool (*on)(const quill_sampling *sampling); // NULL: no filter
    void (*apply)(struct candidates *c, const struct draw *draw);
    bool by_weight;                             // needs the weights, and leaves them to the candidates that it keeps
} filters[QUILL_STEP_COUNT] = {
    [QUILL_STEP_TOP_N_SIGMA] = {sigma_on, keep_within_sigma, false},
    [QUILL_STEP_TOP_K] = {top_k_on, keep_top_k, false},
    [QUILL_STEP_TYPICAL_P] = {typical_on, keep_typical, true},
    [QUILL_STEP_TOP_P] = {nucleus_on, keep_nucleus, true},
    [QUILL_STEP_MIN_P] = {relative_on, keep_relative, true},
    [QUILL_STEP_EPSILON] = {epsilon_on, keep_above_epsilon, true},
    [QUILL_STEP_ETA] = {eta_on, keep_above_eta, true},
    [QUILL_STEP_XTC] = {xtc_on, exclude_top, true},
    [QUILL_STEP_TEMPERATURE] = {temperature_on, divide_by_temperature, false},
};

bool step_is_on(quill_step step, const quill_sampling *sampling) {
    return filters[step].on && filters[step].on(sampling);
}

void step_apply(quill_step step, struct candidates *c, const struct draw *draw, bool *weighed) {
    const struct filter *f = &filters[step];
    if (f->by_weight && !*weighed) candidates_weigh(c);
    f->apply(c, draw);
    *weighed = f->by_weight;
}
