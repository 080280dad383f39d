// SPDX-License-Identifier: MIT
#include "export.h"

#include <assert.h>

bool export_reorders(const struct model *model) {
    return family_in_gguf(model->family)->files[WEIGHTS_GGUF].rope == ROPE_PAIRS &&
           model->family->files[WEIGHTS_HF].rope == ROPE_HALVES;
}

// ---- which rows ----

static const void *owner_of(const struct model *model, int32_t layer) {
    return layer < 0 ? (const void *)model : &model->layers[layer];
}

// Every part of the row is there. A head that is the embedding is not there twice.
static bool is_filled(const struct bind_row *row, const struct model *model, int32_t layer) {
    struct bind_part parts[FUSED_PARTS];
    const size_t n = bind_parts(row, parts);
    if (row->kind == BIND_NORM || bind_is_per_layer(row) != (layer >= 0)) return false;
    if (layer < 0 && row->place == MODEL(head.w) && model->hp.tied) return false;
    for (size_t i = 0; i < n; i++)
        if (!bind_data(row, owner_of(model, layer), parts[i].place)) return false;
    return true;
}

static bool share_a_place(const struct bind_row *a, const struct bind_row *b) {
    struct bind_part of_a[FUSED_PARTS], of_b[FUSED_PARTS];
    const size_t n = bind_parts(a, of_a), m = bind_parts(b, of_b);
    bool share = false;
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < m; k++) share = share || of_a[i].place == of_b[k].place;
    return share && bind_is_per_layer(a) == bind_is_per_layer(b);
}

// A name stands for the last of the places that its rows fill: Falcon's attn_norm is the MLP's if that has its own.
static bool may_have(const struct family *family, const struct bind_row *row, const struct model *model,
                     int32_t layer) {
    bool behind = false;
    if (!is_filled(row, model, layer)) return false;
    struct row_walk walk = {family->files[WEIGHTS_GGUF].rows, NULL};
    for (const struct bind_row *other; (other = row_next(&walk)); behind = behind || other == row)
        if (behind && strcmp(other->name, row->name) == 0 && is_filled(other, model, layer)) return false;
    return true;
}

// Whether a new file gets this row's tensor, in this layer (-1: in none).
static bool has_row(const struct family *family, const struct bind_row *row, const struct model *model, int32_t layer) {
    const bool yields = (row->flags & BIND_OPTIONAL) && !(row->flags & BIND_WRITTEN);
    bool behind = false;
    if (!may_have(family, row, model, layer)) return false;
    struct row_walk walk = {family->files[WEIGHTS_GGUF].rows, NULL};
    for (const struct bind_row *other; (other = row_next(&walk)); behind = behind || other == row) {
        if (other == row || !share_a_place(row, other)) continue;
        if (behind ? yields && may_have(family, other, model, layer) : has_row(family, other, model, layer))
            return false;
    }
    return true;
}

// ---- one tensor ----

// How many rows of a head change their order; 0: none. Those of q and k, of matrices and biases alike.
static size_t reordered_head(const struct model *model, const struct bind_row *row, size_t place) {
    const bool turned = place == LAYER(q.w) || place == LAYER(k.w) || place == LAYER(q.b) || place == LAYER(k.b);
    return turned && bind_is_per_layer(row) && export_reorders(model) ? (size_t)model->hp.head_dim : 0;
}

static void set_matrix(struct export_tensor *t, const struct bind_row *row, const struct model *model, int32_t layer) {
    struct bind_part parts[FUSED_PARTS];
    const size_t n = bind_parts(row, parts);
    for (size_t i = 0; i < n; i++) {
        const void *at = (const char *)owner_of(model, layer) + parts[i].place;
        rows_add(&t->rows, *(const struct mat *)at, reordered_head(model, row, parts[i].place));
        t->places[i] = parts[i].place;
    }
}

// Values as rows of one value each: what is reordered or joined is copied. False: no memory.
static bool set_vector(struct export_tensor *t, const struct bind_row *row, const struct model *model, int32_t layer,
                       size_t n, struct arena *arena) {
    struct bind_part parts[FUSED_PARTS];
    struct rows values = {.n = 0};
    const size_t n_parts = bind_parts(row, parts);
    for (size_t i = 0; i < n_parts; i++) {
        const struct mat column = {
            .dtype = DTYPE_F32,
            .rows = parts[i].rows ? (size_t)bind_dim(&model->hp, parts[i].rows) : n,
            .cols = 1,
            .stride = sizeof(float),
            .data = bind_data(row, owner_of(model, layer), parts[i].place),
        };
        rows_add(&values, column, reordered_head(model, row, parts[i].place));
    }
    uint8_t *copy = arena_alloc(arena, n, sizeof(float));
    for (size_t i = 0, one; copy && i < n; i++)
        memcpy(copy + i * sizeof(float), rows_at(&values, i, (one = 1, &one)).data, sizeof(float));
    const size_t cols = (size_t)t->shape[t->n_dims - 1];
    rows_add(&t->rows, (struct mat){.dtype = DTYPE_F32, .rows = n / cols, .cols = cols,
                                    .stride = cols * sizeof(float), .data = copy}, 0);
    return copy;
}

static bool add_tensor(struct export_tensors *out, const struct bind_row *row, const struct model *model,
                       int32_t layer) {
    struct export_tensor *t = &out->list[out->n++];
    size_t n = 1;
    *t = (struct export_tensor){.layer = layer, .is_matrix = bind_is_matrix(row)};
    bind_name(row, "", layer, t->name);
    for (; t->n_dims < 3 && row->shape[t->n_dims]; t->n_dims++)
        n *= (size_t)(t->shape[t->n_dims] = bind_dim(&model->hp, row->shape[t->n_dims]));
    if (!bind_is_matrix(row)) return set_vector(t, row, model, layer, n, &out->arena);
    set_matrix(t, row, model, layer);
    assert(t->rows.n * t->rows.parts[0].w.cols == n);
    return true;
}

// ---- nothing is lost ----

// Whether GGUF has a tensor for what the directory's row fills, in the same order of rows.
static bool is_written(const struct model *model, const struct bind_row *row, size_t place, int32_t layer) {
    const struct family *family = family_in_gguf(model->family);
    struct row_walk walk = {family->files[WEIGHTS_GGUF].rows, NULL};
    for (const struct bind_row *gguf; (gguf = row_next(&walk));) {
        struct bind_part parts[FUSED_PARTS];
        const size_t n = bind_parts(gguf, parts);
        if (bind_is_per_layer(gguf) != bind_is_per_layer(row) || bind_is_matrix(gguf) != bind_is_matrix(row)) continue;
        for (size_t i = 0; i < n; i++)
            if (parts[i].place == place && (row->kind == BIND_NORM ? gguf->kind == BIND_NORM
                                                                  : has_row(family, gguf, model, layer)))
                return true;
    }
    return false;
}

// What binding makes of the keys of a directory.
static const struct bind_row made[] = {
    {"rope_freqs.weight", BIND_VECTOR, MODEL(rope_divisors), {DIM_PAIRS}, 0},
    {"rope_factors_long.weight", BIND_VECTOR, MODEL(rope_long), {DIM_PAIRS}, 0},
    {"rope_factors_short.weight", BIND_VECTOR, MODEL(rope_short), {DIM_PAIRS}, 0},
};

static quill_status check_written(const struct model *model, const struct weights *w, const struct bind_row *row,
                                  int32_t layer, quill_error *err) {
    struct bind_part parts[FUSED_PARTS];
    const size_t n = bind_parts(row, parts);
    char name[BIND_NAME_BYTES];
    if (row->kind != BIND_NORM && !is_filled(row, model, layer)) return QUILL_OK;
    for (size_t i = 0; i < n; i++) {
        if (is_written(model, row, parts[i].place, layer)) continue;
        const struct tensor *t = bind_find(w, model->family, row, layer, name);
        return fail(err, QUILL_E_MODEL, "%s: tensor '%s': expected one that has a name in GGUF, found one without",
                    QUOTED(str_of(model->file)), t ? QUOTED(t->name) : name);
    }
    return QUILL_OK;
}

// A tensor that GGUF files of the family always have; Falcon's may have several places.
static quill_status check_there(const struct model *model, const struct bind_row *row, int32_t layer,
                                quill_error *err) {
    const struct family *family = family_in_gguf(model->family);
    const bool may_lack = row->kind == BIND_NORM || (row->flags & ~(unsigned)BIND_WRITTEN);
    struct row_walk walk = {family->files[WEIGHTS_GGUF].rows, NULL};
    char name[BIND_NAME_BYTES];
    if (may_lack || is_filled(row, model, layer)) return QUILL_OK;
    for (const struct bind_row *other; (other = row_next(&walk));)
        if (strcmp(other->name, row->name) == 0 && is_filled(other, model, layer)) return QUILL_OK;
    bind_name(row, "", layer, name);
    return fail(err, QUILL_E_MODEL, "%s: expected what is tensor '%s' in GGUF files of %s, found no such part",
                QUOTED(str_of(model->file)), name, family_name(family, WEIGHTS_GGUF));
}

// Of the model (layer -1) or of one layer.
static quill_status add_tensors(struct export_tensors *out, const struct model *model, int32_t layer,
                                quill_error *err) {
    const struct family *family = family_in_gguf(model->family);
    struct row_walk walk = {family->files[WEIGHTS_GGUF].rows, NULL};
    quill_status s = QUILL_OK;
    for (const struct bind_row *row; !s && (row = row_next(&walk));) {
        if (bind_is_per_layer(row) != (layer >= 0)) continue;
        s = check_there(model, row, layer, err);
        if (!s && has_row(family, row, model, layer) && !add_tensor(out, row, model, layer)) s = fail_memory(err);
    }
    return s;
}

quill_status model_export_tensors(struct export_tensors *out, const struct model *model, const struct weights *weights,
                                  quill_error *err) {
    size_t n_rows = 0;
    struct row_walk count = {family_in_gguf(model->family)->files[WEIGHTS_GGUF].rows, NULL};
    while (row_next(&count)) n_rows++;
    *out = (struct export_tensors){.n = 0};
    out->list = arena_alloc(&out->arena, n_rows * ((size_t)model->hp.n_layer + 1), sizeof *out->list);
    quill_status s = out->list ? QUILL_OK : fail_memory(err);
    struct row_walk walk = {model->family->files[weights->format].rows, NULL};
    for (const struct bind_row *row; !s && (row = row_next(&walk));) {
        const int32_t first = bind_is_per_layer(row) ? 0 : -1, end = first < 0 ? 0 : model->hp.n_layer;
        for (int32_t l = first; l < end && !s; l++) s = check_written(model, weights, row, l, err);
    }
    for (size_t i = 0; i < sizeof made / sizeof made[0] && !s; i++)
        s = check_written(model, weights, &made[i], -1, err);
    for (int32_t l = -1; l < model->hp.n_layer && !s; l++) s = add_tensors(out, model, l, err);
    return s;
}
