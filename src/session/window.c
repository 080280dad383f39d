// SPDX-License-Identifier: MIT
#include "window.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

bool window_create(struct window *w, int32_t n_ctx) {
    *w = (struct window){.n_ctx = (size_t)n_ctx};
    w->ids = alloc_array(w->n_ctx + 1, sizeof *w->ids);
    return w->ids;
}

void window_free(struct window *w) {
    free(w->ids);
    free(w->all);
}

static bool reserve(struct window *w, size_t more) {
    if (!w->shifts) return true;
    int32_t *all = alloc_grow(w->all, &w->cap_all, w->n_all + more, sizeof *all);
    if (all) w->all = all;
    return all;
}

bool window_begin(struct window *w, const int32_t *ids, size_t n, bool shifts) {
    w->n = w->n_all = w->n_shifts = w->kept = 0;
    w->shifts = shifts;
    if (!reserve(w, n)) return false;
    for (size_t i = 0; i < n; i++) window_add(w, ids[i]);
    return true;
}

bool window_reserve(struct window *w) { return reserve(w, 1); }

void window_add(struct window *w, int32_t id) {
    w->ids[w->n++] = id;
    if (w->shifts) w->all[w->n_all++] = id;
}

const int32_t *window_all(const struct window *w, size_t *n) {
    *n = w->shifts ? w->n_all : w->n;
    return w->shifts ? w->all : w->ids;
}

void window_shift(struct window *w) {
    const size_t dropped = (w->n - w->kept) / 2;
    memmove(w->ids + w->kept, w->ids + w->kept + dropped, (w->n - w->kept - dropped) * sizeof *w->ids);
    w->n -= dropped;
    w->n_shifts++;
}
