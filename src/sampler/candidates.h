// SPDX-License-Identifier: MIT
// The candidates of one draw and the ways to shrink them: the k largest logits, the best by a key up to a weight.
#ifndef QUILL_SAMPLER_CANDIDATES_H
#define QUILL_SAMPLER_CANDIDATES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "token_set.h"

struct entry {
    double value;
    int32_t id;
};

// Everything is [limit]; the first n entries of id, logit and weight are the candidates, in ascending order of id.
struct candidates {
    size_t n, limit;
    int32_t *id;
    double *logit;  // after bias and penalties; finite
    double *weight; // exp((logit - max) / temperature), not normalised
    double *key;    // what keep_best orders by
    struct entry *entries; // scratch
    double total;   // sum of weight
};

enum { CANDIDATE_BYTES = sizeof(int32_t) + 3 * sizeof(double) + sizeof(struct entry) }; // allocated for each of limit
bool candidates_create(struct candidates *c, size_t limit); // false: no memory (free it all the same)
void candidates_free(struct candidates *c);

// From c->logit[0..limit), one per id, with -infinity for ids that are excluded: all the others, or the k largest
// (ties: the lower id).
void candidates_all(struct candidates *c);
void candidates_top_k(struct candidates *c, size_t k);

// The same for a k that is small against limit, from few ids: the k largest of the model's logits are listed (c->n ids
// in c->id); the caller adds ids to the list, where one may come twice, and sets c->logit[id] of all that are listed.
void candidates_list_largest(struct candidates *c, const float *logits, size_t k);
void candidates_top_k_listed(struct candidates *c, size_t k);

double candidates_max(const struct candidates *c); // the largest logit; n > 0
void candidates_weigh(struct candidates *c, double temp); // computes weight and total; n > 0, temp > 0

// Keeps the first candidates in ascending order of key (ties: the lower id), as many as it takes for their weights to
// add up to `target`; at least one. Keys are finite; n > 0.
void candidates_keep_best(struct candidates *c, double target);
void candidates_keep_heavy(struct candidates *c, double least); // those with weight >= least
void candidates_keep_set(struct candidates *c, const struct token_set *set); // those in it with weight > 0; may be none

// The k best of value[0..n) that are not -infinity, by value descending and then id ascending, sorted so; their number.
size_t largest_entries(struct entry *out, const float *value, size_t n, size_t k);
void sort_entries(struct entry *e, size_t n); // value descending, then id ascending

#endif
