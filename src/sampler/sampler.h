// SPDX-License-Identifier: MIT
// One draw from logits. Computed in double, ties to the lower id, without C library mathematics: the same bits
// everywhere.
#ifndef QUILL_SAMPLER_INTERNAL_H
#define QUILL_SAMPLER_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "draw.h"

struct sampler; // buffers for one vocabulary; sampler_create and sampler_reserve alone allocate

struct sampler *sampler_create(int32_t n_vocab); // NULL: no memory
void sampler_free(struct sampler *s);
size_t sampler_bytes(int32_t n_vocab); // bytes that it allocates
// Makes room for draws with these options and up to n_history ids; what DRY and no_repeat_ngram need, others nothing.
bool sampler_reserve(struct sampler *s, const quill_sampling *sampling, size_t n_history); // false: no memory

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
