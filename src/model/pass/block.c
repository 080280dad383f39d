// SPDX-License-Identifier: MIT
#include "ops.h"
#include "pass.h"

// Sequential: x += attention(norm(x)); x += mlp(norm(x)) (Radford et al. 2019, section 2.3).
// Parallel:   x += attention(norm(x)) + mlp(norm(x)), with one norm or two (GPT-J, Wang and Komatsuzaki 2021).
void block_forward(struct member *m, const struct pass *pass, int32_t layer, const struct norm *next, size_t n) {
    struct acts *a = pass->acts;
    const struct block_acts *b = acts_of(a, layer), *after = acts_of(a, layer + 1);
    const struct layer_plan *p = &pass->model->layers[layer];
    const float eps = pass->model->hp.norm_eps;
    const bool same_h = p->parallel && !p->mlp_in.on; // the MLP reads the input of attention
    const struct residual_step attention_sum = {
        .out = &p->attn_out, .sum = &p->attn_sum, .x = b->x, .y = b->att_y, .to = b->mid,
        .in = same_h ? NULL : &p->mlp_in, .h = &b->mlp_h, .in_first = p->parallel, .scale = pass->model->residual_scale,
    };
    const struct residual_step mlp_sum = {
        .out = &p->mlp_out, .sum = &p->mlp_sum, .x = b->mid, .y = b->mlp_y, .to = after->x,
        .in = next, .h = &after->h, .scale = pass->model->residual_scale,
    };

    attention_forward(m, pass, layer, n);                        // att_y = attention(h)
    if (n == 0) return; // no logits are wanted: keys and values are all
    op_residual(m, a, &attention_sum, eps, n);                   // mid = x + att_y; mlp_h = norm(mid)
    mlp_forward(m, pass, layer, same_h ? &b->h : &b->mlp_h, n);  // mlp_y = mlp(mlp_h)
    op_residual(m, a, &mlp_sum, eps, n);                         // x = mid + mlp_y; h = next(x)
}
