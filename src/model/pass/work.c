// SPDX-License-Identifier: MIT
#include "model/model.h"
#include "model/plan.h"

static uint64_t add(uint64_t *weights, const struct mat *w) {
    if (!w->data) return 0;
    const struct dtype_info *info = &dtypes[w->dtype];
    const uint64_t n = (uint64_t)w->rows * w->cols;
    *weights += n;
    return n / info->block_values * info->block_bytes;
}

struct model_work model_work(const struct model *model) {
    struct model_work work = {0};
    for (int32_t l = 0; l < model->hp.n_layer; l++) {
        const struct layer_plan *p = &model->layers[l];
        const struct mat *const all[] = {&p->q.w, &p->k.w, &p->v.w, &p->o.w, &p->gate.w, &p->up.w, &p->down.w};
        for (size_t i = 0; i < sizeof all / sizeof *all; i++) work.bytes += add(&work.block_weights, all[i]);
    }
    work.bytes += add(&work.head_weights, &model->head.w);
    return work;
}
