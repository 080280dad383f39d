// SPDX-License-Identifier: MIT
#include "adapter_slots.h"

#include "kernels/kernels.h"
#include "model/families/binding.h"

#define IN_LAYER(part) {LAYER(part.w), offsetof(struct layer_deltas, part)}
const struct adapter_slot adapter_layer_slots[LAYER_SLOTS] = {
    IN_LAYER(q), IN_LAYER(k), IN_LAYER(v), IN_LAYER(o), IN_LAYER(gate), IN_LAYER(up), IN_LAYER(down),
};
const struct adapter_slot adapter_model_slots[MODEL_SLOTS] = {
    {MODEL(tokens), offsetof(struct adapter, tokens)},
    {MODEL(head.w), offsetof(struct adapter, head)},
    {MODEL(embd_in.w), offsetof(struct adapter, embd_in)},
    {MODEL(embd_out.w), offsetof(struct adapter, embd_out)},
};

const struct adapter_slot *adapter_slot(int32_t layer, size_t place) {
    const struct adapter_slot *slots = layer < 0 ? adapter_model_slots : adapter_layer_slots;
    const size_t n = layer < 0 ? (size_t)MODEL_SLOTS : (size_t)LAYER_SLOTS;
    for (size_t i = 0; i < n; i++)
        if (slots[i].place == place) return &slots[i];
    return NULL;
}

const struct delta *adapter_delta(const struct adapter *adapter, int32_t layer, size_t place) {
    const struct adapter_slot *slot = adapter_slot(layer, place);
    const void *owner = layer < 0 ? (const void *)adapter : (const void *)&adapter->layers[layer];
    return slot ? (const struct delta *)(const void *)((const char *)owner + slot->delta) : NULL;
}

void adapter_decode(const struct mat *w, size_t row, float *out) {
    const size_t bytes = dtypes[w->dtype].block_bytes;
    if (!w->transposed) {
        kernels_ref.decode_row[w->dtype](out, w->data + row * w->stride, w->cols);
        return;
    }
    for (size_t c = 0; c < w->cols; c++)
        kernels_ref.decode_row[w->dtype](out + c, w->data + c * w->stride + row * bytes, 1);
}
