// SPDX-License-Identifier: MIT
// One draw from logits. Everything in double, ties to the lower id, no C library mathematics: the same everywhere.
#ifndef QUILL_SAMPLER_INTERNAL_H
#define QUILL_SAMPLER_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/rng.h"
#include "quill/sampler.h"

struct sampler; // buffers for one vocabulary; allocates nothing after creation

struct sampler *sampler_create(int32_t n_vocab); // NULL: no memory
void sampler_free(struct sampler *s);
size_t sampler_bytes(int32_t n_vocab); // what it allocates

// Draws a token id. logits[n_vocab] is not changed; history[n] are the ids so far (prompt and generated), oldest first;
// `banned` (may be NULL, [n_banned] ids) are given no chance, as a logit bias of -infinity would.
// Returns -1 when every token is excluded.
int32_t sampler_draw(struct sampler *s, const quill_sampling *sampling, const float *logits, const int32_t *history,
                     size_t n_history, const int32_t *banned, size_t n_banned, const struct rng_key *key);

// The distribution a draw is made from, for tests: probability of each candidate, descending; returns their number.
struct candidate {
    int32_t id;
    double p; // after the whole chain and temperature, sums to 1
};
size_t sampler_distribution(struct sampler *s, const quill_sampling *sampling, const float *logits,
                            const int32_t *history, size_t n_history, const int32_t *banned, size_t n_banned,
                            const struct candidate **out);

// The k largest logits, descending, ties to the lower id; returns min(k, n).
size_t largest_logits(struct sampler *s, const float *logits, size_t n, size_t k, int32_t *ids);

#endif
