// SPDX-License-Identifier: MIT
#include "guide.h"

#include <stdlib.h>

#include "base/alloc.h"

void guide_free(struct guide *g) {
    window_free(&g->window);
    free(g->own);
    free(g->negative);
}

// False: no memory. What is there is kept for the next text.
static bool reserve(struct guide *g, size_t n_vocab, int32_t n_ctx) {
    if (!g->window.ids && !window_create(&g->window, n_ctx)) return false;
    if (!g->own) g->own = alloc_array(n_vocab, sizeof *g->own);
    if (!g->negative) g->negative = alloc_array(n_vocab, sizeof *g->negative);
    return g->own && g->negative;
}

quill_status guide_begin(struct guide *g, const quill_request *r, size_t n_vocab, int32_t n_ctx, quill_error *err) {
    g->on = r->cfg_scale != 1;
    g->scale = r->cfg_scale;
    if (!g->on) return QUILL_OK;
    const int32_t *ids = r->negative_prompt ? r->negative_prompt : r->prompt + r->n_prompt - 1;
    const size_t n = r->negative_prompt ? r->n_negative_prompt : 1;
    bool ok = reserve(g, n_vocab, n_ctx) && window_begin(&g->window, ids, n, r->context_shift);
    return ok ? QUILL_OK : fail_memory(err);
}

const float *guide_combine(struct guide *g, const struct likelihood *l) {
    const struct log_sum own = likelihood_log_sum(l, g->own), negative = likelihood_log_sum(l, g->negative);
    for (size_t i = 0; i < l->n_vocab; i++) {
        const double with = log_sum_logprob(&own, g->own[i]), without = log_sum_logprob(&negative, g->negative[i]);
        g->negative[i] = (float)(without + (double)g->scale * (with - without));
    }
    return g->negative;
}
