// SPDX-License-Identifier: MIT
// Queries, keys and values between their products and attention.
#ifndef QUILL_MODEL_PASS_HEADS_H
#define QUILL_MODEL_PASS_HEADS_H

#include "acts.h"

// One layer's heads. Letters as in plan.h.
struct heads {
    const struct acts *a;
    const struct block_acts *b;
    const struct layer_plan *plan;
    const struct rope *rope; // NULL: no rotary positions
    size_t dim;              // D
    float eps;
};

// Makes head `head` of a row of queries, or of keys and values, what attention reads or stores. Once for each.
void prepare_query(const struct heads *h, size_t head, size_t row);
void prepare_key_and_value(const struct heads *h, size_t head, size_t row);

// Norms over whole rows, for the first n_q rows of queries and n_k of keys.
void op_norm_heads(struct member *m, const struct heads *h, size_t n_q, size_t n_k);

// The cosines and sines of a row's position, for every table of the model, and its temperature. n_ctx: the context for
// which the cache has room, which chooses between tables for short and for long contexts.
void turn_row(const struct acts *a, const struct model *model, int32_t n_ctx, size_t row);

#endif
