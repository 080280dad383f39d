// SPDX-License-Identifier: MIT
#include "ops.h"
#include "pass.h"

// y = down(act(up(h))), or y = down(act(gate(h)) * up(h)) where there is a gate (Shazeer 2020).
void mlp_forward(struct member *m, const struct pass *pass, int32_t layer, size_t n) {
    struct acts *a = pass->acts;
    const struct layer_plan *p = &pass->model->layers[layer];
    bool gated = p->gate.w.data != NULL;
    const struct product in[] = {{gated ? &p->gate : &p->up, a->ff.x, n, a->ff.stride, false},
                                 {&p->up, a->up, n, a->ff.stride, false}};
    const struct product out = {&p->down, a->y, n, a->h.cols, false};
    const struct activation f = {a->kernels->activate[p->act], gated ? a->up : NULL, takes_quantized(&p->down)};
    op_linear(m, a, &a->h, in, gated ? 2 : 1);
    op_activate(m, a, &a->ff, &f, n);
    op_linear(m, a, &a->ff, &out, 1);
}
