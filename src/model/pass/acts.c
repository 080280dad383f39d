// SPDX-License-Identifier: MIT
#include "acts.h"

#include <string.h>

#include "base/checked.h"
#include "base/map.h"

enum {
    ALIGNMENT = 64,
    HUGE_ROWS = 128,
    LINE = 64, // of a cache; rows of an odd number of them begin in different sets
    CLAIMS_LEAST = 3, // per member: with fewer, some of the team would wait long
    PART_BYTES = 512 * 1024, // a member's attention parts stay within this, with fewer rows per block, down to one
};

// Pieces of one reservation. With base NULL only the size is found out.
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

// What comes next lies at `begin` again: it is in use when the pieces since then are not. Returns where these end.
static size_t take_turns(struct carving *c, size_t begin) {
    const size_t end = c->used;
    c->used = begin;
    return end;
}
static size_t later(size_t x, size_t y) { return x > y ? x : y; }

static bool is_gated(const struct model *model) { return model->layers[0].gate.w.data != NULL; }

static struct rows carve_rows(struct carving *c, size_t n, size_t cols, size_t padding, unsigned kinds) {
    struct rows r = {.cols = cols, .stride = cols + padding};
    size_t values = n * cols;
    if (kinds & act_bit(ACT_FLOAT)) r.x = carve(c, n * r.stride, sizeof *r.x);
    for (int k = 0; k < ACT_KIND_COUNT; k++) {
        const struct act_info *kind = &act_kinds[k];
        struct qacts *q = &r.q[k];
        if (!(kinds & ACTS_QUANTIZED & act_bit((enum act_kind)k))) continue;
        q->stride = (ceil_div(cols, LINE) | 1) * LINE;
        q->q = carve(c, n * q->stride, sizeof *q->q);
        q->xd = carve(c, values / kind->block, sizeof *q->xd);
        if (k == ACT_Q8_32) q->xs = carve(c, values / kind->block, sizeof *q->xs);
        q->sum = carve(c, values / kind->group, sizeof *q->sum);
    }
    return r;
}

// Floats of one query's part of a tile: its sum for each dimension, the maximum and the denominator.
static size_t part_floats(const struct hparams *hp) { return (size_t)hp->head_dim + 2; }

// Columns of ff that a member has in hand where nobody reads ff as floats: whole blocks of those who read it, and
// enough of such pieces for the team; 0: too few.
static size_t ff_piece(const struct acts *a, const struct model *model) {
    const size_t n_ff = (size_t)model->hp.n_ff, members = (size_t)a->n_members, block = block_of(model->ff_kinds);
    const size_t step = block > model->kernels->row_chunk ? block : model->kernels->row_chunk;
    const size_t piece = round_up(ceil_div(n_ff, members * CLAIMS_EACH), step);
    return model->ff_kinds & act_bit(ACT_FLOAT) || ceil_div(n_ff, piece) < members * CLAIMS_LEAST ? 0 : piece;
}

static void carve_scratch(struct carving *c, struct acts *a, const struct model *model) {
    size_t n_tiles = ceil_div((size_t)model->hp.n_ctx, KV_TILE);
    size_t row = n_tiles * part_floats(&model->hp) * sizeof(float); // bounded by MAX_CTX and MAX_HEAD_DIM
    size_t rows = PART_BYTES / row;
    a->query_rows = rows < 1 ? 1 : rows > QUERY_ROWS ? QUERY_ROWS : rows;
    if (a->query_rows > KV_LANES) a->query_rows -= a->query_rows % KV_LANES; // blocks of keys are stored whole
    struct carving member = {0};
    carve(&member, 1, model->kernels->scratch_bytes);
    const size_t begin = a->kernel_scratch_bytes = member.used;
    carve(&member, a->query_rows, row);
    size_t end = take_turns(&member, begin);
    carve(&member, (size_t)model->hp.n_embd, sizeof(float));
    end = later(take_turns(&member, begin), end);
    if (a->ff_piece) carve(&member, a->max_rows * (a->ff_piece + PADDING) * (is_gated(model) ? 2 : 1), sizeof(float));
    a->scratch_bytes = later(member.used, end);
    a->scratch = carve(c, (size_t)a->n_members, a->scratch_bytes);
}

static void carve_all(struct carving *c, struct acts *a, const struct model *model) {
    const struct hparams *hp = &model->hp;
    size_t n = a->max_rows, heads = (size_t)hp->n_head * (size_t)hp->head_dim;
    size_t heads_kv = (size_t)hp->n_head_kv * (size_t)hp->head_dim;
    a->x = carve(c, n * (size_t)hp->n_embd, sizeof *a->x);
    a->h = carve_rows(c, n, (size_t)hp->n_embd, 0, model->h_kinds);

    size_t begin = c->used;
    a->kv_stride = heads_kv + PADDING;
    a->k = carve(c, n * a->kv_stride, sizeof *a->k);
    a->v = carve(c, n * a->kv_stride, sizeof *a->v);
    size_t end = take_turns(c, begin);
    a->y_stride = (size_t)hp->n_embd + PADDING;
    a->y = carve(c, n * a->y_stride, sizeof *a->y);
    begin = c->used = later(c->used, end);

    a->att = carve_rows(c, n, heads, PADDING, model->att_kinds | act_bit(ACT_FLOAT));
    a->q = a->att.x;
    end = take_turns(c, begin);
    a->ff_piece = ff_piece(a, model);
    a->ff = carve_rows(c, n, (size_t)hp->n_ff, PADDING, model->ff_kinds | (a->ff_piece ? 0 : act_bit(ACT_FLOAT)));
    a->up = is_gated(model) && !a->ff_piece ? carve(c, n * a->ff.stride, sizeof *a->up) : NULL;
    c->used = later(c->used, end);

    a->batch.ids = carve(c, n, sizeof *a->batch.ids);
    a->batch.seqs = carve(c, n, sizeof *a->batch.seqs);
    a->batch.positions = carve(c, n, sizeof *a->batch.positions);
    a->batch.blocks = carve(c, n, sizeof *a->batch.blocks);
    carve_scratch(c, a, model);
}

bool acts_plan(struct acts *a, const struct model *model, size_t max_rows, int n_members) {
    *a = (struct acts){.kernels = model->kernels, .max_rows = max_rows, .n_members = n_members};
    if (max_rows > INT32_MAX) return false; // and so products with the bounds of hparams.h fit
    struct carving c = {0};
    carve_all(&c, a, model);
    a->bytes = c.used;
    return !c.failed;
}

quill_status acts_create(struct acts *a, const struct model *model, size_t max_rows, int n_members, quill_error *err) {
    if (!acts_plan(a, model, max_rows, n_members) || !(a->memory = map_reserve(a->bytes))) return fail_memory(err);
    struct carving c = {.base = a->memory};
    carve_all(&c, a, model);
    return QUILL_OK;
}

void acts_prepare(struct acts *a) {
    if (a->huge || a->batch.n_rows < HUGE_ROWS) return;
    map_prefer_huge(a->memory, a->bytes);
    a->huge = true;
}

void acts_free(struct acts *a) { map_release(a->memory, a->bytes); }
