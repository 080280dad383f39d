// SPDX-License-Identifier: MIT
// The parts of the plan besides tensors: kinds, scales, windows.
#include <math.h>

#include "bind.h"

// Parts that a model may have but the pass does not compute yet: refused by name, never ignored.
static const char *not_computed(const struct model *model) {
    const struct hparams *hp = &model->hp;
    const struct layer_plan *p = model->layers;
    if (p->rope.kind) return "rotary positions";
    if (model->family->alibi) return "positions as a slope of the scores (ALiBi)";
    if (hp->n_expert > 0) return "experts";
    if (p->q_norm.w || p->k_norm.w) return "norms of queries and keys";
    if (p->sinks) return "attention sinks";
    if (model->embd_norm.w) return "a norm of the embedding";
    if (hp->embd_scale != 0 && hp->embd_scale != 1) return "a scale of the embedding";
    if (hp->residual_scale != 0 && hp->residual_scale != 1) return "a scale of the residual branches";
    if (hp->logit_scale != 0 && hp->logit_scale != 1) return "a scale of the logits";
    if (hp->logit_softcap != 0) return "a cap of the logits";
    return NULL;
}

static void plan_layer(struct layer_plan *p, const struct model *model, enum rope_kind rope, int32_t index) {
    const struct family *family = model->family;
    const struct hparams *hp = &model->hp;
    struct norm *norms[] = {&p->attn_in, &p->attn_out, &p->attn_sum, &p->mlp_in, &p->mlp_out, &p->mlp_sum,
                            &p->q_norm,  &p->k_norm};
    for (size_t i = 0; i < sizeof norms / sizeof norms[0]; i++) norms[i]->kind = family->norm;
    p->attn_in.kinds = kinds_of(&p->q) | kinds_of(&p->k) | kinds_of(&p->v);
    p->mlp_in.kinds = kinds_of(&p->up) | kinds_of(&p->gate);
    p->parallel = family->residual == RESIDUAL_PARALLEL;
    if (p->parallel && !p->mlp_in.w) p->attn_in.kinds |= p->mlp_in.kinds; // one norm for both
    p->act = hp->act;
    p->score_scale = hp->scale_scores ? 1.0f / sqrtf((float)hp->head_dim) : 1.0f;
    if (hp->score_scale > 0) p->score_scale = hp->score_scale;
    if (hp->scale_by_layer) p->score_scale /= (float)(index + 1);
    p->score_softcap = hp->score_softcap;
    p->window = family->full_every && (index + 1) % family->full_every == 0 ? 0 : hp->window;
    if (rope) p->rope = (struct rope){rope, hp->rope_dims ? hp->rope_dims : hp->head_dim, hp->rope_base};
}

quill_status plan_resolve(struct model *model, enum weights_format format, quill_error *err) {
    for (int32_t l = 0; l < model->hp.n_layer; l++) {
        struct layer_plan *p = &model->layers[l];
        plan_layer(p, model, model->family->files[format].rope, l);
        model->h_kinds |= p->attn_in.kinds | p->mlp_in.kinds;
        model->att_kinds |= kinds_of(&p->o);
        model->ff_kinds |= kinds_of(&p->down);
    }
    model->hp.tied = !model->head.w.data;
    if (model->hp.tied) model->head.w = model->tokens;
    model->embd_norm.kind = model->final_norm.kind = model->family->norm;
    model->final_norm.kinds = kinds_of(&model->head);
    model->h_kinds |= model->final_norm.kinds;
    const char *part = not_computed(model);
    if (!part) return QUILL_OK;
    return fail(err, QUILL_E_MODEL, "%s: expected a model without %s, which quill does not compute yet",
                QUOTED(str_of(model->file)), part);
}
