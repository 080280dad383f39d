// SPDX-License-Identifier: MIT
// Finds tensors by the rows of a family. Not for other rooms, except code that writes models.
#ifndef QUILL_MODEL_BIND_BIND_H
#define QUILL_MODEL_BIND_BIND_H

#include <string.h>

#include "base/error.h"
#include "model/families/family.h"
#include "model/model.h"

enum { BIND_NAME_BYTES = 160 }; // more than any row's name with prefixes and layer needs

static inline bool bind_is_matrix(const struct bind_row *row) {
    return row->kind == BIND_MATRIX || row->kind == BIND_FUSED_MATRIX;
}
static inline bool bind_is_fused(const struct bind_row *row) {
    return row->kind == BIND_FUSED_VECTOR || row->kind == BIND_FUSED_MATRIX;
}
static inline bool bind_is_per_layer(const struct bind_row *row) { return strchr(row->name, '%'); }

// The name of the row's tensor; `layer` stands for "%d".
void bind_name(const struct bind_row *row, const char *prefix, int32_t layer, char name[BIND_NAME_BYTES]);
// The row's tensor, with or without a prefix before its name; NULL: not found, and `name` is the plain name.
const struct tensor *bind_find(const struct weights *w, const struct family *family, const struct bind_row *row,
                               int32_t layer, char name[BIND_NAME_BYTES]);
uint64_t bind_dim(const struct hparams *hp, enum bind_dim dim);

// The family, and its variant. QUILL_E_MODEL: none that quill runs; the message has the nearest name.
quill_status bind_find_family(const struct family **family, const struct weights *w, quill_error *err);
// QUILL_E_MODEL: a GGUF file has a tensor for a part that its family does not have.
quill_status bind_check_leftovers(const struct model *model, const struct weights *w, quill_error *err);
// As model_bind, for a family that the caller knows.
quill_status model_bind_family(struct model **out, const struct family *family, const struct weights *weights,
                               const struct kernels *kernels, quill_error *err);

// ---- fused tensors ----

enum { FUSED_PARTS = 3 };
struct bind_part {
    size_t place;       // offset in struct layer_plan or struct model
    enum bind_dim rows; // of the part; DIM_NONE: those of the whole tensor
};
// What a row fills: one place, or the parts of a fused tensor in the order of their rows. Returns how many.
size_t bind_parts(const struct bind_row *row, struct bind_part parts[FUSED_PARTS]);
// What is bound at one of the row's places, `owner` being the layer or the model; NULL: nothing.
const void *bind_data(const struct bind_row *row, const void *owner, size_t place);

// "heads: expected a multiple of 4, found 6"; NULL if the parts have whole runs.
struct fused_problem {
    char text[96];
};
const char *fused_problem(const struct hparams *hp, enum bind_fused fused, struct fused_problem *out);
// Makes the parts of the layer views of w's rows; copies nothing.
void fused_matrix(struct layer_plan *layer, const struct hparams *hp, enum bind_fused fused, struct mat w);
// The same for a vector; parts that are not one run are copied, once, into the arena. False: no memory.
bool fused_vector(struct layer_plan *layer, const struct hparams *hp, enum bind_fused fused, const float *v,
                  struct arena *arena);

// ---- the plan ----

// Fills in what follows from the family, the hyper-parameters and the bound tensors. QUILL_E_MODEL: the model has a
// part that the pass does not compute.
quill_status plan_resolve(struct model *model, const struct weights *w, quill_error *err);
// Whether a layer has no window where every n-th (0: none) of the family's layers has none.
bool plan_is_full(const struct family *family, int32_t n, int32_t layer);
// The factor of attention scores in a layer, as plan_resolve makes it.
float plan_score_scale(const struct model *model, enum weights_format format, int32_t layer);
// The tables of rotary positions; QUILL_E_MODEL: the numbers that they are made of mean nothing.
quill_status ropes_make(struct model *model, const struct weights *w, quill_error *err);
// For yarn: what a GGUF file that names these numbers names as the factor of cosines and sines; 0: nothing.
float rope_attn_factor(const struct hparams *told, const struct rope *rope);

#endif
