// SPDX-License-Identifier: MIT
// The memory of a forward pass: one pointer per intermediate, all in one reservation, sized once for B tokens.
//
// Letters as in plan.h, and B: rows, that is tokens, of one call. When each buffer is alive: lifetimes.h.
#ifndef QUILL_MODEL_PASS_ACTS_H
#define QUILL_MODEL_PASS_ACTS_H

#include <stdatomic.h>

#include "base/team.h"
#include "lifetimes.h"
#include "model/model.h"

enum {
    QUERY_ROWS = 48, // most rows in a query block; each key loaded is reused this many times
    LOW_PRODUCTS = 3, // that read the same input: q, k, v
    DELTA_TILE = 64,  // tokens and rows of a product that a delta is added to at a time
    CLAIMS_EACH = 8, // claims per member where the work allows it, so that no member finishes much later than the rest
};

static inline size_t round_up(size_t x, size_t step) { return (x + step - 1) / step * step; }
static inline size_t ceil_div(size_t x, size_t y) { return (x + y - 1) / y; }

// Values of which every kind of a set has whole blocks.
static inline size_t block_of(unsigned kinds) {
    size_t block = 1;
    for (int k = 0; k < ACT_KIND_COUNT; k++) {
        const bool has = kinds & ACTS_QUANTIZED & act_bit((enum act_kind)k);
        if (has && act_kinds[k].block > block) block = act_kinds[k].block;
    }
    return block;
}

// The input of matrix products: as floats, and quantized once per kind for all that read it. NULL pointers where no
// matrix of the model reads them.
struct rows {
    float *x; // [B, stride], of which each row has `cols`
    size_t cols, stride;
    struct qacts q[ACT_KIND_COUNT]; // the same, quantized
};

// Queries of one sequence at consecutive positions, which attend together.
struct query_block {
    int32_t seq, pos;      // of the first
    size_t row, n;         // rows row..row+n-1 of the batch
    int32_t until, prefix; // positions of the sequence after the call, and of its prefix
};

// The rows of one call. Those whose logits are wanted come first, so the last block can stop short.
struct batch {
    size_t n_rows, n_wanted;
    int32_t *ids, *seqs, *positions; // [B]
    struct query_block *blocks;      // [n_blocks]; the first n_wanted_blocks hold the wanted rows
    size_t n_blocks, n_wanted_blocks;
    bool apart;                      // no two blocks are of one sequence
};

// What one block reads and writes. Products write rows that are PADDING floats longer than wide.
struct block_acts {
    float *x;         // [B, E] the residual stream
    struct rows h;    // [B, E] x, normalised: what attention reads, and behind the last block the head
    float *q, *k, *v; // [B, H*D], [B, G*D] each
    struct rows att;  // [B, H*D] what attention saw
    float *att_y;     // [B, E] attention's result
    float *mid;       // [B, E] x + att_y
    struct rows mlp_h; // [B, E] mid, normalised: what the MLP reads
    float *pre;       // [B, F] of the MLP's first matrix, as the activation reads it; with the stride of ff
    float *up;        // [B, F] the other factor of a gated MLP, likewise; NULL: plain
    struct rows ff;   // [B, F] inside of the MLP
    float *mlp_y;     // [B, E] the MLP's result
};

struct acts {
    const struct kernels *kernels;
    struct block_acts *sets;     // [n_sets]; see acts_of
    size_t n_sets;
    size_t y_stride, kv_stride;  // floats from a row of att_y and mlp_y, or of k and v, to the next
    size_t ff_piece;  // where ff has no floats: a member holds as many columns of all rows at a time, in its scratch
    struct batch batch;
    size_t max_rows, query_rows; // query_rows: of a block, which ends at a multiple of them
    int n_members;
    float *low;                  // [B, low_stride] A x of up to LOW_PRODUCTS deltas, max_rank values each; or NULL
    size_t max_rank, low_stride;
    unsigned char *scratch;      // [n_members][scratch_bytes]
    size_t scratch_bytes, kernel_scratch_bytes; // of one member; of which the kernels have the first
    atomic_bool not_finite;      // set when a NaN or infinity is found
    void *memory;
    size_t bytes;
    bool huge;                   // huge pages were requested (first pass large enough to fill them)
};

// Room for the tokens and threads of `size`. acts_plan alone computes `bytes`; false: the sizes overflow.
bool acts_plan(struct acts *a, const struct model *model, const struct forward_size *size);
quill_status acts_create(struct acts *a, const struct model *model, const struct forward_size *size, quill_error *err);
void acts_free(struct acts *a);
// Before the batch is computed. Outputs of 16 tokens lie on as many pages: a long prompt is read through many more than
// the processor translates at once. A short one would spend its time on clearing huge pages.
void acts_prepare(struct acts *a);

// The buffers of a block. Where nothing is kept these are the same for all; else what follows the last block, its x and
// h, are those of block n_layer.
static inline const struct block_acts *acts_of(const struct acts *a, int32_t layer) {
    return &a->sets[a->n_sets == 1 ? 0 : layer];
}

static inline void *kernel_scratch(const struct acts *a, const struct member *m) {
    return a->scratch + (size_t)m->index * a->scratch_bytes;
}
// Per-thread scratch, used for one of: the parts of query_rows queries, tile by tile; a row of E floats; ff_piece
// columns of ff, and as many of the other factor; a tile of a delta.
static inline float *member_scratch(const struct acts *a, const struct member *m) {
    return (float *)(void *)(a->scratch + (size_t)m->index * a->scratch_bytes + a->kernel_scratch_bytes);
}

#endif
