// SPDX-License-Identifier: MIT
// The parts of fused tensors, as views.
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "bind.h"

// A tensor's rows form `groups` groups; each group has a run of rows of every part in turn.
static const struct layout {
    int32_t groups;           // 0: as `groups_of` says
    enum bind_dim groups_of;
    struct bind_part parts[FUSED_PARTS]; // offsets of struct linear; rows DIM_NONE after the last
} layouts[FUSED_COUNT] = {
    [FUSED_QKV] = {1, DIM_NONE, {{LAYER(q), DIM_HEADS}, {LAYER(k), DIM_HEADS_KV}, {LAYER(v), DIM_HEADS_KV}}},
    [FUSED_QKV_BY_GROUP] = {0, DIM_HEADS_KV,
                            {{LAYER(q), DIM_HEADS}, {LAYER(k), DIM_HEADS_KV}, {LAYER(v), DIM_HEADS_KV}}},
    [FUSED_QVK_IN_FOUR] = {4, DIM_NONE, {{LAYER(q), DIM_HEADS}, {LAYER(v), DIM_HEADS_KV}, {LAYER(k), DIM_HEADS_KV}}},
    [FUSED_GATE_UP] = {1, DIM_NONE, {{LAYER(gate), DIM_FF}, {LAYER(up), DIM_FF}}},
    [FUSED_GATE_UP_ROWS] = {0, DIM_FF, {{LAYER(gate), DIM_FF}, {LAYER(up), DIM_FF}}},
};

size_t bind_parts(const struct bind_row *row, struct bind_part out[FUSED_PARTS]) {
    size_t n = 0;
    if (!bind_is_fused(row)) return out[0] = (struct bind_part){row->place, DIM_NONE}, 1;
    const struct bind_part *parts = layouts[row->place].parts;
    for (; n < FUSED_PARTS && parts[n].rows; n++) {
        out[n] = parts[n];
        out[n].place += bind_is_matrix(row) ? offsetof(struct linear, w) : offsetof(struct linear, b);
    }
    return n;
}

const void *bind_data(const struct bind_row *row, const void *owner, size_t place) {
    const void *at = (const char *)owner + place;
    return bind_is_matrix(row) ? (const void *)((const struct mat *)at)->data : *(const float *const *)at;
}

static size_t group_count(const struct layout *l, const struct hparams *hp) {
    if (l->groups) return (size_t)l->groups;
    return l->groups_of == DIM_HEADS_KV ? (size_t)hp->n_head_kv : (size_t)bind_dim(hp, l->groups_of);
}

// One part's rows: `rows` rows in runs of `run`; the first run begins at row `first`, the others every `step` rows.
struct runs {
    struct linear *linear;
    size_t rows, run, first, step;
};

static size_t find_runs(struct runs runs[FUSED_PARTS], struct layer_plan *layer, const struct hparams *hp,
                        enum bind_fused fused) {
    const struct layout *l = &layouts[fused];
    const size_t groups = group_count(l, hp);
    size_t n = 0, step = 0;
    for (; n < FUSED_PARTS && l->parts[n].rows; n++) {
        const size_t rows = (size_t)bind_dim(hp, l->parts[n].rows);
        struct linear *linear = (struct linear *)(void *)((char *)layer + l->parts[n].place);
        runs[n] = (struct runs){linear, rows, rows / groups, step, 0};
        step += rows / groups;
    }
    for (size_t i = 0; i < n; i++) runs[i].step = step;
    return n;
}

const char *fused_problem(const struct hparams *hp, enum bind_fused fused, struct fused_problem *out) {
    const int32_t groups = layouts[fused].groups, heads[] = {hp->n_head, hp->n_head_kv};
    for (size_t i = 0; i < 2 && groups; i++) {
        if (heads[i] % groups == 0) continue;
        snprintf(out->text, sizeof out->text, "heads: expected a multiple of %" PRId32 ", found %" PRId32, groups,
                 heads[i]);
        return out->text;
    }
    return NULL;
}

void fused_matrix(struct layer_plan *layer, const struct hparams *hp, enum bind_fused fused, struct mat w) {
    struct runs runs[FUSED_PARTS];
    const size_t n = find_runs(runs, layer, hp, fused);
    for (size_t i = 0; i < n; i++) {
        const struct runs *r = &runs[i];
        struct mat *to = &r->linear->w;
        *to = mat_rows(w, r->first, r->rows);
        if (r->run == r->rows) continue;
        const size_t step = (size_t)(mat_rows(w, r->step, 1).data - w.data); // in bytes
        if (r->run == 1 && !w.transposed) to->stride = step;
        else to->run = r->run, to->run_stride = step;
    }
}

bool fused_vector(struct layer_plan *layer, const struct hparams *hp, enum bind_fused fused, const float *v,
                  struct arena *arena) {
    struct runs runs[FUSED_PARTS];
    const size_t n = find_runs(runs, layer, hp, fused);
    for (size_t i = 0; i < n; i++) {
        const struct runs *r = &runs[i];
        r->linear->b = v + r->first;
        if (r->run == r->rows) continue;
        float *copy = arena_alloc(arena, r->rows, sizeof *copy);
        if (!copy) return false;
        for (size_t row = 0; row < r->rows; row += r->run)
            memcpy(copy + row, v + r->first + row / r->run * r->step, r->run * sizeof *copy);
        r->linear->b = copy;
    }
    return true;
}
