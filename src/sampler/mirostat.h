// SPDX-License-Identifier: MIT
// Mirostat (Basu et al. 2020): the choice of candidates is steered so that the surprise of the drawn tokens, -log2 of
// their probability before that choice, is `mirostat_ent` on average. (llama.cpp takes the probability after it.)
// Version 1 estimates Zipf's exponent and keeps the k likeliest; version 2 keeps the tokens with a surprise up to mu.
#ifndef QUILL_SAMPLER_MIROSTAT_H
#define QUILL_SAMPLER_MIROSTAT_H

#include "candidates.h"
#include "quill/sampler.h"

// What the draws of a text hand on: the largest surprise that is kept. A draw sets `next`; when its token becomes part
// of the text, that is the new mu.
struct mirostat {
    double mu, next;
};

static inline void mirostat_begin(struct mirostat *m, const quill_sampling *sampling) {
    m->mu = m->next = 2 * (double)sampling->mirostat_ent;
}

static inline void mirostat_accept(struct mirostat *m) { m->mu = m->next; }

// Keeps at least one candidate; their weights stay. c->n > 0, weighed.
void mirostat_keep(struct candidates *c, const quill_sampling *sampling, const struct mirostat *m);

// After a draw of a token with this weight, out of candidates with this total weight before mirostat_keep.
void mirostat_learn(struct mirostat *m, const quill_sampling *sampling, double weight, double total);

#endif
