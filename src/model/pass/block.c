// SPDX-License-Identifier: MIT
#include "ops.h"
#include "pass.h"

// Sequential: x += attention(norm(x)); x += mlp(norm(x)) (Radford et al. 2019, section 2.3).
// Parallel:   x += attention(norm(x)) + mlp(norm(x)), with one norm or two (GPT-J, Wang and Komatsuzaki 2021).
void block_forward(struct member *m, const struct pass *pass, int32_t layer, const struct norm *next, size_t n) {
    struct acts *a = pass->acts;
    const struct layer_plan *p = &pass->model->layers[layer];
    const float eps = pass->model->hp.norm_eps;
    const struct norm *mlp_in = p->parallel && !p->mlp_in.w ? NULL : &p->mlp_in; // NULL: it reads what attention read
    const struct residual_step after_attention = {&p->attn_out, &p->attn_sum, mlp_in, p->parallel};
    const struct residual_step after_mlp = {&p->mlp_out, &p->mlp_sum, next, false};

    attention_forward(m, pass, layer, n);        // y = attention(h)
    if (n == 0) return;
    op_residual(m, a, &after_attention, eps, n); // x += y; h = norm(x)
    mlp_forward(m, pass, layer, n);              // y = mlp(h)
    op_residual(m, a, &after_mlp, eps, n);       // x += y; h = next(x)
}
