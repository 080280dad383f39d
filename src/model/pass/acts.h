// SPDX-License-Identifier: MIT
// The memory of a forward pass: one pointer per intermediate, all in one reservation, sized once for B tokens.
//
// Letters as in plan.h; B: rows (tokens) of one call. lifetimes.h says when each buffer is alive.
#ifndef QUILL_MODEL_PASS_ACTS_H
#define QUILL_MODEL_PASS_ACTS_H

#include <stdatomic.h>

#include "base/team.h"
#include "lifetimes.h"
#include "model/model.h"

enum {
    QUERY_ROWS = 48, // most rows in a query block; each key loaded is reused this many times
    LOW_PRODUCTS = 3, // most products that read the same input: q, k, v
    DELTA_TILE = 64,  // a delta is added to this many tokens and rows of a product at a time
    CLAIMS_EACH = 8, // claims per member if there is enough work, so that no member finishes much later than the rest
};

static inline size_t round_up(size_t x, size_t step) { return (x + step - 1) / step * step; }
static inline size_t ceil_div(size_t x, size_t y) { return (x + y - 1) / y; }

// The smallest number of values that is whole blocks in every kind of a set.
static inline size_t block_of(unsigned kinds) {
    size_t block = 1;
    for (int k = 0; k < ACT_KIND_COUNT; k++) {
        const bool has = kinds & ACTS_QUANTIZED & act_bit((enum act_kind)k);
        if (has && act_block[k] > block) block = act_block[k];
    }
    return block;
}

// The input of matrix products: as floats, and quantized once per kind for all matrices that read it. A form that no
// matrix of the model reads is NULL.
struct rows {
    float *x; // [B, stride]; each row has `cols` values
    size_t cols, stride;
    struct qacts q[ACT_KIND_COUNT]; // the same, quantized
};

// Queries of one sequence at consecutive positions, processed together by attention.
struct query_block {
    int32_t seq, pos;      // pos: position of the first
    size_t row, n;         // rows row..row+n-1 of the batch
    int32_t until, prefix; // lengths of the sequence after the call and of its prefix
};

// The rows of one call. Rows whose logits are requested come first, so that the last block computes only those.
struct batch {
    size_t n_rows, n_wanted;
    int32_t *ids, *seqs, *positions; // [B]
    struct query_block *blocks;      // [n_blocks]; the first n_wanted_blocks hold the wanted rows
    size_t n_blocks, n_wanted_blocks;
    bool apart;                      // no two blocks belong to one sequence
};

// What one block reads and writes. Rows that products write are PADDING floats longer than their width.
struct block_acts {
    float *x;         // [B, E] the residual stream
    struct rows h;    // [B, E] normalised x: attention reads it, and after the last block the head
    float *q, *k, *v; // [B, H*D], [B, G*D] each
    struct rows att;  // [B, H*D] weighted sums of values; the output projection reads it
    float *att_y;     // [B, E] attention's result
    float *mid;       // [B, E] x + att_y
    struct rows mlp_h; // [B, E] normalised mid: the MLP reads it
    float *pre;       // [B, F] product of the MLP's first matrix, input of the activation; with the stride of ff
    float *up;        // [B, F] the other factor of a gated MLP, with the same stride; NULL: plain
    struct rows ff;   // [B, F] hidden layer of the MLP
    float *mlp_y;     // [B, E] the MLP's result
};

struct acts {
    const struct kernels *kernels;
    struct block_acts *sets;     // [n_sets]; see acts_of
    size_t n_sets;
    size_t y_stride, kv_stride;  // floats from a row of att_y and mlp_y, or of k and v, to the next
    size_t ff_piece;  // if ff has no floats: a member computes this many columns of all rows at a time, in its scratch
    struct batch batch;
    size_t max_rows, query_rows; // query_rows: most rows of a query block; blocks end at multiples of it
    int n_members;
    float *turns;                // [MAX_ROPES, B, R]: for each pair a cosine, then for each a sine; see turns_of
    size_t turn_floats;          // R
    float *temperatures;         // [B] factors of queries, or NULL
    struct rows wide;            // [B, W] rows of the token embedding, if projections lead to and from it; floats only
    float *low;                  // [B, low_stride] A x of up to LOW_PRODUCTS deltas, max_rank values each; or NULL
    size_t max_rank, low_stride;
    unsigned char *scratch;      // [n_members][scratch_bytes]
    size_t scratch_bytes, kernel_scratch_bytes; // of one member; the kernels use the first kernel_scratch_bytes
    atomic_bool not_finite;      // set when a NaN or infinity is found
    void *memory;
    size_t bytes;
    bool huge;                   // huge pages were requested (first pass large enough to fill them)
};

// Room for the tokens and threads of `size`. acts_plan only computes `bytes`; false: the sizes overflow.
bool acts_plan(struct acts *a, const struct model *model, const struct forward_size *size);
quill_status acts_create(struct acts *a, const struct model *model, const struct forward_size *size, quill_error *err);
void acts_free(struct acts *a);
// Call before a batch is computed: requests huge pages if the batch is long. The outputs of 16 tokens lie on 16 pages,
// so a long prompt uses many more pages than the processor translates at once; a short prompt would spend its time on
// clearing huge pages.
void acts_prepare(struct acts *a);

// The buffers of a block. If nothing is kept, all blocks share them; else the x and h after the last block are those of
// block n_layer.
static inline const struct block_acts *acts_of(const struct acts *a, int32_t layer) {
    return &a->sets[a->n_sets == 1 ? 0 : layer];
}

static inline float *turns_of(const struct acts *a, int rope, size_t row) {
    return a->turns + ((size_t)rope * a->max_rows + row) * a->turn_floats;
}

static inline void *kernel_scratch(const struct acts *a, const struct member *m) {
    return a->scratch + (size_t)m->index * a->scratch_bytes;
}
// Per-thread scratch, used for one of: the parts of query_rows queries, tile by tile; a row of E or W floats; ff_piece
// columns of ff, and as many of the other factor; a tile of a delta.
static inline float *member_scratch(const struct acts *a, const struct member *m) {
    return (float *)(void *)(a->scratch + (size_t)m->index * a->scratch_bytes + a->kernel_scratch_bytes);
}

#endif
