// SPDX-License-Identifier: MIT
// A model read from a directory in the terms of a GGUF file: tensors in the forms and under the names of its family's
// GGUF files, hyper-parameters as keys.
#ifndef QUILL_MODEL_BIND_EXPORT_H
#define QUILL_MODEL_BIND_EXPORT_H

#include "base/arena.h"
#include "base/error.h"
#include "bind.h"
#include "formats/gguf_write.h"
#include "tensor/rows.h"

struct export_tensor {
    char name[BIND_NAME_BYTES];
    int n_dims;
    uint64_t shape[TENSOR_MAX_DIMS]; // outermost first
    struct rows rows;                // a vector is one row
    int32_t layer;                   // -1: none
    size_t places[ROWS_PARTS];       // of a matrix: those of its parts in struct model or struct layer_plan
    bool is_matrix;
};

struct export_tensors {
    struct export_tensor *list; // [n]: those of the model, then those of each layer
    size_t n;
    struct arena arena;
};

// `weights` are those that the model was bound to. The tensors borrow from both; out->arena is the caller's to free,
// also after a failure. QUILL_E_MODEL: the model has a part for which GGUF files of its family have no tensor, or lacks
// one that they have.
quill_status model_export_tensors(struct export_tensors *out, const struct model *model, const struct weights *weights,
                                  quill_error *err);
// general.architecture and the family's keys, before any others. QUILL_E_MODEL: a reader of the keys would compute
// something else, because GGUF has no key for a trait of the model.
quill_status model_export_keys(const struct model *model, struct gguf_writer *g, quill_error *err);

// ---- parts of it ----

// Whether GGUF files have the rows of a head's two halves in turn, where the directory has them one after the other.
bool export_reorders(const struct model *model);
// QUILL_E_MODEL if who reads the keys written so far, and the model's tensors, plans something else than `model`.
quill_status export_check(const struct model *model, const struct gguf_writer *g, quill_error *err);

#endif
