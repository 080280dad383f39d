// SPDX-License-Identifier: MIT
// Maps tensor names to the parts of a model: one table of rows per family and format.
#ifndef QUILL_MODEL_FAMILIES_BINDING_H
#define QUILL_MODEL_FAMILIES_BINDING_H

#include <stddef.h>

#include "model/plan.h"

// HEADS: H*D; HEADS_KV: G*D; QKV: (H + 2G)*D; GATE_UP: 2F; EXPERTS: X; EMBD_IN: W; POSITIONS: C + position_offset;
// HEAD: D; N_HEAD: H; N_HEAD_KV: G; PAIRS: R/2.
enum bind_dim {
    DIM_NONE, DIM_VOCAB, DIM_CTX, DIM_EMBD, DIM_HEADS, DIM_HEADS_KV, DIM_QKV, DIM_FF, DIM_GATE_UP, DIM_EXPERTS,
    DIM_EMBD_IN, DIM_POSITIONS, DIM_HEAD, DIM_N_HEAD, DIM_N_HEAD_KV, DIM_PAIRS,
};

enum bind_kind {
    BIND_VECTOR,       // a const float *: used in place if it is F32 at an aligned address, else converted
    BIND_MATRIX,       // a struct mat, in place; with three dimensions: the rows of all experts, one after the other
    BIND_FUSED_VECTOR, // for several struct linear of a layer, as enum bind_fused says
    BIND_FUSED_MATRIX,
    BIND_NORM,         // no tensor: a norm without weights stands in this slot
};

// Tensors that hold the rows of several matrices: in which order. Letters as in plan.h.
enum bind_fused {
    FUSED_QKV,          // all of q, all of k, all of v
    FUSED_QKV_BY_GROUP, // for each k/v head: its H/G heads of q, its k, its v; with G = H: q, k and v of each head
    FUSED_QVK_IN_FOUR,  // four shards, each a quarter of the heads: their q, their v, their k
    FUSED_GATE_UP,      // all of gate, all of up
    FUSED_GATE_UP_ROWS, // rows of gate and up in turn
    FUSED_COUNT,
};

enum bind_flag {
    BIND_OPTIONAL = 1,   // may be absent
    BIND_TRANSPOSED = 2, // stored [in, out]
    BIND_BIAS = 4,       // a file has either all tensors with this flag or none
    BIND_HEAD = 8,       // may be absent if the head is tied to the embedding; a copy of the embedding counts as absent
    BIND_BIAS_MLP = 16,  // as BIND_BIAS, where biases of the MLP and of attention are apart
    BIND_PLUS_ONE = 32,  // a vector: stored minus 1
    BIND_BY_HEAD = 64,   // a tensor for each head, whose number stands for the second "%d"; the row's shape is of all
    BIND_UNLESS_PARALLEL = 128, // not looked for if attention and MLP are parallel
    BIND_NORMS = 512,           // as BIND_BIAS, for norms that a part of the family's models has
    BIND_IF_PROJECTED = 256,    // there if the embedding has another width than the blocks
    BIND_WRITTEN = 1024,        // of two forms, the one that new files have
};

// Rows of a table are bound in order, and a row whose place is already filled is skipped: if files have one of two
// forms, the row of the first form has BIND_OPTIONAL. Of these forms a new file gets the last, or that of BIND_WRITTEN.
struct bind_row {
    const char *name;       // "%d" stands for the layer; without it the tensor belongs to the model
    enum bind_kind kind;
    size_t place;           // offset of the field in struct layer_plan or struct model; if fused: enum bind_fused
    enum bind_dim shape[3]; // as stored, outermost first, DIM_NONE after the last
    unsigned flags;
};

#define MODEL(field) offsetof(struct model, field)
#define LAYER(field) offsetof(struct layer_plan, field)

#endif
