// SPDX-License-Identifier: MIT
// Where tensor names meet the parts of a model: one table of rows per family and format.
#ifndef QUILL_MODEL_FAMILIES_BINDING_H
#define QUILL_MODEL_FAMILIES_BINDING_H

#include <stddef.h>

#include "formats/weights.h"

enum { BIND_NAME_BYTES = 128 }; // more than any row's name with prefix and layer needs

enum bind_dim { DIM_NONE, DIM_VOCAB, DIM_CTX, DIM_EMBD, DIM_HEADS, DIM_QKV, DIM_FF }; // HEADS: H*D; QKV: (H + 2G)*D

enum bind_kind {
    BIND_VECTOR,     // a const float *: used in place, or converted when it is not F32 at an aligned address
    BIND_MATRIX,     // a struct mat, in place
    BIND_QKV_VECTOR, // q, k and v one after the other
    BIND_QKV_MATRIX,
};

enum bind_flag {
    BIND_OPTIONAL = 1,   // may be absent
    BIND_TRANSPOSED = 2, // stored [in, out]
    BIND_UNTIED = 4,     // looked for only where the head is not tied to the embedding
};

struct bind_row {
    const char *name; // "%d" stands for the layer; without it the tensor belongs to the model
    enum bind_kind kind;
    size_t offset;    // of the field in struct layer_plan or struct model; QKV kinds have their own
    enum bind_dim shape[2]; // as stored; a vector has one
    unsigned flags;
};

// The name of the row's tensor; `layer` stands for "%d".
void bind_name(const struct bind_row *row, const char *prefix, int32_t layer, char name[BIND_NAME_BYTES]);
// The row's tensor, under its name as it is or behind a prefix; NULL: not there, and `name` is the plain name.
const struct tensor *bind_find(const struct weights *w, const struct bind_row *row, int32_t layer,
                               char name[BIND_NAME_BYTES]);

extern const struct bind_row bind_gpt2_gguf[], bind_gpt2_hf[];

#endif
