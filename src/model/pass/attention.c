// SPDX-License-Identifier: MIT
// Multi-head attention over the KV cache (Vaswani et al. 2017, section 3.2; grouped heads: Ainslie et al. 2023).
//
// Letters as in acts.h. A query sees a range of positions, stored in tiles of 256. Each tile yields a maximum, a
// denominator and D sums, which are merged in ascending order. So the result does not depend on how a prompt is split
// into calls or how rows are split into blocks.
#include "heads.h"
#include "ops.h"
#include "pass.h"
#include "tensor/half.h"

enum { STORE_CLAIMS = 8 }; // per member

// One layer's attention, as one member of the team computes it.
struct attention {
    struct acts *a;
    const struct block_acts *b;
    const struct kv_cache *kv;
    const struct layer_plan *plan;
    struct heads heads;
    void *kernel_scratch;
    float *parts;               // see struct parts
    int32_t layer;
    size_t n_head, group, dim;  // H, H/G, D
    size_t together;            // heads of a group that a claim attends with: more than 1 only for blocks of one row
    unsigned kinds;             // formats in which `att` is read, if a head's values are whole blocks of them; else 0
    bool alone;                 // this thread is the only reader of a block's keys and values, so it stores them itself
};

// Positions from..until-1. Neither end decreases from one position to the next.
struct range {
    int32_t from, until;
};

static struct range seen(const struct layer_plan *p, const struct query_block *block, int32_t position) {
    struct range r = {0, position + 1};
    if (p->mask == MASK_ALL) r.until = block->until;
    if (p->mask == MASK_PREFIX && block->prefix > r.until) r.until = block->prefix;
    if (p->window > 0 && position >= p->window) r.from = position - p->window + 1;
    if (p->window > 0 && r.until - position > p->window) r.until = position + p->window;
    return r;
}

// ---- storing ----

// Stores keys and values of a block's rows for one head.
static void store_block(const struct attention *at, const struct query_block *block, size_t head) {
    const struct acts *a = at->a;
    const struct kv_cache *kv = at->kv;
    const size_t stride = a->kv_stride;
    for (size_t i = 0; i < block->n; i++) prepare_key_and_value(&at->heads, head, block->row + i);
    for (size_t done = 0, n; done < block->n; done += n) {
        const int32_t position = block->pos + (int32_t)done;
        const size_t in_tile = (size_t)position % KV_TILE, from = (block->row + done) * stride + head * at->dim;
        uint8_t *keys = kv_keys(kv, block->seq, position, at->layer, (int32_t)head);
        n = block->n - done < KV_TILE - in_tile ? block->n - done : KV_TILE - in_tile;
        a->kernels->kv_store[kv->type](&(struct kv_store_job){
            keys, keys + kv->keys_bytes, in_tile, n, at->dim, at->b->k + from, at->b->v + from, stride,
        });
    }
}

// Stores those of all rows. The heads of the same rows follow each other, so that rows are read in memory order.
static void store(struct member *m, const struct attention *at) {
    const struct batch *batch = &at->a->batch;
    size_t heads = (size_t)at->kv->n_head_kv, begin, end;
    size_t n_items = batch->n_blocks * heads, share = (size_t)m->size * STORE_CLAIMS;
    team_begin(m);
    while (team_claim(m, n_items, ceil_div(n_items, share), &begin, &end))
        for (size_t i = begin; i < end; i++) store_block(at, &batch->blocks[i / heads], i % heads);
    team_end(m);
}

// ---- attending ----

// Queries that share their keys: one head of a block's rows, or several heads of a row.
struct queries {
    const struct query_block *block;
    size_t head, n_heads;
};

static size_t query_count(const struct queries *q) { return q->block->n * q->n_heads; }

// The results of each tile for n queries: m and l are [n, n_tiles], o is [n, n_tiles, D].
struct parts {
    size_t n_tiles;
    int32_t first_tile;
    float *m, *l, *o;
};

// The position of query i.
static int32_t position_of(const struct queries *q, size_t i) {
    return q->block->pos + (q->n_heads > 1 ? 0 : (int32_t)i);
}

// Which positions of a tile the queries see: lo[i] <= position < hi[i], counted from the tile's first, as is the
// query's own. The queries that see any are one run, first..last-1.
struct view {
    int32_t lo[QUERY_ROWS], hi[QUERY_ROWS], pos[QUERY_ROWS];
    size_t first, last;
};

static void visible(struct view *v, const struct layer_plan *p, const struct queries *q, int32_t tile) {
    int32_t start = tile * KV_TILE, stop = start + KV_TILE;
    const size_t n = query_count(q);
    v->first = v->last = n;
    for (size_t i = 0; i < n; i++) {
        const int32_t position = position_of(q, i);
        const struct range r = seen(p, q->block, position);
        if (r.until <= start || r.from >= stop) continue;
        if (v->first == n) v->first = i;
        v->last = i + 1;
        v->lo[i] = r.from > start ? r.from - start : 0;
        v->hi[i] = r.until < stop ? r.until - start : KV_TILE;
        v->pos[i] = position - start;
    }
}

static const uint8_t *keys_of(const struct attention *at, const struct query_block *block, size_t head, int32_t tile) {
    return kv_keys(at->kv, block->seq, tile * KV_TILE, at->layer, (int32_t)(head / at->group));
}

// Falcon's slopes as transformers adds them: a term for each key, whatever the query.
static void rounded_slopes(float bias[KV_TILE], const struct layer_plan *p, size_t head, int32_t tile) {
    const float slope = bf16_to_f32(bf16_from_f32(p->slopes[head]));
    for (int32_t j = 0; j < KV_TILE; j++) {
        const float position = bf16_to_f32(bf16_from_f32((float)(tile * KV_TILE + j)));
        bias[j] = bf16_to_f32(bf16_from_f32(slope * position)) * p->slope_rounded;
    }
}

// next: the keys that will be read after this tile, or NULL.
static void attend_tile(const struct attention *at, const struct queries *q, int32_t tile, const struct parts *parts,
                        const uint8_t *next) {
    struct view v;
    float bias[KV_TILE];
    const bool rounded = at->plan->slope_rounded != 0;
    visible(&v, at->plan, q, tile);
    if (rounded) rounded_slopes(bias, at->plan, q->head, tile);
    const uint8_t *keys = keys_of(at, q->block, q->head, tile);
    const size_t stride = q->n_heads > 1 ? at->dim : at->b->att.stride;
    size_t part = v.first * parts->n_tiles + (size_t)(tile - parts->first_tile);
    struct attn_job job = {
        .head_dim = at->dim,
        .n_q = v.last - v.first,
        .q = at->b->q + q->block->row * at->b->att.stride + q->head * at->dim + v.first * stride,
        .q_stride = stride,
        .keys = keys,
        .values = keys + at->kv->keys_bytes,
        .next = next,
        .lo = v.lo + v.first,
        .hi = v.hi + v.first,
        .pos = v.pos + v.first,
        .scale = at->plan->score_scale,
        .softcap = at->plan->score_softcap,
        .slope = at->plan->slopes && !rounded ? at->plan->slopes[q->head] : 0,
        .bias = rounded ? bias : NULL,
        .bias_stride = 0, // the same for every query
        .m = parts->m + part,
        .l = parts->l + part,
        .ml_stride = parts->n_tiles,
        .o = parts->o + part * at->dim,
        .o_stride = parts->n_tiles * at->dim,
        .scratch = at->kernel_scratch,
    };
    at->a->kernels->attn_tile[at->kv->type](&job);
}

static int32_t first_tile(const struct attention *at, const struct query_block *block) {
    return seen(at->plan, block, block->pos).from / KV_TILE;
}

// Merges the tiles of query i into its row of `att`.
static void finish_query(const struct attention *at, const struct queries *q, const struct parts *parts, size_t i) {
    const struct range r = seen(at->plan, q->block, position_of(q, i));
    const size_t row = q->block->row + (q->n_heads > 1 ? 0 : i), head = q->head + (q->n_heads > 1 ? i : 0);
    const int32_t from = r.from / KV_TILE;
    const size_t part = i * parts->n_tiles + (size_t)(from - parts->first_tile);
    const size_t n_tiles = (size_t)((r.until - 1) / KV_TILE - from + 1);
    float *out = at->b->att.x + row * at->b->att.stride + head * at->dim;
    at->a->kernels->attn_merge(out, parts->m + part, parts->l + part, parts->o + part * at->dim, n_tiles, at->dim);
    if (at->kinds) quantize_piece(at->a, &at->b->att, at->kinds, row, head * at->dim, out, at->dim);
}

// then: the keys that will probably be read after these queries.
static void attend_queries(const struct attention *at, const struct queries *q, const uint8_t *then) {
    const struct query_block *block = q->block;
    const int32_t end = seen(at->plan, block, block->pos + (int32_t)block->n - 1).until;
    const int32_t first = first_tile(at, block), last = (end - 1) / KV_TILE;
    const size_t n = query_count(q);
    struct parts parts = {.n_tiles = (size_t)(last - first + 1), .first_tile = first, .m = at->parts};
    if (at->alone) store_block(at, block, q->head / at->group);
    for (size_t row = 0; row < block->n; row++)
        for (size_t i = 0; i < q->n_heads; i++) prepare_query(&at->heads, q->head + i, block->row + row);
    parts.l = parts.m + n * parts.n_tiles;
    parts.o = parts.l + n * parts.n_tiles;
    for (int32_t tile = first; tile <= last; tile++)
        attend_tile(at, q, tile, &parts, tile < last ? keys_of(at, block, q->head, tile + 1) : then);
    for (size_t i = 0; i < n; i++) finish_query(at, q, &parts, i);
}

// A claim: the blocks of the same heads follow each other while their keys and values are in the caches; later blocks,
// which see more positions, come first. A group's heads are attended with together, or in parts of `together`.
static struct queries claimed(const struct attention *at, size_t n_blocks, size_t claim) {
    const size_t parts = ceil_div(at->group, at->together), part = claim / n_blocks;
    const size_t in_group = part % parts * at->together, rest = at->group - in_group;
    return (struct queries){
        &at->a->batch.blocks[n_blocks - 1 - claim % n_blocks], part / parts * at->group + in_group,
        rest < at->together ? rest : at->together,
    };
}

// att = softmax(q k^T) v.
static void attend(struct member *m, const struct attention *at, size_t n) {
    const struct batch *batch = &at->a->batch;
    const size_t n_blocks = n < batch->n_rows ? batch->n_wanted_blocks : batch->n_blocks;
    const size_t n_claims = n_blocks * at->n_head / at->group * ceil_div(at->group, at->together);
    size_t begin, end;
    team_begin(m);
    while (team_claim(m, n_claims, 1, &begin, &end)) {
        const size_t next = begin + 1; // claimed by the same member while all are equally fast
        const struct queries q = claimed(at, n_blocks, begin), after = claimed(at, n_blocks, next % n_claims);
        const uint8_t *then =
            next < n_claims ? keys_of(at, after.block, after.head, first_tile(at, after.block)) : NULL;
        attend_queries(at, &q, then);
    }
    team_end(m);
}

// If every block is one row, the heads of a group read their keys together, as long as all members have work. Heads
// with slopes of their own attend alone.
static size_t heads_together(const struct member *m, const struct acts *a, const struct layer_plan *p, size_t group,
                             size_t n_head_kv) {
    if (a->batch.n_blocks != a->batch.n_rows || p->slopes) return 1;
    const size_t items = a->batch.n_blocks * n_head_kv, members = (size_t)m->size;
    const size_t parts = items >= members ? 1 : ceil_div(members, items);
    const size_t together = ceil_div(group, parts < group ? parts : group);
    return together < a->query_rows ? together : a->query_rows;
}

void attention_forward(struct member *m, const struct pass *pass, int32_t layer, size_t n) {
    struct acts *a = pass->acts;
    const struct block_acts *b = acts_of(a, layer);
    const struct hparams *hp = &pass->model->hp;
    const struct layer_plan *p = &pass->model->layers[layer];
    const size_t all = a->batch.n_rows, dim = (size_t)hp->head_dim, group = (size_t)(hp->n_head / hp->n_head_kv);
    const unsigned kinds = kinds_of(&p->o) & ACTS_QUANTIZED;
    const size_t together = heads_together(m, a, p, group, (size_t)hp->n_head_kv);
    const bool by_head = dim % block_of(kinds) == 0, alone = together == group && a->batch.apart && n == all;
    const struct attention at = {
        a, b, pass->kv, p, {a, b, p, p->rope < 0 ? NULL : &pass->model->ropes[p->rope], dim, hp->norm_eps},
        kernel_scratch(a, m), member_scratch(a, m), layer, (size_t)hp->n_head, group, dim,
        together, by_head ? kinds : 0, alone,
    };
    const struct layer_deltas *d = deltas_of(pass, layer);
    const struct product qkv[] = {
        {&p->q, &d->q, b->q, n, b->att.stride, false, 0, 0},
        {&p->k, &d->k, b->k, all, a->kv_stride, false, 0, 0},
        {&p->v, &d->v, b->v, all, a->kv_stride, false, 0, 0},
    };
    const struct product out = {&p->o, &d->o, b->att_y, n, a->y_stride, false, 0, 0};

    op_linear(m, a, &b->h, qkv, 3);
    if (p->qk_norm == QK_NORM_ROW) op_norm_heads(m, &at.heads, n, all);
    if (!alone) store(m, &at);
    if (n == 0) return;
    attend(m, &at, n);
    if (!by_head) op_activate(m, a, &b->att, &(struct activation){.from = b->att.x, .kinds = kinds}, n);
    op_linear(m, a, &b->att, &out, 1);
}
