// SPDX-License-Identifier: MIT
#include "export.h"

#include <stdio.h>

#include "base/alloc.h"
#include "model/families/family.h"
#include "model/plan.h"

// The row of the other table that fills the same field.
static const struct bind_row *gguf_row(const struct arch_spec *arch, const struct bind_row *hf) {
    const bool per_layer = strchr(hf->name, '%');
    for (const struct bind_row *row = arch->binding[WEIGHTS_GGUF]; row->name; row++)
        if (row->kind == hf->kind && row->offset == hf->offset && !strchr(row->name, '%') == !per_layer) return row;
    return NULL;
}

static quill_status add_tensor(struct export_tensor *out, size_t *n, const struct model *model,
                               const struct weights *weights, const struct bind_row *row, int32_t layer,
                               quill_error *err) {
    char name[BIND_NAME_BYTES];
    const struct tensor *t = bind_find(weights, row, layer, name);
    const struct bind_row *gguf = gguf_row(model->arch, row);
    if (!t || ((row->flags & BIND_UNTIED) && model->hp.tied)) return QUILL_OK; // an optional part that is absent
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
    const struct bind_row *rows = model->arch->binding[weights->format];
    while (rows[n_rows].name) n_rows++;
    *n = 0;
    *list = alloc_array(n_rows * (size_t)model->hp.n_layer, sizeof **list);
    quill_status s = *list ? QUILL_OK : fail_memory(err);
    for (const struct bind_row *row = rows; row->name && !s; row++) {
        const bool per_layer = strchr(row->name, '%');
        for (int32_t l = 0; l < (per_layer ? model->hp.n_layer : 1) && !s; l++)
            s = add_tensor(*list, n, model, weights, row, per_layer ? l : -1, err);
    }
    if (!s) return QUILL_OK;
    free(*list);
    *list = NULL;
    return s;
}

static bool put_size(struct gguf_writer *g, const char *family, const char *key, int32_t value) {
    char name[64];
    snprintf(name, sizeof name, "%s.%s", family, key);
    return gguf_put_u32(g, name, (uint32_t)value);
}

quill_status model_export_keys(const struct model *model, struct gguf_writer *g, quill_error *err) {
    const struct hparams *hp = &model->hp;
    const struct arch_spec *arch = model->arch;
    if (hp->act != arch->act || hp->scale_scores != arch->scale_scores || hp->scale_by_layer)
        return fail(err, QUILL_E_MODEL,
                    "%s: its activation or its scaling of scores differs from other %s models, and GGUF "
                    "has no key for that",
                    QUOTED(str_of(model->file)), arch->name);
    char eps[64];
    snprintf(eps, sizeof eps, "%s.attention.layer_norm_epsilon", arch->name);
    bool ok = gguf_put_string(g, "general.architecture", str_of(arch->name)) &&
              put_size(g, arch->name, "context_length", hp->n_ctx) &&
              put_size(g, arch->name, "embedding_length", hp->n_embd) &&
              put_size(g, arch->name, "feed_forward_length", hp->n_ff) &&
              put_size(g, arch->name, "block_count", hp->n_layer) &&
              put_size(g, arch->name, "attention.head_count", hp->n_head) && gguf_put_f32(g, eps, hp->norm_eps);
    if (ok && hp->n_head_kv != hp->n_head) ok = put_size(g, arch->name, "attention.head_count_kv", hp->n_head_kv);
    if (ok && hp->head_dim * hp->n_head != hp->n_embd)
        ok = put_size(g, arch->name, "attention.key_length", hp->head_dim);
    return ok ? QUILL_OK : fail_memory(err);
}
