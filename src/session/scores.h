// SPDX-License-Identifier: MIT
// Log-probabilities of the model itself: temperature 1, before bias, penalties and filters.
#ifndef QUILL_SESSION_SCORES_H
#define QUILL_SESSION_SCORES_H

#include "session.h"

enum { MAX_LOGPROBS = 100 };

// The logarithm of the sum of exp over a row of logits, as max + log_sum: a log-probability is a logit less the two.
struct log_sum {
    float max;
    double log_sum;
};
struct log_sum scores_log_sum(const quill_session *session, const float *logits);
static inline double scores_logprob(const struct log_sum *sum, float logit) {
    return (double)logit - (double)sum->max - sum->log_sum;
}

void scores_clear(struct score_list *list, size_t k); // keeps the memory
void scores_free(struct score_list *list);
bool scores_reserve(struct score_list *list, size_t more); // so many can be added; false: no memory
// Adds `id`, drawn from or found after logits[n_vocab]; NULL: nothing came before it, so it has no probability.
void scores_add(struct score_list *list, const quill_session *session, const float *logits, int32_t id);
void scores_finish(struct score_list *list);

#endif
