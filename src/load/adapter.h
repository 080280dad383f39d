// SPDX-License-Identifier: MIT
// Low-rank adapters: opened, bound to a model, and added up.
#ifndef QUILL_LOAD_ADAPTER_H
#define QUILL_LOAD_ADAPTER_H

#include "base/arena.h"
#include "formats/weights.h"
#include "model/model.h"
#include "quill/adapter.h"

struct quill_adapter {
    struct weights *weights;
    const struct model *model;   // borrowed
    struct adapter deltas;       // scaled as the file says; its rows are in the model's order
    struct layer_deltas *layers; // [n_layer], those of `deltas`
    struct arena arena;          // layers, and matrices that could not be used in place
    size_t max_rank;
    uint64_t n_pairs, n_whole, parameters;
    uint64_t copied_bytes; // in the arena, of matrices
};

// As quill_adapter_load, for a model that was bound to weights of `format`.
quill_status adapter_load(quill_adapter **out, const struct model *model, enum weights_format format, const char *path,
                          quill_error *err);

// The sum of adapters, each times its scale. `uses` are borrowed for as long as the sum lives.
struct adapter_sum {
    struct adapter deltas;
    struct layer_deltas *layers;
    struct arena arena;
    size_t max_rank; // 0: no low rank is added
    size_t n;        // slots that are changed
};
// QUILL_E_USAGE: a scale that is not finite, an adapter of another model, too large a rank of all together. Call
// adapter_sum_free in any case.
quill_status adapter_sum_create(struct adapter_sum *sum, const quill_adapter_use *uses, size_t n,
                                const struct model *model, quill_error *err);
void adapter_sum_free(struct adapter_sum *sum); // zeros are fine
// The largest rank that the sum would have.
size_t adapters_rank(const quill_adapter_use *uses, size_t n);
// A hash of what they add together; 0: nothing.
uint64_t adapters_hash(const quill_adapter_use *uses, size_t n);

#endif
