// SPDX-License-Identifier: MIT
#include "acts.h"

#include "base/alloc.h"
#include "base/checked.h"
#include "base/map.h"

enum {
    ALIGNMENT = 64,
    HUGE_ROWS = 128,
    CLAIMS_LEAST = 3, // per member: with fewer, some members would wait long
    PART_BYTES = 512 * 1024, // limit of a member's attention parts: query blocks get fewer rows, down to one
};

// Carves one reservation into pieces. With base NULL, only computes the size.
struct carving {
    unsigned char *base;
    size_t used;
    bool failed;
};

static void *carve(struct carving *c, size_t count, size_t size) {
    size_t bytes;
    uint64_t end;
    void *piece = c->base ? c->base + c->used : NULL;
    if (!checked_mul_size(&bytes, count, size) || !checked_add_size(&bytes, bytes, c->used) ||
        !checked_round_up(&end, bytes, ALIGNMENT))
        c->failed = true;
    else
        c->used = (size_t)end;
    return piece;
}

static size_t larger(size_t x, size_t y) { return x > y ? x : y; }

static bool is_gated(const struct model *model) { return model->layers[0].gate.w.data != NULL; }

// Floats of one query's part of a tile: a sum for each dimension, the maximum and the denominator.
static size_t part_floats(const struct hparams *hp) { return (size_t)hp->head_dim + 2; }

// If no matrix reads ff as floats: how many columns of ff a member computes at a time, in whole blocks of the kinds
// that read it and in enough pieces for the team. 0: there would be too few pieces.
static size_t ff_piece(const struct acts *a, const struct model *model) {
    const size_t n_ff = (size_t)model->hp.n_ff, members = (size_t)a->n_members, block = block_of(model->ff_kinds);
    const size_t step = block > model->kernels->row_chunk ? block : model->kernels->row_chunk;
    const size_t piece = round_up(ceil_div(n_ff, members * CLAIMS_EACH), step);
    return model->ff_kinds & act_bit(ACT_FLOAT) || ceil_div(n_ff, piece) < members * CLAIMS_LEAST ? 0 : piece;
}

// ---- a set of buffers ----

// Buffers are at base + their places in the layout. base NULL: only sizes are computed, and pointers stay NULL.
struct set {
    const struct act_sizes *sizes;
    const struct act_layout *layout;
    unsigned char *base;
};

static void *at(const struct set *set, uint64_t offset) { return set->base + (size_t)offset; }

static float *floats_of(const struct set *set, enum buffer_id id) {
    return set->layout->at[id].bytes ? at(set, set->layout->at[id].begin) : NULL;
}

static struct rows rows_of(const struct set *set, enum buffer_id floats, enum buffer_id quants) {
    const struct model *model = set->sizes->model;
    const enum buffer_width width = buffer_rows[floats].width;
    struct rows r = {floats_of(set, floats), buffer_cols(model, width), buffer_stride(model, floats), {{0}}};
    uint64_t begin = set->layout->at[quants].begin;
    for (int k = 0; k < ACT_KIND_COUNT; k++) {
        if (!(buffer_kinds(model, width) & ACTS_QUANTIZED & act_bit((enum act_kind)k))) continue;
        const struct quant_parts p = quant_parts(set->sizes, width, (enum act_kind)k, begin);
        r.q[k] = (struct qacts){.stride = (size_t)p.stride};
        if (k == ACT_BF16) r.q[k].bf16 = at(set, p.q);
        else r.q[k].q = at(set, p.q), r.q[k].xd = at(set, p.xd);
        if (k == ACT_Q8_32) r.q[k].xs = at(set, p.xs), r.q[k].start = at(set, p.sums);
        if (k == ACT_Q8_256) r.q[k].sums = at(set, p.sums);
        begin = p.end;
    }
    return r;
}

static struct rows stream_of(const struct set *set) { return rows_of(set, BUF_H, BUF_H_Q); }

static struct block_acts block_of_set(const struct set *set) {
    return (struct block_acts){
        .x = floats_of(set, BUF_X), .h = stream_of(set),
        .q = floats_of(set, BUF_Q), .k = floats_of(set, BUF_K), .v = floats_of(set, BUF_V),
        .att = rows_of(set, BUF_ATT, BUF_ATT_Q), .att_y = floats_of(set, BUF_ATT_Y),
        .mid = floats_of(set, BUF_MID), .mlp_h = rows_of(set, BUF_MLP_H, BUF_MLP_H_Q),
        .pre = floats_of(set, BUF_PRE), .up = floats_of(set, BUF_UP), .ff = rows_of(set, BUF_FF, BUF_FF_Q),
        .mlp_y = floats_of(set, BUF_MLP_Y),
    };
}

// One set; or, if everything is kept, one per block, and the stream after the last.
static void carve_sets(struct carving *c, struct acts *a, const struct act_sizes *sizes) {
    struct act_layout layout;
    lay_out(&layout, sizes);
    const size_t n_blocks = sizes->keep ? (size_t)sizes->model->hp.n_layer : 1;
    a->n_sets = n_blocks + sizes->keep;
    if (layout.set_bytes > SIZE_MAX) c->failed = true;
    unsigned char *base = carve(c, n_blocks, (size_t)layout.set_bytes);
    if (sizes->keep) carve(c, 1, (size_t)layout.stream_bytes);
    if (!base) return;
    for (size_t i = 0; i < a->n_sets; i++) {
        const struct set set = {sizes, &layout, base + i * (size_t)layout.set_bytes};
        if (i < n_blocks) a->sets[i] = block_of_set(&set);
        else a->sets[i] = (struct block_acts){.x = floats_of(&set, BUF_X), .h = stream_of(&set)};
    }
}

// ---- all of it ----

// A member's scratch: that of the kernels, and after it one region that each use of member_scratch begins at.
static void carve_scratch(struct carving *c, struct acts *a, const struct model *model) {
    size_t n_tiles = ceil_div((size_t)model->hp.n_ctx, KV_TILE);
    size_t row = n_tiles * part_floats(&model->hp) * sizeof(float); // bounded by MAX_CTX and MAX_HEAD_DIM
    size_t rows = PART_BYTES / row;
    a->query_rows = rows < 1 ? 1 : rows > QUERY_ROWS ? QUERY_ROWS : rows;
    if (a->query_rows > KV_LANES) a->query_rows -= a->query_rows % KV_LANES; // so that whole blocks of keys are stored
    struct carving kernels = {0}, parts = {0}, one_row = {0}, piece = {0}, tile = {0};
    carve(&kernels, 1, model->kernels->scratch_bytes);
    carve(&parts, a->query_rows, row);
    carve(&one_row, larger((size_t)model->hp.n_embd, a->max_rank ? model->tokens.cols : 0), sizeof(float));
    if (a->max_rank) carve(&tile, DELTA_TILE, DELTA_TILE * sizeof(float));
    if (a->ff_piece) carve(&piece, a->max_rows * (a->ff_piece + PADDING) * (is_gated(model) ? 2 : 1), sizeof(float));
    a->kernel_scratch_bytes = kernels.used;
    a->scratch_bytes = kernels.used + larger(larger(parts.used, tile.used), larger(one_row.used, piece.used));
    if (piece.failed) c->failed = true;
    a->scratch = carve(c, (size_t)a->n_members, a->scratch_bytes);
}

static void carve_all(struct carving *c, struct acts *a, const struct model *model, const struct forward_size *size) {
    const size_t n = a->max_rows;
    const bool floats = size->keep || size->max_rank > 0;
    a->ff_piece = floats ? 0 : ff_piece(a, model);
    a->kv_stride = buffer_stride(model, BUF_K);
    a->y_stride = buffer_stride(model, BUF_ATT_Y);
    carve_sets(c, a, &(struct act_sizes){.model = model, .rows = n, .floats = floats, .pieces = a->ff_piece > 0,
                                         .keep = size->keep});
    a->batch.ids = carve(c, n, sizeof *a->batch.ids);
    a->batch.seqs = carve(c, n, sizeof *a->batch.seqs);
    a->batch.positions = carve(c, n, sizeof *a->batch.positions);
    a->batch.blocks = carve(c, n, sizeof *a->batch.blocks);
    a->turn_floats = (size_t)model->hp.rope_dims;
    if (a->turn_floats) a->turns = carve(c, MAX_ROPES * n, a->turn_floats * sizeof *a->turns);
    if (model->hp.q_temperature > 0) a->temperatures = carve(c, n, sizeof *a->temperatures);
    if (model->embd_in.w.data) {
        a->wide.cols = model->tokens.cols;
        a->wide.stride = a->wide.cols + PADDING;
        a->wide.x = carve(c, n, a->wide.stride * sizeof *a->wide.x);
    }
    if (a->max_rank) a->low = carve(c, n, a->low_stride * sizeof *a->low);
    carve_scratch(c, a, model);
}

bool acts_plan(struct acts *a, const struct model *model, const struct forward_size *size) {
    *a = (struct acts){.kernels = model->kernels, .max_rows = size->max_tokens, .n_members = size->n_threads};
    a->max_rank = size->max_rank;
    a->low_stride = LOW_PRODUCTS * a->max_rank;
    // Together with the bounds of hparams.h, this keeps products from overflowing.
    if (a->max_rows > INT32_MAX || a->max_rank > MAX_EMBD) return false;
    struct carving c = {0};
    carve_all(&c, a, model, size);
    a->bytes = c.used;
    return !c.failed;
}

quill_status acts_create(struct acts *a, const struct model *model, const struct forward_size *size, quill_error *err) {
    if (!acts_plan(a, model, size)) return fail_memory(err);
    a->sets = alloc_array(a->n_sets, sizeof *a->sets);
    a->memory = map_reserve(a->bytes);
    if (!a->sets || !a->memory) {
        acts_free(a);
        return fail_memory(err);
    }
    struct carving c = {.base = a->memory};
    carve_all(&c, a, model, size);
    return QUILL_OK;
}

void acts_prepare(struct acts *a) {
    if (a->huge || a->batch.n_rows < HUGE_ROWS) return;
    map_prefer_huge(a->memory, a->bytes);
    a->huge = true;
}

void acts_free(struct acts *a) {
    free(a->sets);
    map_release(a->memory, a->bytes);
}
