// SPDX-License-Identifier: MIT
#include "score_list.h"

#include <math.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/dmath.h"

struct log_sum likelihood_log_sum(const struct likelihood *l, const float *logits) {
    float max = l->kernels->row_max(logits, l->n_vocab);
    return (struct log_sum){max, d_log((double)l->kernels->row_exp_sum(logits, l->n_vocab, max))};
}

void score_list_clear(struct score_list *list, size_t k) {
    list->k = k;
    list->n = 0;
}

void score_list_free(struct score_list *list) {
    free(list->tokens);
    free(list->top);
    *list = (struct score_list){0};
}

bool score_list_reserve(struct score_list *list, size_t more) {
    void *tokens = alloc_grow(list->tokens, &list->cap, list->n + more, sizeof *list->tokens);
    if (!tokens) return false;
    list->tokens = tokens;
    void *top = alloc_grow(list->top, &list->cap_top, (list->n + more) * list->k, sizeof *list->top);
    if (!top) return false;
    list->top = top;
    return true;
}

void score_list_set(struct score_list *list, size_t i, const struct likelihood *l, const float *logits, int32_t id) {
    quill_scored_token *token = &list->tokens[i];
    *token = (quill_scored_token){.id = id, .logprob = (double)NAN};
    if (!logits) return;
    struct log_sum sum = likelihood_log_sum(l, logits);
    token->logprob = log_sum_logprob(&sum, logits[id]);
    int32_t ids[MAX_LOGPROBS];
    token->n_top = list->k ? largest_logits(l->sampler, logits, l->n_vocab, l->undrawn, list->k, ids) : 0;
    for (size_t k = 0; k < token->n_top; k++)
        list->top[i * list->k + k] = (quill_token_logprob){ids[k], log_sum_logprob(&sum, logits[ids[k]])};
}

void score_list_add(struct score_list *list, const struct likelihood *l, const float *logits, int32_t id) {
    score_list_set(list, list->n, l, logits, id);
    list->n++;
}

void score_list_finish(struct score_list *list) {
    for (size_t i = 0; i < list->n; i++)
        list->tokens[i].top = list->tokens[i].n_top ? list->top + i * list->k : NULL;
}
