// SPDX-License-Identifier: MIT
// Log-probabilities of the model itself: at temperature 1, before bias, penalties and filters.
#ifndef QUILL_SESSION_SCORE_LIST_H
#define QUILL_SESSION_SCORE_LIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernels/kernels.h"
#include "quill/session.h"
#include "sampler/sampler.h"

enum { MAX_LOGPROBS = 100 };

// What is needed to compute probabilities from a row of logits. Borrowed.
struct likelihood {
    const struct kernels *kernels;
    struct sampler *sampler;
    const struct token_set *undrawn; // not among the likeliest tokens; the probabilities of the others count them
    size_t n_vocab;
};

// The logarithm of the sum of exp over a row of logits, as max + log_sum: a log-probability is a logit minus both.
struct log_sum {
    float max;
    double log_sum;
};
struct log_sum likelihood_log_sum(const struct likelihood *l, const float *logits);
static inline double log_sum_logprob(const struct log_sum *sum, float logit) {
    return (double)logit - (double)sum->max - sum->log_sum;
}

// Consecutive tokens, each with the k likeliest tokens in its place.
struct score_list {
    size_t k;                   // 0..MAX_LOGPROBS
    quill_scored_token *tokens; // [n]; score_list_finish sets their `top`
    size_t n, cap;
    quill_token_logprob *top;   // [n][k]; of each token the first n_top are used
    size_t cap_top;
};

void score_list_clear(struct score_list *list, size_t k); // keeps the memory
void score_list_free(struct score_list *list);
// Makes room for `more` tokens; false: no memory.
bool score_list_reserve(struct score_list *list, size_t more);
// Sets token i, for which there is room, to `id`, drawn from or found after logits[n_vocab]. logits NULL: nothing comes
// before it, so it has no probability.
void score_list_set(struct score_list *list, size_t i, const struct likelihood *l, const float *logits, int32_t id);
// The same, appended after the last token.
void score_list_add(struct score_list *list, const struct likelihood *l, const float *logits, int32_t id);
void score_list_finish(struct score_list *list);

#endif
