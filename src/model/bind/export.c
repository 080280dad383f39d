// SPDX-License-Identifier: MIT
#include "export.h"

#include <stdio.h>

#include "base/alloc.h"
#include "hparams.h"

// The GGUF row that fills the same field, or the same fields in the same order.
static const struct bind_row *gguf_row(const struct family *family, const struct bind_row *hf) {
    const bool per_layer = strchr(hf->name, '%');
    struct row_walk walk = {family->files[WEIGHTS_GGUF].rows, NULL};
    for (const struct bind_row *row; (row = row_next(&walk));)
        if (row->kind == hf->kind && row->place == hf->place && !strchr(row->name, '%') == !per_layer) return row;
    return NULL;
}

static quill_status add_tensor(struct export_tensor *out, size_t *n, const struct model *model,
                               const struct weights *weights, const struct bind_row *row, int32_t layer,
                               quill_error *err) {
    char name[BIND_NAME_BYTES];
    const struct tensor *t = bind_find(weights, model->family, row, layer, name);
    const struct bind_row *gguf = gguf_row(model->family, row);
    if (!t || ((row->flags & BIND_HEAD) && model->hp.tied)) return QUILL_OK; // an absent optional part
    if (!gguf)
        return fail(err, QUILL_E_MODEL, "%s: tensor '%s': expected one that has a name in GGUF, found one without",
                    QUOTED(str_of(model->file)), QUOTED(t->name));
    out[*n] = (struct export_tensor){.tensor = t, .transposed = (row->flags & BIND_TRANSPOSED) != 0};
    bind_name(gguf, "", layer, out[*n].name);
    (*n)++;
    return QUILL_OK;
}

quill_status model_export_tensors(const struct model *model, const struct weights *weights, struct export_tensor **list,
                                  size_t *n, quill_error *err) {
    size_t n_rows = 0;
    const struct bind_row *const *tables = model->family->files[weights->format].rows;
    for (struct row_walk walk = {tables, NULL}; row_next(&walk);) n_rows++;
    *n = 0;
    *list = alloc_array(n_rows * (size_t)model->hp.n_layer, sizeof **list);
    quill_status s = *list ? QUILL_OK : fail_memory(err);
    struct row_walk walk = {tables, NULL};
    for (const struct bind_row *row; !s && (row = row_next(&walk));) {
        const bool per_layer = strchr(row->name, '%');
        for (int32_t l = 0; l < (per_layer ? model->hp.n_layer : 1) && !s; l++)
            s = add_tensor(*list, n, model, weights, row, per_layer ? l : -1, err);
    }
    if (!s) return QUILL_OK;
    free(*list);
    *list = NULL;
    return s;
}

// Whether the value must be written because a reader of the file could not know it otherwise.
static bool is_told(const struct hparams *hp, const struct hparams_number *number, const void *value) {
    switch (number->key) {
    case KEY_N_VOCAB: return false; // the embedding's shape
    case KEY_N_FF: return true;
    case KEY_WINDOW: return hp->window > 0 && !hp->window_off;
    case KEY_N_HEAD_KV: return hp->n_head_kv != hp->n_head;
    case KEY_HEAD_DIM: return hp->head_dim * hp->n_head != hp->n_embd;
    default: return number->whole ? *(const int32_t *)value != 0 : *(const float *)value != 0;
    }
}

// The names of the two kinds of norms differ.
static const char *key_name(const struct family *family, const struct key_row *row) {
    const bool second = row->key == KEY_NORM_EPS && family->norm == NORM_RMS && row->names[1];
    return row->names[second ? 1 : 0];
}

static bool put_number(struct gguf_writer *g, const struct model *model, const struct hparams_number *number) {
    const struct key_row *row = hparams_key(model->family, WEIGHTS_GGUF, number->key);
    const void *value = (const char *)&model->hp + number->offset;
    char name[KEY_BYTES];
    if (!row || !row->names[0] || !is_told(&model->hp, number, value)) return true;
    hparams_name(model->family, WEIGHTS_GGUF, key_name(model->family, row), name);
    return number->whole ? gguf_put_u32(g, name, (uint32_t) * (const int32_t *)value)
                         : gguf_put_f32(g, name, *(const float *)value);
}

// ---- what is not written yet ----

// Numbers that need no name in GGUF: others that are written follow from them.
static bool is_implied(const struct hparams *hp, const struct family *family, enum key key) {
    switch (key) {
    case KEY_N_VOCAB: case KEY_FF_RATIO: case KEY_ROPE_SHARE: return true;
    case KEY_ROPE_EVERY: return hp->rope_every == family->bare_every;
    case KEY_WINDOW_EVERY: return hp->window_off || hp->window == 0 || hp->window_every == family->full_every;
    case KEY_WINDOW_FROM: return hp->window_off || hp->window == 0;
    default: return false;
    }
}

static bool has_unnamed_number(const struct model *model) {
    for (const struct hparams_number *number = hparams_numbers; number->key; number++) {
        const struct key_row *row = hparams_key(model->family, WEIGHTS_GGUF, number->key);
        const void *value = (const char *)&model->hp + number->offset;
        const bool zero = number->whole ? *(const int32_t *)value == 0 : *(const float *)value == 0;
        if (!zero && !(row && row->names[0]) && !is_implied(&model->hp, model->family, number->key)) return true;
    }
    return false;
}

// Whether the layers' windows and rotary positions differ from those that a reader of the written keys finds.
static bool has_lists(const struct model *model) {
    const struct hparams *hp = &model->hp;
    const bool windows = hp->window > 0 && !hp->window_off;
    for (int32_t l = 0; l < hp->n_layer; l++) {
        const struct layer_plan *p = &model->layers[l];
        const bool windowed = windows && !(hp->window_every > 0 && (l + 1) % hp->window_every == 0);
        const bool bare = hp->rope_every > 0 && (l + 1) % hp->rope_every == 0;
        const bool turned = model->family->rope_in_windows && windows ? windowed : !bare;
        if ((p->window > 0) != windowed) return true;
        if (model->ropes[0].kind && (p->rope == model->unturned) == turned) return true;
    }
    return false;
}

static bool has_shifted_norms(const struct model *model, enum weights_format format) {
    struct row_walk walk = {model->family->files[format].rows, NULL};
    for (const struct bind_row *row; (row = row_next(&walk));)
        if (row->flags & BIND_PLUS_ONE) return true;
    return false;
}

// Words for what a reader of the written file would not know, or NULL.
static const char *not_written(const struct model *model) {
    const struct family *family = model->family;
    if (!family_has(family, WEIGHTS_GGUF)) return "a family whose names in GGUF are not known";
    if (model->ropes[0].kind && family->files[WEIGHTS_GGUF].rope != family->files[WEIGHTS_HF].rope)
        return "q and k, whose rows have another order there";
    if (model->ropes[0].scaling) return "scaled rotary positions";
    if (has_shifted_norms(model, WEIGHTS_HF)) return "norms stored minus 1";
    if (has_lists(model)) return "windows or rotary positions in some of the layers";
    if (model->hp.parallel != (family->residual == RESIDUAL_PARALLEL))
        return "attention and MLP that are parallel, or not, unlike those of other models of the family";
    if (has_unnamed_number(model)) return "a number without a name there";
    return NULL;
}

quill_status model_export_check(const struct model *model, quill_error *err) {
    const char *part = not_written(model);
    if (!part) return QUILL_OK;
    return fail(err, QUILL_E_MODEL, "%s: expected a model that this version can write as GGUF, found %s",
                QUOTED(str_of(model->file)), part);
}

quill_status model_export_keys(const struct model *model, struct gguf_writer *g, quill_error *err) {
    const struct hparams *hp = &model->hp;
    const struct family *family = model->family;
    if (hp->act != family->act || hp->scale_scores != family->scale_scores || hp->scale_by_layer)
        return fail(err, QUILL_E_MODEL,
                    "%s: its activation or its scaling of scores differs from other %s models, and GGUF "
                    "has no key for that",
                    QUOTED(str_of(model->file)), family->name);
    bool ok = gguf_put_string(g, "general.architecture", str_of(family_name(family, WEIGHTS_GGUF)));
    for (const struct hparams_number *number = hparams_numbers; number->key && ok; number++)
        ok = put_number(g, model, number);
    return ok ? QUILL_OK : fail_memory(err);
}
