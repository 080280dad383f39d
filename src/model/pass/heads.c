// SPDX-License-Identifier: MIT
// What becomes of queries, keys and values between their products and attention: limits, norms, rotary positions.
//
// All of it is in place. A head is prepared by the thread that uses it next: queries by the one that attends, keys and
// values by the one that stores them. Only norms over a whole row come before, since they need all of its heads.
#include "base/dmath.h"
#include "heads.h"
#include "ops.h"

// x: the values of one head of a row.
static void prepare(const struct heads *h, const struct norm *norm, float *x, size_t head, size_t row) {
    const struct layer_plan *p = h->plan;
    const struct kernels *k = h->a->kernels;
    struct norm of_head = *norm;
    if (p->qk_norm == QK_NORM_ROW) of_head.on = false;
    if (p->qk_norm == QK_NORM_EACH_HEAD && norm->w) of_head.w = norm->w + head * h->dim;
    if (p->qkv_clamp > 0 && p->qk_norm != QK_NORM_ROW) k->clamp(x, p->qkv_clamp, h->dim);
    if (!p->qk_norm_last) norm_row(k, &of_head, x, x, h->eps, h->dim);
    if (h->rope) k->rotate[h->rope->kind](x, turns_of(h->a, p->rope, row), h->rope->n_pairs);
    if (p->qk_norm_last) norm_row(k, &of_head, x, x, h->eps, h->dim);
}

void prepare_query(const struct heads *h, size_t head, size_t row) {
    float *x = h->b->q + row * h->b->att.stride + head * h->dim;
    prepare(h, &h->plan->q_norm, x, head, row);
    if (h->a->temperatures) h->a->kernels->scale(x, h->a->temperatures[row], h->dim);
}

void prepare_key_and_value(const struct heads *h, size_t head, size_t row) {
    const size_t at = row * h->a->kv_stride + head * h->dim;
    prepare(h, &h->plan->k_norm, h->b->k + at, head, row);
    if (h->plan->qkv_clamp > 0) h->a->kernels->clamp(h->b->v + at, h->plan->qkv_clamp, h->dim);
}

void op_norm_heads(struct member *m, const struct heads *h, size_t n_q, size_t n_k) {
    const struct norm *norms[] = {&h->plan->q_norm, &h->plan->k_norm};
    const size_t q_cols = h->b->att.cols, k_cols = h->a->kv_stride - PADDING;
    size_t begin, end;
    team_begin(m);
    while (team_claim(m, n_q + n_k, 1, &begin, &end)) {
        const bool is_q = begin < n_q;
        float *x = is_q ? h->b->q + begin * h->b->att.stride : h->b->k + (begin - n_q) * h->a->kv_stride;
        norm_row(h->a->kernels, norms[!is_q], x, x, h->eps, is_q ? q_cols : k_cols);
        if (h->plan->qkv_clamp > 0) h->a->kernels->clamp(x, h->plan->qkv_clamp, is_q ? q_cols : k_cols);
    }
    team_end(m);
}

// ---- angles ----

// transformers computes angles in single precision; so does this, and then rounds only the results.
static void turn(float *turns, const struct rope *rope, const float *freqs, int32_t position) {
    for (size_t i = 0; i < rope->n_pairs; i++) {
        const float angle = (float)position * freqs[i];
        turns[i] = (float)d_cos((double)angle) * rope->magnitude;
        turns[rope->n_pairs + i] = (float)d_sin((double)angle) * rope->magnitude;
    }
}

void turn_row(const struct acts *a, const struct model *model, int32_t n_ctx, size_t row) {
    const int32_t position = a->batch.positions[row];
    for (int i = 0; i < MAX_ROPES; i++) {
        const struct rope *rope = &model->ropes[i];
        const float *freqs = rope_is_long(rope, n_ctx) ? rope->long_freqs : rope->freqs;
        if (rope->freqs) turn(turns_of(a, i, row), rope, freqs, position);
    }
    if (!a->temperatures) return;
    const double steps = model->hp.rope_original ? position / model->hp.rope_original : 0;
    a->temperatures[row] = (float)(1 + (double)model->hp.q_temperature * d_log(1 + steps));
}
