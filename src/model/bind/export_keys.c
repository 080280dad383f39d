// SPDX-License-Identifier: MIT
// The keys of a GGUF file, chosen so that who reads them plans what the directory's model does.
#include <math.h>
#include <stdio.h>

#include "base/alloc.h"
#include "export.h"
#include "hparams.h"

struct writing {
    const struct model *model;
    const struct family *family; // of GGUF files
    struct hparams told;         // numbers that the file names; 0: it does not
    struct gguf_writer *g;
};

static const struct key_row *key_of(const struct writing *k, enum key key) {
    const struct key_row *row = hparams_key(k->family, WEIGHTS_GGUF, key);
    return row && row->names[0] ? row : NULL;
}

// Whether the family's GGUF files have a key of their own, which the files of most families lack.
static bool is_own(const struct writing *k, enum key key) {
    const struct key_row *const *own = k->family->files[WEIGHTS_GGUF].keys, *row = key_of(k, key);
    for (; *own; own++)
        for (const struct key_row *r = *own; r->key; r++)
            if (r == row) return true;
    return false;
}

// ---- numbers ----

static void tell_sizes(struct writing *k) {
    const struct hparams *hp = &k->model->hp;
    k->told = (struct hparams){
        .n_embd = hp->n_embd,
        .n_layer = hp->n_layer,
        .n_head = hp->n_head,
        .n_ctx = hp->n_ctx,
        .n_head_kv = hp->n_head_kv != hp->n_head ? hp->n_head_kv : 0,
        .head_dim = hp->head_dim * hp->n_head != hp->n_embd ? hp->head_dim : 0,
        .n_ff = hp->n_ff,
        .n_expert = hp->n_expert,
        .norm_eps = hp->norm_eps,
        .score_softcap = hp->score_softcap,
        .logit_softcap = hp->logit_softcap,
        .q_temperature = hp->q_temperature,
        .qkv_clamp = hp->qkv_clamp,
        .alibi_max = hp->alibi_max > 0 || !hp->alibi || !is_own(k, KEY_ALIBI_MAX) ? hp->alibi_max : 8,
    };
}

static void tell_scales(struct writing *k) {
    const struct model *model = k->model;
    struct hparams *told = &k->told;
    struct model plain = {.family = k->family, .hp = model->hp}; // a model of the family without a scale of its own
    plain.hp.score_scale = plain.hp.score_dim = 0;
    plain.hp.scale_scores = k->family->scale_scores;
    plain.hp.scale_by_layer = false;
    const float scale = model->layers[0].score_scale;
    told->score_scale = scale != plan_score_scale(&plain, WEIGHTS_GGUF, 0) ? scale : 0;
    told->embd_scale = k->family->embd_sqrt ? 1 : model->embd_scale;
    told->residual_scale = model->residual_scale;
    told->logit_scale = model->logit_scale;
    told->logit_divisor = key_of(k, KEY_LOGIT_SCALE) ? 1 : 1 / model->logit_scale;
}

static void tell_rope(struct writing *k) {
    const struct hparams *hp = &k->model->hp;
    const struct rope *rope = k->model->ropes;
    struct hparams *told = &k->told;
    int32_t layers;
    if (!rope->kind) return;
    told->rope_dims = hp->rope_dims;
    told->rope_base = (float)rope->base;
    if (k->family->rope_apart && model_window(k->model, &layers)) told->rope_base_window = (float)rope[1].base;
    if (hp->q_temperature > 0) told->rope_original = hp->rope_original;
    if (hp->rope_scaling == ROPE_LINEAR) told->rope_factor = (float)rope->factor;
    if (hp->rope_scaling == ROPE_LONG) told->rope_original = rope->original, told->rope_magnitude = rope->magnitude;
    if (hp->rope_scaling != ROPE_YARN) return;
    told->rope_factor = (float)rope->factor;
    told->rope_original = hp->rope_original;
    told->rope_fast = hp->rope_fast;
    told->rope_slow = hp->rope_slow;
    if (is_own(k, KEY_ROPE_MSCALE_ALL) && hp->rope_mscale > 0 && !(hp->rope_magnitude > 0))
        told->rope_mscale_all = hp->rope_mscale_all;
    told->rope_magnitude = rope_attn_factor(told, rope);
}

// What a key that is left out means, unless its row says otherwise.
static float neutral(enum key key) {
    return key == KEY_EMBD_SCALE || key == KEY_RESIDUAL_SCALE || key == KEY_LOGIT_SCALE || key == KEY_LOGIT_DIVISOR;
}

static bool put_number(struct writing *k, const struct hparams_number *number) {
    const struct key_row *row = key_of(k, number->key);
    const void *value = (const char *)&k->told + number->offset;
    const bool whole = number->whole;
    char name[KEY_BYTES];
    if (!row) return true;
    const bool nothing = whole ? *(const int32_t *)value == 0 : *(const float *)value == neutral(number->key);
    if (nothing && row->otherwise == 0 && !(number->key == KEY_WINDOW && k->family->window)) return true;
    hparams_new_name(k->family, row, name);
    return whole ? gguf_put_u32(k->g, name, (uint32_t) * (const int32_t *)value)
                 : gguf_put_f32(k->g, name, *(const float *)value);
}

// ---- what is no number ----

static bool put_window(struct writing *k) {
    const struct model *model = k->model;
    const struct key_row *row = key_of(k, KEY_WINDOW_LAYERS);
    int32_t window = 0;
    bool differs = false, layers[MAX_LAYER];
    char name[KEY_BYTES];
    for (int32_t l = 0; l < model->hp.n_layer; l++)
        if (model->layers[l].window > window) window = model->layers[l].window;
    k->told.window = window;
    for (int32_t l = 0; l < model->hp.n_layer; l++) {
        layers[l] = model->layers[l].window > 0;
        differs = differs || layers[l] != (window > 0 && !plan_is_full(k->family, k->family->full_every, l));
    }
    if (!differs || !row) return true;
    hparams_new_name(k->family, row, name);
    return gguf_put_bools(k->g, name, layers, (size_t)model->hp.n_layer);
}

// A truth value that is not the family's, or that its files always have.
static bool put_flag(struct writing *k, enum key key, bool value, bool usual) {
    const struct key_row *row = key_of(k, key);
    char name[KEY_BYTES];
    if (!row || (value == usual && !is_own(k, key))) return true;
    return gguf_put_bool(k->g, hparams_new_name(k->family, row, name), value);
}

static bool put_others(struct writing *k) {
    static const char *const types[] = {[ROPE_LINEAR] = "linear", [ROPE_YARN] = "yarn"};
    const struct hparams *hp = &k->model->hp;
    const struct key_row *type = k->told.rope_factor > 0 ? key_of(k, KEY_ROPE_TYPE) : NULL;
    char name[KEY_BYTES];
    const char *type_name = type ? hparams_new_name(k->family, type, name) : NULL;
    if (type && !gguf_put_string(k->g, type_name, str_of(types[hp->rope_scaling]))) return false;
    hparams_name(k->family, WEIGHTS_GGUF, ".attention.value_length", name); // as key_length
    if (k->told.head_dim && !gguf_put_u32(k->g, name, (uint32_t)k->told.head_dim)) return false;
    return put_flag(k, KEY_PARALLEL, hp->parallel, k->family->residual == RESIDUAL_PARALLEL) &&
           put_flag(k, KEY_ROPE_ON, !hp->rope_off, true);
}

quill_status model_export_keys(const struct model *model, struct gguf_writer *g, quill_error *err) {
    struct writing k = {.model = model, .family = family_in_gguf(model->family), .g = g};
    if (!k.family)
        return fail(err, QUILL_E_MODEL, "%s: expected a family that has a form in GGUF, found %s, which has none",
                    QUOTED(str_of(model->file)), model->family->name);
    tell_sizes(&k);
    tell_scales(&k);
    tell_rope(&k);
    bool ok = gguf_put_string(g, "general.architecture", str_of(family_name(k.family, WEIGHTS_GGUF)));
    ok = ok && put_window(&k) && put_others(&k);
    for (const struct hparams_number *number = hparams_numbers; number->key && ok; number++)
        ok = put_number(&k, number);
    return ok ? export_check(model, g, err) : fail_memory(err);
}
