// SPDX-License-Identifier: MIT
// The parts of the plan besides tensors: kinds, scales, windows, positions.
#include <inttypes.h>
#include <math.h>

#include "base/alloc.h"
#include "base/dmath.h"
#include "bind.h"
#include "hparams.h"

// Parts that a model may have but the pass does not compute yet: refused by name, never ignored.
static const char *not_computed(const struct model *model) {
    if (model->hp.n_expert > 0) return "experts";
    if (model->layers[0].sinks) return "attention sinks";
    return NULL;
}

// ---- which layers have a window, and which rotary positions ----

// A list of a file that has an element for each layer; without a name: the file has no such list.
struct layer_list {
    struct meta_array array;
    struct meta_walk walk;
    const char *name;
    char room[KEY_BYTES];
};

static quill_status find_list(struct layer_list *list, const struct model *model, const struct weights *w, enum key key,
                              enum meta_kind kind, quill_error *err) {
    const char *name = hparams_found(model->family, w, key, list->room);
    const struct meta *m = name ? weights_meta(w, str_of(name)) : NULL;
    const uint64_t least = (uint64_t)model->hp.n_layer, most = least + (uint64_t)model->hp.n_draft;
    list->array = (struct meta_array){.n = 0};
    list->walk = (struct meta_walk){.array = &list->array};
    list->name = NULL;
    if (!m || (key == KEY_WINDOW_LAYERS && m->kind == META_INT)) return QUILL_OK; // a pattern
    if (m->kind != META_ARRAY || m->a.kind != kind || m->a.n < least || m->a.n > most)
        return fail(err, QUILL_E_MODEL, "%s: '%s': expected a list with one element for each of the %" PRId32 " layers",
                    QUOTED(str_of(model->file)), name, model->hp.n_layer);
    list->array = m->a;
    list->name = name;
    return QUILL_OK;
}

static const struct {
    const char *name;
    bool window;
} layer_types[] = {
    {"full_attention", false}, {"attention", false}, {"global", false}, {"sliding_attention", true}, {"local", true},
};

static quill_status type_of(struct str word, const struct model *model, const char *name, bool *window,
                            quill_error *err) {
    for (size_t i = 0; i < sizeof layer_types / sizeof layer_types[0]; i++)
        if (str_is(word, layer_types[i].name)) return *window = layer_types[i].window, QUILL_OK;
    return fail(err, QUILL_E_MODEL, "%s: '%s': expected full_attention, sliding_attention, global or local, found '%s'",
                QUOTED(str_of(model->file)), name, QUOTED(word));
}

// GPT-Neo's list of groups: [["global", "local"], 12] is both in turn, twelve times. NULL: no group has this layer.
static const struct meta *type_in_groups(const struct meta *groups, int64_t layer) {
    for (uint64_t g = 0; groups->kind == META_ARRAY && g < groups->a.n; g++) {
        const struct meta *pair = &groups->a.items[g];
        const struct meta *items = pair->kind == META_ARRAY && pair->a.n == 2 ? pair->a.items : NULL;
        if (!items || items[0].kind != META_ARRAY || items[0].a.kind != META_STRING || items[1].kind != META_INT) break;
        const int64_t n = (int64_t)items[0].a.n, times = items[1].i; // a list of strings has one at least
        if (times < 0 || n > MAX_LAYER) break;
        if (layer / n < times) return &items[0].a.items[layer % n];
        layer -= n * times;
    }
    return NULL;
}

// The groups of a family whose files have them, if they have no list of all layers.
static quill_status find_groups(const struct meta **groups, const char **name, const struct model *model,
                                const struct weights *w, char room[KEY_BYTES], quill_error *err) {
    const struct key_row *row = hparams_key(model->family, w->format, KEY_LAYER_GROUPS);
    const int64_t n = model->hp.n_layer;
    if (!row) return QUILL_OK;
    *name = hparams_found(model->family, w, KEY_LAYER_GROUPS, room);
    *groups = *name ? weights_meta(w, str_of(*name)) : NULL;
    if (*groups && type_in_groups(*groups, n - 1) && !type_in_groups(*groups, n)) return QUILL_OK;
    return fail(err, QUILL_E_MODEL, "%s: '%s': expected groups of types, %" PRId64 " layers in all",
                QUOTED(str_of(model->file)), *name ? *name : row->names[0], n);
}

static bool every(int32_t n, int32_t layer) { return n > 0 && (layer + 1) % n == 0; }

bool plan_is_full(const struct family *family, int32_t n, int32_t layer) {
    return every(n, family->full_first ? layer - 1 : layer);
}

static quill_status plan_positions(struct model *model, const struct weights *w, quill_error *err) {
    const struct hparams *hp = &model->hp;
    const struct family *family = model->family;
    const int32_t window = hp->window_off ? 0 : hp->window;
    struct layer_list types, windows, ropes;
    const struct meta *groups = NULL;
    const char *groups_name;
    char room[KEY_BYTES];
    quill_status s = find_list(&types, model, w, KEY_LAYER_TYPES, META_STRING, err);
    if (!s) s = find_list(&windows, model, w, KEY_WINDOW_LAYERS, META_BOOL, err);
    if (!s) s = find_list(&ropes, model, w, KEY_ROPE_LAYERS, META_INT, err);
    if (!s && !types.name) s = find_groups(&groups, &groups_name, model, w, room, err);
    for (int32_t l = 0; l < hp->n_layer && !s; l++) {
        struct layer_plan *p = &model->layers[l];
        struct meta element;
        bool windowed = !plan_is_full(family, hp->window_every, l) && l >= hp->window_from;
        bool turned = !every(hp->rope_every, l);
        if (meta_next(&windows.walk, &element)) windowed = element.b;
        if (meta_next(&types.walk, &element)) s = type_of(element.s, model, types.name, &windowed, err);
        else if (groups) s = type_of(type_in_groups(groups, l)->s, model, groups_name, &windowed, err);
        if (meta_next(&ropes.walk, &element)) turned = element.i != 0;
        if (family->rope_in_windows && window > 0) turned = windowed;
        if (hp->rope_off) turned = false;
        p->window = windowed ? window : 0;
        p->rope = !model->ropes[0].kind || !turned ? model->unturned : family->rope_apart && p->window ? 1 : 0;
    }
    return s;
}

int32_t model_window(const struct model *model, int32_t *layers) {
    *layers = 0;
    for (int32_t l = 0; l < model->hp.n_layer; l++) *layers += model->layers[l].window > 0;
    return *layers ? model->hp.window : 0;
}

// ---- scores ----

float plan_score_scale(const struct model *model, enum weights_format format, int32_t layer) {
    const struct hparams *hp = &model->hp;
    float scale = hp->scale_scores ? 1.0f / sqrtf((float)hp->head_dim) : 1.0f;
    if (hp->score_dim > 0) scale = 1.0f / sqrtf(hp->score_dim);
    if (hp->n_layer == model->family->files[format].by_head_layers)
        scale = 1.0f / sqrtf((float)(hp->n_embd / hp->n_head));
    if (hp->score_scale > 0) scale = hp->score_scale;
    return hp->scale_by_layer ? scale / (float)(layer + 1) : scale;
}

// Press et al. 2021: a geometric sequence for n heads, n the largest power of two up to H; the others take every second
// element of the sequence for 2n heads.
static const float *make_slopes(struct model *model) {
    const struct hparams *hp = &model->hp;
    const double most = hp->alibi_max > 0 ? (double)hp->alibi_max : 8;
    float *slopes = arena_alloc(&model->arena, (size_t)hp->n_head, sizeof *slopes);
    int32_t n = 1;
    while (2 * n <= hp->n_head) n *= 2;
    for (int32_t h = 0; slopes && h < hp->n_head; h++) {
        const double exponent = h < n ? most * (h + 1) / n : most / 2 * (2 * (h - n) + 1) / n;
        slopes[h] = (float)d_exp(-exponent * d_log(2));
    }
    return slopes;
}

// Of a position table that is computed, row by row (pass/position.c): a whole one would take as much memory as the file
// claims positions.
static quill_status make_sinusoids(struct model *model, quill_error *err) {
    const size_t half = (size_t)model->hp.n_embd / 2;
    const double steps = (double)half - (model->family->sinusoids == SINUSOIDS_FAIRSEQ ? 1 : 0);
    float *freqs = arena_alloc(&model->arena, half, sizeof *freqs);
    if (!freqs) return fail_memory(err);
    if (half < 2)
        return fail(err, QUILL_E_MODEL, "%s: embedding length: expected at least 4, found %" PRId32,
                    QUOTED(str_of(model->file)), model->hp.n_embd);
    for (size_t k = 0; k < half; k++) freqs[k] = (float)d_exp(-(double)k / steps * d_log(10000));
    model->sinusoids = freqs;
    return QUILL_OK;
}

// ---- the plan ----

static void plan_layer(struct layer_plan *p, const struct model *model, enum weights_format format, int32_t index) {
    const struct family *family = model->family;
    const struct hparams *hp = &model->hp;
    struct norm *norms[] = {&p->attn_in, &p->attn_out, &p->attn_sum, &p->mlp_in, &p->mlp_out, &p->mlp_sum,
                            &p->q_norm,  &p->k_norm};
    for (size_t i = 0; i < sizeof norms / sizeof norms[0]; i++) {
        norms[i]->kind = family->norm;
        norms[i]->on = norms[i]->on || norms[i]->w;
    }
    p->attn_in.kinds = kinds_of(&p->q) | kinds_of(&p->k) | kinds_of(&p->v);
    p->mlp_in.kinds = kinds_of(&p->up) | kinds_of(&p->gate);
    p->parallel = hp->parallel;
    if (p->parallel && !p->mlp_in.on) p->attn_in.kinds |= p->mlp_in.kinds; // one norm for both
    p->act = hp->act;
    p->score_scale = plan_score_scale(model, format, index);
    p->score_softcap = hp->score_softcap;
    p->qk_norm = p->q_norm.on || p->k_norm.on ? family->qk_norm : QK_NORM_NONE;
    p->qk_norm_last = family->qk_norm_last;
    p->qkv_clamp = hp->qkv_clamp;
}

static float or_one(float x) { return x > 0 ? x : 1; }

static void plan_scales(struct model *model) {
    const struct hparams *hp = &model->hp;
    model->embd_scale = or_one(hp->embd_scale);
    if (model->family->embd_sqrt) model->embd_scale = sqrtf((float)hp->n_embd);
    model->residual_scale = or_one(hp->residual_scale);
    if (hp->residual_depth > 0 && hp->residual_scale == 0)
        model->residual_scale = hp->residual_depth / sqrtf((float)hp->n_layer);
    model->logit_scale = or_one(hp->logit_scale) / or_one(hp->logit_divisor);
    if (hp->logit_width > 0 && hp->logit_divisor == 0) model->logit_scale = hp->logit_width / (float)hp->n_embd;
}

quill_status plan_resolve(struct model *model, const struct weights *w, quill_error *err) {
    const float *slopes = NULL;
    quill_status s = ropes_make(model, w, err);
    if (!s) s = plan_positions(model, w, err);
    if (!s && model->family->sinusoids) s = make_sinusoids(model, err);
    if (s) return s;
    if (model->hp.alibi) {
        slopes = make_slopes(model);
        if (!slopes) return fail_memory(err);
    }
    for (int32_t l = 0; l < model->hp.n_layer; l++) {
        struct layer_plan *p = &model->layers[l];
        plan_layer(p, model, w->format, l);
        p->slopes = slopes;
        p->slope_rounded = slopes && model->family->alibi_rounded ? p->score_scale : 0;
        model->h_kinds |= p->attn_in.kinds | p->mlp_in.kinds;
        model->att_kinds |= kinds_of(&p->o);
        model->ff_kinds |= kinds_of(&p->down);
    }
    plan_scales(model);
    model->headless = w->has_modules && !model->head.w.data && !model->hp.tied;
    model->hp.tied = !model->head.w.data;
    if (model->hp.tied) model->head.w = model->tokens;
    model->embd_norm.kind = model->final_norm.kind = model->family->norm;
    model->embd_norm.on = model->embd_norm.on || model->embd_norm.w;
    model->final_norm.on = model->final_norm.on || model->final_norm.w;
    model->final_norm.kinds = kinds_of(model->embd_out.w.data ? &model->embd_out : &model->head);
    model->h_kinds |= model->final_norm.kinds;

    const char *part = not_computed(model);
    if (!part) return QUILL_OK;
    return fail(err, QUILL_E_MODEL, "%s: expected a model without %s, which quill does not compute yet",
                QUOTED(str_of(model->file)), part);
}
