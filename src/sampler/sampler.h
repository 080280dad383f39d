// SPDX-License-Identifier: MIT
// One draw from logits. Computed in double, ties to the lower id, without C library mathematics: the same bits
// everywhere.
#ifndef QUILL_SAMPLER_INTERNAL_H
#define QUILL_SAMPLER_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/rng.h"
#include "quill/sampler.h"
#include "token_set.h"

struct sampler; // buffers for one vocabulary; allocates nothing after creation

struct sampler *sampler_create(int32_t n_vocab); // NULL: no memory
void sampler_free(struct sampler *s);
size_t sampler_bytes(int32_t n_vocab); // bytes that it allocates

// The inputs of one draw besides the logits. All are borrowed.
struct draw {
    const quill_sampling *sampling;
    const int32_t *history;          // [n_history] the ids so far (prompt and generated), oldest first
    size_t n_history;
    const struct token_set *banned;  // NULL: none. Never drawn, as with a logit bias of -infinity
    const struct token_set *allowed; // NULL: all. Applied after the chain: only these may be drawn of what it leaves;
                                     // if it leaves none of them, the chain runs again on the logits of these alone
    struct rng_key key;
};

// Draws a token id from logits[n_vocab], which is not changed. -1: every token is excluded.
int32_t sampler_draw(struct sampler *s, const float *logits, const struct draw *draw);

// The ids among which the last draw was made; returns their number.
size_t sampler_candidates(const struct sampler *s, const int32_t **ids);

// The distribution of a draw, for tests: the probability of each candidate, descending; returns their number.
struct candidate {
    int32_t id;
    double p; // after the whole chain and temperature, sums to 1
};
size_t sampler_distribution(struct sampler *s, const float *logits, const struct draw *draw,
                            const struct candidate **out);

// The k largest of n logits, descending, ties to the lower id, without those of a set (NULL: none). Returns how many
// there are, at most k.
size_t largest_logits(struct sampler *s, const float *logits, size_t n, const struct token_set *without, size_t k,
                      int32_t *ids);

#endif
