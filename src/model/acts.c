// SPDX-License-Identifier: MIT
#include "acts.h"

#include <string.h>

#include "base/checked.h"
#include "base/map.h"

enum {
    ALIGNMENT = 64,
    HUGE_ROWS = 128,
    PADDING = 16, // floats between the rows of the MLP: at multiples of 4 KiB they would share a few sets of the cache
    PART_BYTES = 256 * 1024, // a member's attention parts stay within this, with fewer rows per block, down to one
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

// A kind whose blocks the rows are no multiple of is left out: no matrix of such a kind has such rows.
static struct rows carve_rows(struct carving *c, size_t n, size_t cols, size_t padding, unsigned quantized) {
    struct rows r = {.cols = cols, .stride = cols + padding};
    size_t values = n * cols;
    r.x = carve(c, n * r.stride, sizeof *r.x);
    for (int k = 0; k < ACT_KIND_COUNT; k++) {
        const struct act_info *kind = &act_kinds[k];
        struct qacts *q = &r.q[k];
        if (!(quantized & act_bit((enum act_kind)k)) || cols % kind->block) continue;
        q->q = carve(c, values, sizeof *q->q);
        q->xd = carve(c, values / kind->block, sizeof *q->xd);
        if (k == ACT_Q8_32) q->xs = carve(c, values / kind->block, sizeof *q->xs);
        q->sum = carve(c, values / kind->group, sizeof *q->sum);
    }
    return r;
}

// Floats of one query's part of a tile: its sum for each dimension, the maximum and the denominator.
static size_t part_floats(const struct hparams *hp) { return (size_t)hp->head_dim + 2; }

static void carve_scratch(struct carving *c, struct acts *a, const struct model *model) {
    size_t n_tiles = ((size_t)model->hp.n_ctx + KV_TILE - 1) / KV_TILE;
    size_t row = n_tiles * part_floats(&model->hp) * sizeof(float); // bounded by MAX_CTX and MAX_HEAD_DIM
    size_t rows = PART_BYTES / row;
    a->query_rows = rows < 1 ? 1 : rows > QUERY_ROWS ? QUERY_ROWS : rows;
    struct carving member = {0};
    carve(&member, 1, model->kernels->scratch_bytes);
    a->kernel_scratch_bytes = member.used;
    carve(&member, a->query_rows, row);
    a->scratch_bytes = member.used;
    a->scratch = carve(c, (size_t)a->n_members, a->scratch_bytes);
}

static void carve_all(struct carving *c, struct acts *a, const struct model *model) {
    const struct hparams *hp = &model->hp;
    size_t n = a->max_rows, heads = (size_t)hp->n_head * (size_t)hp->head_dim;
    size_t heads_kv = (size_t)hp->n_head_kv * (size_t)hp->head_dim;
    a->x = carve(c, n * (size_t)hp->n_embd, sizeof *a->x);
    a->h = carve_rows(c, n, (size_t)hp->n_embd, 0, model->quantized);
    a->q = carve(c, n * heads, sizeof *a->q);
    a->k = carve(c, n * heads_kv, sizeof *a->k);
    a->v = carve(c, n * heads_kv, sizeof *a->v);
    a->att = carve_rows(c, n, heads, 0, model->quantized);
    a->ff = carve_rows(c, n, (size_t)hp->n_ff, PADDING, model->quantized);
    a->up = model->layers[0].gate.w.data ? carve(c, n * a->ff.stride, sizeof *a->up) : NULL;
    a->y = carve(c, n * (size_t)hp->n_embd, sizeof *a->y);
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
