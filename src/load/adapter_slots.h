// SPDX-License-Identifier: MIT
// The matrices of a model to which an adapter may add.
#ifndef QUILL_LOAD_ADAPTER_SLOTS_H
#define QUILL_LOAD_ADAPTER_SLOTS_H

#include "model/model.h"

// Its place in struct layer_plan or struct model, and that of what is added in struct layer_deltas or struct adapter.
struct adapter_slot {
    size_t place, delta;
};
enum { LAYER_SLOTS = 7, MODEL_SLOTS = 4 };
extern const struct adapter_slot adapter_layer_slots[LAYER_SLOTS], adapter_model_slots[MODEL_SLOTS];

// The slot at a place of struct model (layer -1) or of a layer's plan; NULL: there is none.
const struct adapter_slot *adapter_slot(int32_t layer, size_t place);
// What is added there; NULL: there is no such slot.
const struct delta *adapter_delta(const struct adapter *adapter, int32_t layer, size_t place);
static inline struct delta *delta_at(void *owner, size_t offset) {
    return (struct delta *)(void *)((char *)owner + offset);
}

// A row of a matrix of a float type, as floats.
void adapter_decode(const struct mat *w, size_t row, float *out);

#endif
