// SPDX-License-Identifier: MIT
#include "ops.h"
#include "pass.h"

// y = down(act(up(h))), or, with a gate, y = down(act(gate(h)) * up(h)) (Shazeer 2020).
void mlp_forward(struct member *m, const struct pass *pass, int32_t layer, const struct rows *h, size_t n) {
    struct acts *a = pass->acts;
    const struct block_acts *b = acts_of(a, layer);
    const struct layer_plan *p = &pass->model->layers[layer];
    const struct linear *gate = p->gate.w.data ? &p->gate : NULL;
    const struct layer_deltas *d = deltas_of(pass, layer);
    const struct mlp_step in = {
        .gate = gate, .up = &p->up, .gate_delta = &d->gate, .up_delta = &d->up, .act = a->kernels->activate[p->act],
        .kinds = kinds_of(&p->down), .pre = b->pre, .factor = b->up, .ff = &b->ff,
    };
    const struct product out = {&p->down, &d->down, b->mlp_y, n, a->y_stride, false, 0, 0};
    op_mlp(m, a, h, &in, n);             // ff = act(up h)
    op_linear(m, a, &b->ff, &out, 1);    // mlp_y = down ff
}
