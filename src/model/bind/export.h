// SPDX-License-Identifier: MIT
// A model read from a directory in the terms of a GGUF file: tensors under their GGUF names, hyper-parameters as keys.
#ifndef QUILL_MODEL_BIND_EXPORT_H
#define QUILL_MODEL_BIND_EXPORT_H

#include "base/error.h"
#include "bind.h"
#include "formats/gguf_write.h"
#include "model/model.h"

struct export_tensor {
    char name[BIND_NAME_BYTES];
    const struct tensor *tensor; // borrowed from the weights
    bool transposed;             // stored as [in, out]; a GGUF file has [out, in]
};

// QUILL_E_MODEL: a GGUF file with these tensors and keys would be another model.
quill_status model_export_check(const struct model *model, quill_error *err);
// *list: [*n], freed by the caller. `weights` are those that the model was bound to.
quill_status model_export_tensors(const struct model *model, const struct weights *weights, struct export_tensor **list,
                                  size_t *n, quill_error *err);
// general.architecture and the family's keys. QUILL_E_MODEL: the model has a trait for which GGUF has no key.
quill_status model_export_keys(const struct model *model, struct gguf_writer *g, quill_error *err);

#endif
