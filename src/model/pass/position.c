// SPDX-License-Identifier: MIT
// Turns tokens and their positions into vectors, and positions into angles.
#include "base/dmath.h"
#include "heads.h"
#include "ops.h"
#include "pass.h"

static void decode(const struct kernels *k, const struct mat *table, int32_t row, float *out) {
    k->decode_row[table->dtype](out, table->data + (size_t)row * table->stride, table->cols);
}

// A row [n] of a position table that is computed: sines, then cosines. In double precision, then rounded, so that it is
// the same everywhere.
static void sinusoids(const float *freqs, int32_t at, float *out, size_t n) {
    const size_t half = n / 2;
    out[n - 1] = 0; // if n is odd
    for (size_t i = 0; i < half; i++) {
        const double angle = (double)((float)at * freqs[i]);
        out[i] = (float)d_sin(angle);
        out[half + i] = (float)d_cos(angle);
    }
}

// x of a row is there, but for its position.
static void place(struct member *m, const struct pass *pass, float *x, size_t row) {
    const struct model *model = pass->model;
    const struct kernels *k = model->kernels;
    const size_t n = (size_t)model->hp.n_embd;
    if (model->positions.data || model->sinusoids) {
        const int32_t at = pass->acts->batch.positions[row] + model->hp.position_offset;
        float *position = member_scratch(pass->acts, m);
        if (model->sinusoids) sinusoids(model->sinusoids, at, position, n);
        else decode(k, &model->positions, at, position);
        k->add(x, position, n);
    }
    norm_row(k, &model->embd_norm, x, x, model->hp.norm_eps, n);
    turn_row(pass->acts, model, pass->kv->n_ctx, row);
}

// x += scale * B a, where a is column `id` of A; low: room for a.
static void add_to_token(struct member *m, const struct pass *pass, int32_t id, float *low, float *x) {
    const struct delta *d = &pass->adapter->tokens;
    const struct kernels *k = pass->model->kernels;
    const size_t at = (size_t)id, bytes = dtypes[d->a.dtype].block_bytes;
    float *added = member_scratch(pass->acts, m);
    if (d->a.transposed) k->decode_row[d->a.dtype](low, d->a.data + at * d->a.stride, d->a.rows);
    for (size_t j = 0; j < d->a.rows && !d->a.transposed; j++)
        k->decode_row[d->a.dtype](low + j, d->a.data + j * d->a.stride + at * bytes, 1);
    k->matmul[d->b.dtype](&(struct matmul_job){
        .w = d->b, .row1 = d->b.rows, .n_tokens = 1, .x = low, .x_stride = d->a.rows, .out = added,
        .out_stride = d->b.rows, .scratch = kernel_scratch(pass->acts, m),
    });
    k->add_scaled(x, added, d->scale, d->b.rows);
}

void embed_forward(struct member *m, const struct pass *pass) {
    const struct model *model = pass->model;
    struct acts *a = pass->acts;
    const struct batch *batch = &a->batch;
    const size_t n_embd = (size_t)model->hp.n_embd;
    const bool projected = model->embd_in.w.data;
    const struct adapter *adapter = pass->adapter;
    const bool added = adapter && adapter->tokens.a.data && adapter->tokens.scale != 0;
    const struct mat *tokens = adapter && adapter->tokens.whole.data ? &adapter->tokens.whole : &model->tokens;
    float *x = acts_of(a, 0)->x, *to = projected ? a->wide.x : x;
    const size_t stride = projected ? a->wide.stride : n_embd;
    size_t begin, end;
    team_begin(m);
    while (team_claim(m, batch->n_rows, 1, &begin, &end)) {
        decode(model->kernels, tokens, batch->ids[begin], to + begin * stride);
        if (added) add_to_token(m, pass, batch->ids[begin], a->low + begin * a->low_stride, to + begin * stride);
        if (model->embd_scale != 1) model->kernels->scale(to + begin * stride, model->embd_scale, model->tokens.cols);
        if (!projected) place(m, pass, x + begin * n_embd, begin);
    }
    team_end(m);
    if (!projected) return;
    const struct delta *delta = adapter ? &adapter->embd_in : NULL;
    const struct product widen = {&model->embd_in, delta, x, batch->n_rows, n_embd, false, 0, 0};
    op_linear(m, a, &a->wide, &widen, 1);
    team_begin(m);
    while (team_claim(m, batch->n_rows, 1, &begin, &end)) place(m, pass, x + begin * n_embd, begin);
    team_end(m);
}
