// SPDX-License-Identifier: MIT
// The candidates of one draw, and ways to shrink them: the k largest logits, the best by a key up to a total weight.
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

// Each array is [limit]; the first n entries of id, logit and weight are the candidates, in ascending order of id.
struct candidates {
    size_t n, limit;
    int32_t *id;
    double *logit;  // after bias and penalties; finite
    double shift;   // what they were lowered by, all alike: no filter heeds it, a penalty does
    double *weight; // exp(logit - max), not normalised
    double *key;    // candidates_keep_best orders by it
    struct entry *entries; // scratch
    double max;     // the logit whose weight is 1: the largest when they were weighed
    double total;   // sum of weight
};

enum { CANDIDATE_BYTES = sizeof(int32_t) + 3 * sizeof(double) + sizeof(struct entry) }; // allocated per id
bool candidates_create(struct candidates *c, size_t limit); // false: no memory (call candidates_free anyway)
void candidates_free(struct candidates *c);

// From c->logit[0..limit), one per id, -infinity for excluded ids: makes all others candidates, or the k largest (ties:
// the lower id).
void candidates_all(struct candidates *c);
void candidates_top_k(struct candidates *c, size_t k);
void candidates_keep_largest(struct candidates *c, size_t k); // the k largest of the candidates; spoils the weights

// The same for a k far below limit, from few ids: first lists the k largest of the model's logits (c->n ids in c->id);
// the caller then adds ids to the list, in which an id may occur twice, and sets c->logit[id] of all listed ids.
void candidates_list_largest(struct candidates *c, const float *logits, size_t k);
void candidates_top_k_listed(struct candidates *c, size_t k);

double candidates_max(const struct candidates *c); // the largest logit; n > 0
void candidates_weigh(struct candidates *c); // computes weight and total; n > 0
double candidates_heaviest(const struct candidates *c); // the largest weight
// Lists the m largest logits, descending (ties: the lower id), with their ids in c->entries; returns their number.
size_t candidates_list_heaviest(struct candidates *c, size_t m);
double candidates_surprise(struct candidates *c); // key = -log p by the weights; returns their mean, the entropy

// Keeps the first candidates in ascending order of key (ties: the lower id), as few as needed for their weights to add
// up to `target`, and at least one. Keys are finite; n > 0.
void candidates_keep_best(struct candidates *c, double target);
void candidates_keep_heavy(struct candidates *c, double least); // those with weight >= least
void candidates_keep_by_key(struct candidates *c); // those with key >= 0
void candidates_keep_set(struct candidates *c, const struct token_set *set); // its members of weight > 0; may be none

// Writes the k best of value[0..n) that are not -infinity, sorted by value descending, then id ascending; returns their
// number.
size_t largest_entries(struct entry *out, const float *value, size_t n, size_t k);
void sort_entries(struct entry *e, size_t n); // value descending, then id ascending

#endif
