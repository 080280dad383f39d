// SPDX-License-Identifier: MIT
// One call of the forward pass, and its parts.
#ifndef QUILL_MODEL_PASS_PASS_H
#define QUILL_MODEL_PASS_PASS_H

#include "acts.h"
#include "kv_cache.h"

struct pass {
    const struct model *model;
    const struct adapter *adapter; // or NULL
    struct acts *acts;
    struct kv_cache *kv;
    float *logits; // [wanted rows, V]; NULL: the head is not computed
};

static inline const struct layer_deltas *deltas_of(const struct pass *pass, int32_t layer) {
    static const struct layer_deltas none;
    return pass->adapter ? &pass->adapter->layers[layer] : &none;
}

// Computes the next block's x = x plus this block's additions, and its h = next(x), for the first n rows; stores keys
// and values of all rows. Only in the last block is n less than all rows. Buffers: acts_of(pass->acts, layer).
void block_forward(struct member *m, const struct pass *pass, int32_t layer, const struct norm *next, size_t n);

// att_y = attention(h) and mlp_y = mlp(h) for the first n rows.
void attention_forward(struct member *m, const struct pass *pass, int32_t layer, size_t n);
void mlp_forward(struct member *m, const struct pass *pass, int32_t layer, const struct rows *h, size_t n);

// x = the embeddings of the batch's tokens, plus those of their positions if there is a position table.
void embed_forward(struct member *m, const struct pass *pass);

// The intermediates of the last run, if `f` was created to keep them.
const struct acts *forward_acts(const struct forward *f);

#endif
