// SPDX-License-Identifier: MIT
// Log-probabilities of the model itself: temperature 1, before bias, penalties and filters.
#ifndef QUILL_SESSION_SCORES_H
#define QUILL_SESSION_SCORES_H

#include "session.h"

enum { MAX_LOGPROBS = 100 };

// Tokens in a row, each with the k likeliest at its place.
struct score_list {
    size_t k;                   // 0..MAX_LOGPROBS
    quill_scored_token *tokens; // [n]; `top` of them is set by scores_finish
    size_t n, cap;
    quill_token_logprob *top;   // [n_top]
    size_t n_top, cap_top;
};

void scores_clear(struct score_list *list, size_t k); // keeps the memory
void scores_free(struct score_list *list);
bool scores_reserve(struct score_list *list, size_t more); // so many can be added; false: no memory
// Adds `id`, drawn from or found after logits[n_vocab]; NULL: nothing came before it, so it has no probability.
void scores_add(struct score_list *list, const quill_session *session, const float *logits, int32_t id);
void scores_finish(struct score_list *list);

#endif
