// SPDX-License-Identifier: MIT
// The buffers of a block as a table: what each holds, from which operation to which it is alive, and where it lies.
// Where nothing is kept, buffers that are never alive together share their place.
#ifndef QUILL_MODEL_PASS_LIFETIMES_H
#define QUILL_MODEL_PASS_LIFETIMES_H

#include "model/plan.h"

// The operations of a pass in their order; from OP_QKV to OP_MLP_ADD those of every block. Letters as in plan.h, and
// B rows.
enum op {
    OP_EMBED,   // x[B, E] = tokens[ids] + positions
    OP_NORM,    // h[B, E] = norm(x), for the first block
    OP_QKV,     // q[B, H*D], k[B, G*D], v[B, G*D] = products of h
    OP_STORE,   // k and v go into the cache
    OP_ATTEND,  // att[B, H*D] = softmax(q k^T) v; a thread that is the only reader of k and v stores them here
    OP_OUT,     // att_y[B, E] = product of att
    OP_ATT_ADD, // mid = x + att_y; mlp_h = norm(mid)
    OP_UP,      // ff[B, F] = act(product of mlp_h), times `up` where there is a gate
    OP_DOWN,    // mlp_y[B, E] = product of ff
    OP_MLP_ADD, // x of the next block = mid + mlp_y; its h = norm(x)
    OP_HEAD,    // logits[wanted rows, V] = product of h
    OP_COUNT,
};

extern const char *const op_names[OP_COUNT]; // "embed", "norm", ...

// The rows of the table. *_Q: the same rows quantized, in every kind that a matrix reads.
enum buffer_id {
    BUF_X, BUF_H, BUF_H_Q, // what a block hands to the next
    BUF_Q, BUF_K, BUF_V, BUF_ATT, BUF_ATT_Q, BUF_ATT_Y,
    BUF_MID, BUF_MLP_H, BUF_MLP_H_Q, BUF_PRE, BUF_UP, BUF_FF, BUF_FF_Q, BUF_MLP_Y,
    BUF_COUNT,
    BUF_NONE = BUF_COUNT,
};

enum buffer_width { WIDTH_E, WIDTH_HEADS, WIDTH_HEADS_KV, WIDTH_F };
enum buffer_content {
    CONTENT_FLOATS, // [B, width] without gaps
    CONTENT_PADDED, // [B, width + PADDING]: what products write
    CONTENT_QUANTS, // of each kind that is read: values, scales, sums
};

struct buffer_row {
    const char *name;
    enum buffer_width width;
    enum buffer_content content;
    enum op first, last;     // is written first, is read last
    enum buffer_id place_of; // it may lie there: what is there is read before this is written; BUF_NONE: nowhere
};

extern const struct buffer_row buffer_rows[BUF_COUNT];

static inline bool lives_meet(enum buffer_id a, enum buffer_id b) {
    return buffer_rows[a].first <= buffer_rows[b].last && buffer_rows[b].first <= buffer_rows[a].last;
}

enum { PADDING = 16 }; // floats between rows that products write: without it, rows of a tile collide in few cache sets

// What decides about sizes.
struct act_sizes {
    const struct model *model;
    size_t rows;
    bool floats; // what matrices read is there as floats too, also where none of them reads floats
    bool pieces; // the inside of the MLP is held in pieces by members: no pre, up and ff as floats
    bool keep;   // nothing shares a place, and every block has a set of its own
};

size_t buffer_cols(const struct model *model, enum buffer_width width);
unsigned buffer_kinds(const struct model *model, enum buffer_width width); // in which matrices read the rows
size_t buffer_stride(const struct model *model, enum buffer_id id);        // of float rows, in floats
bool buffer_needed(const struct act_sizes *sizes, enum buffer_id id);

// The parts of a *_Q buffer in one kind, from byte `begin` of the set on. stride: bytes from a row of q to the next.
struct quant_parts {
    uint64_t stride, q, xd, xs, sum, end; // xs in ACT_Q8_32 alone
};
struct quant_parts quant_parts(const struct act_sizes *sizes, enum buffer_width width, enum act_kind kind,
                               uint64_t begin);

// Where everything lies in a set, which is in whole cache lines. rows <= INT32_MAX: with the bounds of hparams.h no sum
// of sizes overflows 64 bits.
struct act_place {
    uint64_t begin, bytes; // bytes 0: not needed
};
struct act_layout {
    struct act_place at[BUF_COUNT];
    uint64_t set_bytes;
    uint64_t stream_bytes; // where all is kept: of x, h and h's quants, with which a set begins
};
void lay_out(struct act_layout *layout, const struct act_sizes *sizes);

#endif
