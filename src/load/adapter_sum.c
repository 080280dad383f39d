// SPDX-License-Identifier: MIT
// Several adapters as one: the matrices that add to the same W are laid side by side, [A1; A2] and [s1 B1, s2 B2].
#include <math.h>

#include "adapter.h"
#include "adapter_slots.h"
#include "base/hash.h"

static bool adds(const struct delta *d, float scale) {
    return (d->a.data || d->whole.data) && d->scale * scale != 0;
}

// One slot of all adapters.
struct gathering {
    const quill_adapter_use *uses;
    size_t n;
    int32_t layer;
    size_t place;
};

static const struct delta *delta_of(const struct gathering *g, size_t i) {
    const struct delta *d = adapter_delta(&g->uses[i].adapter->deltas, g->layer, g->place);
    return adds(d, g->uses[i].scale) ? d : NULL;
}

// Puts d's rows of A and columns of B behind the first `done` ones. False: no memory.
static bool append(const struct delta *d, float scale, size_t done, float *a, float *b, size_t rank,
                   struct arena *arena) {
    const size_t r = d->a.rows;
    float *row = arena_alloc(arena, r, sizeof *row);
    if (!row) return false;
    for (size_t i = 0; i < r; i++) adapter_decode(&d->a, i, a + (done + i) * d->a.cols);
    for (size_t i = 0; i < d->b.rows; i++) {
        adapter_decode(&d->b, i, row);
        for (size_t j = 0; j < r; j++) b[i * rank + done + j] = d->scale * scale * row[j];
    }
    return true;
}

static struct mat mat_of(const float *values, size_t rows, size_t cols) {
    return (struct mat){.dtype = DTYPE_F32, .rows = rows, .cols = cols, .stride = cols * sizeof *values,
                        .data = (const uint8_t *)values};
}

static bool add_up(struct delta *out, const struct gathering *g, size_t rank, struct arena *arena) {
    const struct delta *any = NULL;
    for (size_t i = 0; i < g->n && !any; i++) any = delta_of(g, i);
    float *a = arena_alloc(arena, rank * any->a.cols, sizeof *a);
    float *b = arena_alloc(arena, rank * any->b.rows, sizeof *b);
    if (!a || !b) return false;
    for (size_t i = 0, done = 0; i < g->n; i++) {
        const struct delta *d = delta_of(g, i);
        if (!d) continue;
        if (!append(d, g->uses[i].scale, done, a, b, rank, arena)) return false;
        done += d->a.rows;
    }
    *out = (struct delta){.a = mat_of(a, rank, any->a.cols), .b = mat_of(b, any->b.rows, rank), .scale = 1};
    return true;
}

// A slot that one adapter fills keeps its matrices.
static bool gather(struct adapter_sum *sum, struct delta *out, const struct gathering *g) {
    size_t rank = 0, found = 0;
    for (size_t i = 0; i < g->n; i++) {
        const struct delta *d = delta_of(g, i);
        if (!d) continue;
        rank += d->a.rows;
        *out = *d;
        out->scale = d->scale * g->uses[i].scale;
        found++;
    }
    sum->n += found > 0;
    if (rank > sum->max_rank) sum->max_rank = rank;
    return found < 2 || add_up(out, g, rank, &sum->arena);
}

size_t adapters_rank(const quill_adapter_use *uses, size_t n) {
    size_t rank = 0;
    for (size_t i = 0; i < n; i++)
        if (uses[i].scale != 0) rank += uses[i].adapter->max_rank;
    return rank;
}

uint64_t adapters_hash(const quill_adapter_use *uses, size_t n) {
    uint64_t hash = 0;
    for (size_t i = 0; i < n; i++) {
        if (uses[i].scale == 0) continue;
        hash = hash_mix(hash ^ quill_adapter_hash(uses[i].adapter));
        hash = hash_bytes(&uses[i].scale, sizeof uses[i].scale, hash);
    }
    return hash;
}

// A matrix that replaces one of the model has no scale, and nothing beside it.
static quill_status check_wholes(const quill_adapter_use *uses, size_t n, quill_error *err) {
    for (size_t slot = 0; slot < MODEL_SLOTS; slot++) {
        struct gathering g = {uses, n, -1, adapter_model_slots[slot].place};
        size_t found = 0, whole = n;
        for (size_t i = 0; i < n; i++) {
            const struct delta *d = delta_of(&g, i);
            found += d != NULL;
            if (d && d->whole.data) whole = i;
        }
        if (whole == n) continue;
        if (uses[whole].scale != 1)
            return fail(err, QUILL_E_USAGE, "adapters: %s: expected a scale of 1, since it replaces a matrix, found %g",
                        QUOTED(str_of(uses[whole].adapter->weights->path)), (double)uses[whole].scale);
        if (found > 1)
            return fail(err, QUILL_E_USAGE, "adapters: %s: expected no other for the matrix that it replaces",
                        QUOTED(str_of(uses[whole].adapter->weights->path)));
    }
    return QUILL_OK;
}

static quill_status check(const quill_adapter_use *uses, size_t n, const struct model *model, quill_error *err) {
    for (size_t i = 0; i < n; i++) {
        if (uses[i].adapter->model != model)
            return fail(err, QUILL_E_USAGE, "adapters: expected those of this model, found one of another");
        if (!isfinite(uses[i].scale))
            return fail(err, QUILL_E_USAGE, "adapters: expected a finite scale, found %g", (double)uses[i].scale);
    }
    if (adapters_rank(uses, n) <= MAX_EMBD) return check_wholes(uses, n, err);
    return fail(err, QUILL_E_USAGE, "adapters: expected ranks of at most %d together, found %zu", MAX_EMBD,
                adapters_rank(uses, n));
}

quill_status adapter_sum_create(struct adapter_sum *sum, const quill_adapter_use *uses, size_t n,
                                const struct model *model, quill_error *err) {
    const size_t n_layer = (size_t)model_hparams(model)->n_layer;
    *sum = (struct adapter_sum){.max_rank = 0};
    quill_status s = check(uses, n, model, err);
    if (s || n == 0) return s;
    struct layer_deltas *layers = arena_alloc(&sum->arena, n_layer, sizeof *layers);
    if (!layers) return fail_memory(err);
    memset(layers, 0, n_layer * sizeof *layers);
    sum->layers = layers;
    sum->deltas.layers = layers;
    bool ok = true;
    for (size_t i = 0; i < MODEL_SLOTS && ok; i++) {
        const struct adapter_slot *slot = &adapter_model_slots[i];
        ok = gather(sum, delta_at(&sum->deltas, slot->delta), &(struct gathering){uses, n, -1, slot->place});
    }
    for (size_t l = 0; l < n_layer; l++)
        for (size_t i = 0; i < LAYER_SLOTS && ok; i++) {
            const struct adapter_slot *slot = &adapter_layer_slots[i];
            ok = gather(sum, delta_at(&layers[l], slot->delta),
                        &(struct gathering){uses, n, (int32_t)l, slot->place});
        }
    return ok ? QUILL_OK : fail_memory(err);
}

void adapter_sum_free(struct adapter_sum *sum) { arena_free(&sum->arena); }
