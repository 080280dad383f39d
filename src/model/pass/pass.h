// SPDX-License-Identifier: MIT
// One call of the forward pass, as its parts see it, and the parts.
#ifndef QUILL_MODEL_PASS_PASS_H
#define QUILL_MODEL_PASS_PASS_H

#include "acts.h"
#include "kv_cache.h"

struct pass {
    const struct model *model;
    const struct adapter *adapter; // or NULL
    struct acts *acts;
    struct kv_cache *kv;
    float *logits; // [wanted rows, V]
};

static inline const struct layer_deltas *deltas_of(const struct pass *pass, int32_t layer) {
    static const struct layer_deltas none;
    return pass->adapter ? &pass->adapter->layers[layer] : &none;
}

// The next block's x = x plus what the block adds to it, and its h = next(x), for the first n rows; keys and values of
// all rows are stored. n is less than all rows in the last block alone. Buffers: acts_of(pass->acts, layer).
void block_forward(struct member *m, const struct pass *pass, int32_t layer, const struct norm *next, size_t n);

// att_y = attention(h) and mlp_y = mlp(h) for the first n rows.
void attention_forward(struct member *m, const struct pass *pass, int32_t layer, size_t n);
void mlp_forward(struct member *m, const struct pass *pass, int32_t layer, const struct rows *h, size_t n);

// x = the embeddings of the batch's tokens and, where there is a table of them, of their positions.
void embed_forward(struct member *m, const struct pass *pass);

// What the last run left, where it was created to keep it.
const struct acts *forward_acts(const struct forward *f);

#endif
