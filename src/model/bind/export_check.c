// SPDX-License-Identifier: MIT
// Reads keys that are about to be written, and compares what a reader would compute with what the model does.
#include <math.h>

#include "base/alloc.h"
#include "export.h"
#include "hparams.h"

// Equal but for the rounding of numbers that GGUF has in another form.
static bool near(float a, float b) { return fabsf(a - b) <= 1e-6f * fabsf(b); }

static bool is_turned(const struct model *model, const struct layer_plan *p) {
    return p->rope >= 0 && p->rope != model->unturned;
}

static bool same_table(const float *a, const float *b, size_t n) {
    if (!a != !b) return false;
    for (size_t i = 0; a && i < n; i++)
        if (!near(a[i], b[i])) return false;
    return true;
}

static bool same_rope(const struct model *a, const struct model *b, int32_t layer) {
    const struct layer_plan *p = &a->layers[layer], *q = &b->layers[layer];
    if (!is_turned(a, p) || !is_turned(b, q)) return is_turned(a, p) == is_turned(b, q);
    const struct rope *r = &a->ropes[p->rope], *s = &b->ropes[q->rope];
    return r->n_pairs == s->n_pairs && near(r->magnitude, s->magnitude) && same_table(r->freqs, s->freqs, r->n_pairs) &&
           same_table(r->long_freqs, s->long_freqs, r->n_pairs) && (!r->long_freqs || r->original == s->original);
}

// What differs in a layer, "activation"; NULL: nothing.
static const char *layer_difference(const struct model *a, const struct model *b, int32_t layer) {
    const struct layer_plan *p = &a->layers[layer], *q = &b->layers[layer];
    if (p->act != q->act) return "activation";
    if (!near(p->score_scale, q->score_scale) || !near(p->score_softcap, q->score_softcap)) return "scaling of scores";
    if (p->window != q->window || p->mask != q->mask) return "window";
    if (!same_rope(a, b, layer)) return "rotary positions";
    const bool rounded = near(p->slope_rounded, q->slope_rounded);
    if (!rounded || !same_table(p->slopes, q->slopes, (size_t)a->hp.n_head)) return "slopes of scores";
    if (p->qk_norm != q->qk_norm || p->qk_norm_last != q->qk_norm_last) return "norms of queries and keys";
    if (!near(p->qkv_clamp, q->qkv_clamp)) return "limit of queries, keys and values";
    if (p->parallel != q->parallel) return "order of attention and MLP";
    return p->attn_in.kind != q->attn_in.kind ? "norm" : NULL;
}

static const char *difference(const struct model *a, const struct model *b) {
    const struct hparams *p = &a->hp, *q = &b->hp;
    const char *what = NULL;
    for (int32_t l = 0; l < p->n_layer && !what; l++) what = layer_difference(a, b, l);
    if (what) return what;
    if (!near(p->norm_eps, q->norm_eps)) return "norm's epsilon";
    if (!near(a->embd_scale, b->embd_scale)) return "factor of the embedding";
    if (!near(a->residual_scale, b->residual_scale)) return "factor of what a block adds";
    if (!near(a->logit_scale, b->logit_scale) || !near(p->logit_softcap, q->logit_softcap)) return "scaling of logits";
    const bool grows = p->q_temperature > 0 && p->rope_original != q->rope_original;
    if (!near(p->q_temperature, q->q_temperature) || grows) return "scaling of queries";
    if (!a->sinusoids != !b->sinusoids || p->position_offset != q->position_offset) return "position table";
    return p->n_embd_in != q->n_embd_in ? "embedding" : NULL;
}

// The rows of q and k are reordered for pairs over the whole head.
static const char *order_problem(const struct model *model) {
    if (!export_reorders(model)) return NULL;
    if (model->layers[0].q_norm.on || model->layers[0].k_norm.on) return "norms of queries and keys";
    return model->hp.rope_dims != model->hp.head_dim ? "rotary positions of a part of a head" : NULL;
}

// The plan of a model with the same tensors, of which the keys in `w` say the rest.
static quill_status plan_of(struct model *out, const struct model *model, const struct weights *w, quill_error *err) {
    *out = *model;
    out->family = family_in_gguf(model->family);
    out->arena = (struct arena){.last = NULL};
    memset(out->ropes, 0, sizeof out->ropes);
    out->layers = alloc_array((size_t)model->hp.n_layer, sizeof *out->layers);
    if (!out->layers) return fail_memory(err);
    memcpy(out->layers, model->layers, (size_t)model->hp.n_layer * sizeof *out->layers);
    quill_status s = hparams_read(&out->hp, out->family, w, err);
    out->hp.n_vocab = model->hp.n_vocab; // the embedding's shape says so
    return s ? s : plan_resolve(out, w, err);
}

quill_status export_check(const struct model *model, const struct gguf_writer *g, quill_error *err) {
    struct buffer file = {0};
    struct weights *w = NULL;
    struct model read = {.layers = NULL};
    quill_status s = gguf_writer_keys(g, &file) ? QUILL_OK : fail_memory(err);
    if (!s) s = weights_open_memory(&w, file.p, file.n, model->file, WEIGHTS_METADATA, err);
    if (!s) s = plan_of(&read, model, w, err);
    const char *what = s ? NULL : order_problem(model);
    if (!s && !what) what = difference(model, &read);
    if (what)
        s = fail(err, QUILL_E_MODEL, "%s: GGUF has no key for its %s, which other %s models do not have",
                 QUOTED(str_of(model->file)), what, family_name(read.family, WEIGHTS_GGUF));
    arena_free(&read.arena);
    free(read.layers);
    weights_close(w);
    buffer_free(&file);
    return s;
}
