// SPDX-License-Identifier: MIT
#include "scores.h"

#include <math.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/dmath.h"

void scores_clear(struct score_list *list, size_t k) {
    list->k = k;
    list->n = list->n_top = 0;
}

void scores_free(struct score_list *list) {
    free(list->tokens);
    free(list->top);
    *list = (struct score_list){0};
}

bool scores_reserve(struct score_list *list, size_t more) {
    void *tokens = alloc_grow(list->tokens, &list->cap, list->n + more, sizeof *list->tokens);
    if (!tokens) return false;
    list->tokens = tokens;
    void *top = alloc_grow(list->top, &list->cap_top, list->n_top + more * list->k, sizeof *list->top);
    if (!top) return false;
    list->top = top;
    return true;
}

struct log_sum scores_log_sum(const quill_session *session, const float *logits) {
    const struct kernels *kernels = model_kernels(session->model->model);
    size_t n = (size_t)session->n_vocab;
    float max = kernels->row_max(logits, n);
    return (struct log_sum){max, d_log((double)kernels->row_exp_sum(logits, n, max))};
}

void scores_add(struct score_list *list, const quill_session *session, const float *logits, int32_t id) {
    quill_scored_token *token = &list->tokens[list->n++];
    *token = (quill_scored_token){.id = id, .logprob = (double)NAN};
    if (!logits) return;
    size_t n = (size_t)session->n_vocab;
    struct log_sum sum = scores_log_sum(session, logits);
    token->logprob = scores_logprob(&sum, logits[id]);
    int32_t ids[MAX_LOGPROBS];
    token->n_top = list->k ? largest_logits(session->sampler, logits, n, list->k, ids) : 0;
    for (size_t i = 0; i < token->n_top; i++)
        list->top[list->n_top++] = (quill_token_logprob){ids[i], scores_logprob(&sum, logits[ids[i]])};
}

void scores_finish(struct score_list *list) {
    const quill_token_logprob *top = list->top;
    for (size_t i = 0; i < list->n; i++) {
        list->tokens[i].top = list->tokens[i].n_top ? top : NULL;
        top += list->tokens[i].n_top;
    }
}
