// SPDX-License-Identifier: MIT
// The buffers of a forward pass: one pointer per intermediate, all in one reservation, sized once for B tokens.
//
// Letters as in plan.h, and B: rows, that is tokens, of one call.
#ifndef QUILL_MODEL_PASS_ACTS_H
#define QUILL_MODEL_PASS_ACTS_H

#include <stdatomic.h>

#include "base/team.h"
#include "model/plan.h"

enum {
    QUERY_ROWS = 48, // rows of a query block at most: a key that was read is used so often
    CLAIMS_EACH = 8, // claims per member where the work allows it: the last one ends not long after the others
    PADDING = 16,    // floats between rows that products write: else those of a tile share few sets of the cache
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
    int32_t seq, pos; // of the first
    size_t row, n;    // rows row..row+n-1 of the batch
};

// The rows of one call. Those whose logits are wanted come first, so the last block can stop short.
struct batch {
    size_t n_rows, n_wanted;
    int32_t *ids, *seqs, *positions; // [B]
    struct query_block *blocks;      // [n_blocks]; the first n_wanted_blocks hold the wanted rows
    size_t n_blocks, n_wanted_blocks;
    bool apart;                      // no two blocks are of one sequence
};

struct acts {
    const struct kernels *kernels;
    float *x;         // [B, E] the residual stream
    struct rows h;    // [B, E] x, normalised: what attention, MLP and head read
    float *y;         // [B, E] result of attention or MLP, to be added to x
    float *k, *v;     // [B, G*D] each; y is written when they are in the cache, and lies in their place
    struct rows att;  // [B, H*D] what attention saw; its x is always there
    float *q;         // what attention looks for, in att.x: a head's is read before what it saw takes its place
    struct rows ff;   // [B, F] inside of the MLP, in the place of att
    float *up;        // [B, F] the other factor of a gated MLP, with the stride of ff; NULL: plain, or like ff.x
    size_t y_stride, kv_stride; // floats from a row of y, or of k and v, to the next
    size_t ff_piece;  // where ff.x is NULL: a member holds as many columns of all rows at a time, in its scratch
    struct batch batch;
    size_t max_rows, query_rows;   // query_rows: of a block, which ends at a multiple of them
    int n_members;
    unsigned char *scratch;        // [n_members][scratch_bytes]
    size_t scratch_bytes, kernel_scratch_bytes; // of one member; of which the kernels have the first
    atomic_bool not_finite;        // a NaN or an infinity was met
    void *memory;
    size_t bytes;
    bool huge;                     // pages of it, since a pass came that uses most of them
};

// Room for max_rows rows and n_members threads. acts_plan alone computes `bytes`; false: the sizes overflow.
bool acts_plan(struct acts *a, const struct model *model, size_t max_rows, int n_members);
quill_status acts_create(struct acts *a, const struct model *model, size_t max_rows, int n_members, quill_error *err);
void acts_free(struct acts *a);
// Before the batch is computed. Outputs of 16 tokens lie on as many pages: a long prompt is read through many more than
// the processor translates at once. A short one would spend its time on clearing huge pages.
void acts_prepare(struct acts *a);

static inline void *kernel_scratch(const struct acts *a, const struct member *m) {
    return a->scratch + (size_t)m->index * a->scratch_bytes;
}
// A member's memory for what it has in hand: the parts of query_rows queries, tile by tile; a row of h that nobody
// reads as floats; ff_piece columns of ff, and as many of the other factor.
static inline float *member_scratch(const struct acts *a, const struct member *m) {
    return (float *)(void *)(a->scratch + (size_t)m->index * a->scratch_bytes + a->kernel_scratch_bytes);
}

#endif
