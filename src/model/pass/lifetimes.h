// SPDX-License-Identifier: MIT
// The buffers of a block as a table: what each holds, from which operation to which it is alive, and where it lies. If
// nothing is kept, buffers that are never alive together share memory.
#ifndef QUILL_MODEL_PASS_LIFETIMES_H
#define QUILL_MODEL_PASS_LIFETIMES_H

#include "model/plan.h"

// The operations of a pass in order; every block has those from OP_QKV to OP_MLP_ADD. Letters as in plan.h; B: rows.
enum op {
    OP_EMBED,   // x[B, E] = tokens[ids] + positions
    OP_NORM,    // h[B, E] = norm(x), for the first block
    OP_QKV,     // q[B, H*D], k[B, G*D], v[B, G*D] = products of h
    OP_STORE,   // k and v go into the cache
    OP_ATTEND,  // att[B, H*D] = softmax(q k^T) v; a thread that is the only reader of k and v stores them here
    OP_OUT,     // att_y[B, E] = product of att
    OP_ATT_ADD, // mid = x + att_y; mlp_h = norm(mid)
    OP_UP,      // ff[B, F] = act(product of mlp_h), times `up` if there is a gate
    OP_DOWN,    // mlp_y[B, E] = product of ff
    OP_MLP_ADD, // x of the next block = mid + mlp_y; its h = norm(x)
    OP_HEAD,    // logits[wanted rows, V] = product of h
    OP_COUNT,
};

extern const char *const op_names[OP_COUNT]; // "embed", "norm", ...

// The rows of the table. *_Q: the same rows, quantized in every kind that a matrix reads.
enum buffer_id {
    BUF_X, BUF_H, BUF_H_Q, // passed from block to block
    BUF_Q, BUF_K, BUF_V, BUF_ATT, BUF_ATT_Q, BUF_ATT_Y,
    BUF_MID, BUF_MLP_H, BUF_MLP_H_Q, BUF_PRE, BUF_UP, BUF_FF, BUF_FF_Q, BUF_MLP_Y,
    BUF_COUNT,
    BUF_NONE = BUF_COUNT,
};

enum buffer_width { WIDTH_E, WIDTH_HEADS, WIDTH_HEADS_KV, WIDTH_F };
enum buffer_content {
    CONTENT_FLOATS, // [B, width] without gaps
    CONTENT_PADDED, // [B, width + PADDING]: what products write
    CONTENT_QUANTS, // for each kind that is read: values, scales, sums
};

struct buffer_row {
    const char *name;
    enum buffer_width width;
    enum buffer_content content;
    enum op first, last;     // the first operation that writes it, the last that reads it
    enum buffer_id place_of; // may take this buffer's place, which is read before this is written; BUF_NONE: none
};

extern const struct buffer_row buffer_rows[BUF_COUNT];

static inline bool lives_meet(enum buffer_id a, enum buffer_id b) {
    return buffer_rows[a].first <= buffer_rows[b].last && buffer_rows[b].first <= buffer_rows[a].last;
}

enum { PADDING = 16 }; // floats between rows that products write: without it, rows of a tile collide in few cache sets

// What the sizes depend on.
struct act_sizes {
    const struct model *model;
    size_t rows;
    bool floats; // keep the inputs of matrices as floats too, even if no matrix reads floats
    bool pieces; // members hold the hidden layer of the MLP in pieces: no pre, up and ff as floats
    bool keep;   // no buffers share memory, and every block has its own set
};

size_t buffer_cols(const struct model *model, enum buffer_width width);
unsigned buffer_kinds(const struct model *model, enum buffer_width width); // formats in which matrices read the rows
size_t buffer_stride(const struct model *model, enum buffer_id id);        // from a float row to the next, in floats
bool buffer_needed(const struct act_sizes *sizes, enum buffer_id id);

// Offsets of the parts of a *_Q buffer in one kind, from byte `begin` of the set on. stride: values between rows of q.
struct quant_parts {
    uint64_t stride, q, xd, xs, sums, end; // xs only in ACT_Q8_32; sums: there the starts
};
struct quant_parts quant_parts(const struct act_sizes *sizes, enum buffer_width width, enum act_kind kind,
                               uint64_t begin);

// The places of all buffers in a set, in whole cache lines. rows <= INT32_MAX, so that with the bounds of hparams.h no
// sum of sizes overflows 64 bits.
struct act_place {
    uint64_t begin, bytes; // bytes 0: not needed
};
struct act_layout {
    struct act_place at[BUF_COUNT];
    uint64_t set_bytes;
    uint64_t stream_bytes; // if everything is kept: size of x, h and h's quants, with which a set begins
};
void lay_out(struct act_layout *layout, const struct act_sizes *sizes);

#endif
