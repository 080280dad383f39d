// SPDX-License-Identifier: MIT
#include "filters.h"

#include "base/dmath.h"

// Meister et al. 2022: the tokens whose surprise -log p is closest to the entropy, up to a total probability of
// `typical_p`.
// With weights w = exp(l - max): -log p = log(total) - (l - max).
static void keep_typical(struct candidates *c, const quill_sampling *sampling) {
    double max = candidates_max(c), log_total = d_log(c->total), entropy = 0;
    for (size_t i = 0; i < c->n; i++) {
        c->key[i] = log_total - (c->logit[i] - max);
        entropy += c->weight[i] / c->total * c->key[i];
    }
    for (size_t i = 0; i < c->n; i++) c->key[i] = c->key[i] < entropy ? entropy - c->key[i] : c->key[i] - entropy;
    candidates_keep_best(c, (double)sampling->typical_p * c->total);
}

// Holtzman et al. 2020: the fewest of the likeliest tokens whose total probability reaches `top_p`.
static void keep_nucleus(struct candidates *c, const quill_sampling *sampling) {
    double max = candidates_max(c);
    for (size_t i = 0; i < c->n; i++) c->key[i] = max - c->logit[i];
    candidates_keep_best(c, (double)sampling->top_p * c->total);
}

// Nguyen et al. 2024: the tokens at least `min_p` times as likely as the likeliest.
static void keep_relative(struct candidates *c, const quill_sampling *sampling) {
    double heaviest = 0;
    for (size_t i = 0; i < c->n; i++)
        if (c->weight[i] > heaviest) heaviest = c->weight[i];
    candidates_keep_heavy(c, (double)sampling->min_p * heaviest);
}

static bool typical_on(const quill_sampling *sampling) { return sampling->typical_p < 1; }
static bool nucleus_on(const quill_sampling *sampling) { return sampling->top_p < 1; }
static bool relative_on(const quill_sampling *sampling) { return sampling->min_p > 0; }

static const struct filter {
    bool (*on)(const quill_sampling *sampling);
    void (*keep)(struct candidates *c, const quill_sampling *sampling);
} chain[] = {
    {typical_on, keep_typical},
    {nucleus_on, keep_nucleus},
    {relative_on, keep_relative},
};

void filters_apply(struct candidates *c, const quill_sampling *sampling) {
    bool weighed = false;
    for (size_t i = 0; i < sizeof chain / sizeof *chain; i++) {
        if (!chain[i].on(sampling)) continue;
        if (!weighed) candidates_weigh(c, 1);
        weighed = true;
        chain[i].keep(c, sampling);
    }
}
