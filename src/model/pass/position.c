// SPDX-License-Identifier: MIT
// Turns tokens and their positions into vectors.
#include "ops.h"
#include "pass.h"

static void decode(const struct kernels *k, const struct mat *table, int32_t row, float *out) {
    k->decode_row[table->dtype](out, table->data + (size_t)row * table->stride, table->cols);
}

void embed_forward(struct member *m, const struct pass *pass) {
    const struct model *model = pass->model;
    const struct batch *batch = &pass->acts->batch;
    size_t begin, end, n_embd = (size_t)model->hp.n_embd;
    team_begin(m);
    while (team_claim(m, batch->n_rows, 1, &begin, &end)) {
        float *x = acts_of(pass->acts, 0)->x + begin * n_embd, *position = member_scratch(pass->acts, m);
        decode(model->kernels, &model->tokens, batch->ids[begin], x);
        if (!model->positions.data) continue;
        decode(model->kernels, &model->positions, batch->positions[begin], position);
        model->kernels->add(x, position, n_embd);
    }
    team_end(m);
}
