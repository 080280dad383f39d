// SPDX-License-Identifier: MIT
#include "candidates.h"

#include <float.h>
#include <math.h>

#include "base/alloc.h"
#include "base/dmath.h"

bool candidates_create(struct candidates *c, size_t limit) {
    *c = (struct candidates){.limit = limit};
    c->id = alloc_array(limit, sizeof *c->id);
    c->logit = alloc_array(limit, sizeof *c->logit);
    c->weight = alloc_array(limit, sizeof *c->weight);
    c->key = alloc_array(limit, sizeof *c->key);
    c->entries = alloc_array(limit, sizeof *c->entries);
    return c->id && c->logit && c->weight && c->key && c->entries;
}

void candidates_free(struct candidates *c) {
    free(c->id);
    free(c->logit);
    free(c->weight);
    free(c->key);
    free(c->entries);
    *c = (struct candidates){0};
}

// ---- heaps of entries: the root comes after all others in the order, so popping sorts ascending -

typedef bool order_fn(const struct entry *a, const struct entry *b); // a comes before b; a total order

static bool larger_first(const struct entry *a, const struct entry *b) {
    return a->value != b->value ? a->value > b->value : a->id < b->id;
}

static bool smaller_first(const struct entry *a, const struct entry *b) {
    return a->value != b->value ? a->value < b->value : a->id < b->id;
}

static bool lower_id_first(const struct entry *a, const struct entry *b) { return a->id < b->id; }

static inline void sift_down(struct entry *e, size_t n, size_t i, order_fn *before) {
    const struct entry moved = e[i];
    for (size_t child; (child = 2 * i + 1) < n; i = child) {
        if (child + 1 < n && before(&e[child], &e[child + 1])) child++;
        if (!before(&moved, &e[child])) break;
        e[i] = e[child];
    }
    e[i] = moved;
}

static inline void make_heap(struct entry *e, size_t n, order_fn *before) {
    for (size_t i = n / 2; i-- > 0;) sift_down(e, n, i, before);
}

// Heapsort: in place, and its time does not depend on the input.
static inline void sort_by(struct entry *e, size_t n, order_fn *before) {
    make_heap(e, n, before);
    for (size_t left = n; left > 1; left--) {
        const struct entry last = e[0];
        e[0] = e[left - 1];
        e[left - 1] = last;
        sift_down(e, left - 1, 0, before);
    }
}

void sort_entries(struct entry *e, size_t n) { sort_by(e, n, larger_first); }

enum { STRETCH = 32 };

// Whether one of STRETCH values is larger. Without branches, so that the compiler compares several at once.
static inline bool any_larger(const float *value, float least) {
    unsigned larger = 0;
    for (size_t i = 0; i < STRETCH; i++) larger |= value[i] > least;
    return larger != 0;
}

// A heap with the worst of the best k at the root: in almost every stretch, no value is larger than it. Ids ascend, so
// a value equal to the root's loses the tie.
static size_t heap_of_largest(struct entry *out, const float *value, size_t n, size_t k) {
    size_t i = 0, kept = 0;
    for (; i < n && kept < k; i++)
        if (value[i] > -INFINITY) out[kept++] = (struct entry){(double)value[i], (int32_t)i};
    if (kept == 0) return 0;
    make_heap(out, kept, larger_first);
    for (size_t end; i < n; i = end) {
        end = i + STRETCH <= n ? i + STRETCH : n;
        if (end == i + STRETCH && !any_larger(value + i, (float)out[0].value)) continue;
        for (; i < end; i++) {
            if (!(value[i] > (float)out[0].value)) continue;
            out[0] = (struct entry){(double)value[i], (int32_t)i};
            sift_down(out, kept, 0, larger_first);
        }
    }
    return kept;
}

size_t largest_entries(struct entry *out, const float *value, size_t n, size_t k) {
    size_t kept = heap_of_largest(out, value, n, k);
    sort_by(out, kept, larger_first);
    return kept;
}

// ---- the candidates -----------------------------------------------------------------------------

void candidates_all(struct candidates *c) {
    c->n = 0;
    for (size_t i = 0; i < c->limit; i++) {
        if (!(c->logit[i] > -(double)INFINITY)) continue;
        c->logit[c->n] = c->logit[i];
        c->id[c->n++] = (int32_t)i;
    }
}

void candidates_top_k(struct candidates *c, size_t k) {
    candidates_all(c);
    candidates_keep_largest(c, k);
}

void candidates_keep_largest(struct candidates *c, size_t k) {
    if (c->n <= k) return;
    double max = candidates_max(c);
    for (size_t i = 0; i < c->n; i++) c->key[i] = max - c->logit[i], c->weight[i] = 1;
    candidates_keep_best(c, (double)k);
}

void candidates_list_largest(struct candidates *c, const float *logits, size_t k) {
    c->n = heap_of_largest(c->entries, logits, c->limit, k);
    for (size_t i = 0; i < c->n; i++) c->id[i] = c->entries[i].id;
}

void candidates_top_k_listed(struct candidates *c, size_t k) {
    const size_t listed = c->n;
    size_t kept = 0;
    for (size_t i = 0; i < listed; i++) c->entries[i] = (struct entry){c->logit[c->id[i]], c->id[i]};
    sort_by(c->entries, listed, larger_first); // equal ids become neighbours
    for (size_t i = 0; i < listed && kept < k; i++)
        if (c->entries[i].value > -(double)INFINITY && (kept == 0 || c->entries[i].id != c->entries[kept - 1].id))
            c->entries[kept++] = c->entries[i];
    sort_by(c->entries, kept, lower_id_first);
    for (size_t i = 0; i < kept; i++) {
        c->id[i] = c->entries[i].id;
        c->logit[i] = c->entries[i].value;
    }
    c->n = kept;
}

// Four lanes, element i in lane i % 4, then one fold: four times as fast as one chain, and the same bits everywhere.
double candidates_max(const struct candidates *c) {
    const double *x = c->logit;
    double lane[4] = {x[0], x[0], x[0], x[0]};
    size_t i = 0;
    for (; i + 4 <= c->n; i += 4)
        for (size_t k = 0; k < 4; k++) lane[k] = x[i + k] > lane[k] ? x[i + k] : lane[k];
    for (; i < c->n; i++) lane[i % 4] = x[i] > lane[i % 4] ? x[i] : lane[i % 4];
    double a = lane[0] > lane[2] ? lane[0] : lane[2], b = lane[1] > lane[3] ? lane[1] : lane[3];
    return a > b ? a : b;
}

static void add_up(struct candidates *c) {
    double lane[4] = {0};
    size_t i = 0;
    for (; i + 4 <= c->n; i += 4)
        for (size_t k = 0; k < 4; k++) lane[k] += c->weight[i + k];
    for (; i < c->n; i++) lane[i % 4] += c->weight[i];
    c->total = (lane[0] + lane[2]) + (lane[1] + lane[3]);
}

void candidates_weigh(struct candidates *c) {
    c->max = candidates_max(c);
    for (size_t i = 0; i < c->n; i++) c->key[i] = c->logit[i] - c->max;
    d_exp_row(c->weight, c->key, c->n);
    add_up(c);
}

double candidates_heaviest(const struct candidates *c) {
    double heaviest = 0;
    for (size_t i = 0; i < c->n; i++)
        if (c->weight[i] > heaviest) heaviest = c->weight[i];
    return heaviest;
}

// With weights w = exp(l - max): -log p = log(total) - (l - max).
double candidates_surprise(struct candidates *c) {
    double log_total = d_log(c->total), entropy = 0;
    for (size_t i = 0; i < c->n; i++) {
        c->key[i] = log_total - (c->logit[i] - c->max);
        entropy += c->weight[i] / c->total * c->key[i];
    }
    return entropy;
}

size_t candidates_list_heaviest(struct candidates *c, size_t m) {
    struct entry *e = c->entries;
    size_t kept = 0;
    for (size_t i = 0; i < c->n; i++) {
        const struct entry next = {c->logit[i], c->id[i]};
        if (i < m) e[kept++] = next;
        if (i + 1 == m) make_heap(e, m, larger_first);
        if (i < m || !larger_first(&next, &e[0])) continue;
        e[0] = next;
        sift_down(e, m, 0, larger_first);
    }
    sort_by(e, kept, larger_first);
    return kept;
}

// ---- selection ----------------------------------------------------------------------------------

enum { BINS = 1024, FEW = 32 };

// The entries among which the last one to keep is searched.
struct search {
    struct entry *e; // [n] value: the key; id: the index among the candidates, ascending
    size_t n;
    double below;    // total weight of the entries before these
    double target;
};

// Finds it by a walk through sorted entries.
static struct entry last_in_order(const struct search *s, const double *weight) {
    double sum = s->below;
    size_t i = 0;
    while (sum += weight[s->e[i].id], i + 1 < s->n && sum < s->target) i++;
    return s->e[i];
}

// One step: sums the weights in bins of equal width and keeps only the bin in which the running sum reaches the target.
// The first and the last bin are never empty, so the search shrinks. False: by rounding, the sum stayed below it.
static bool narrow(struct search *s, const double *weight, double low, double scale) {
    double bins[BINS] = {0};
    for (size_t i = 0; i < s->n; i++) bins[(size_t)((s->e[i].value - low) * scale)] += weight[s->e[i].id];
    size_t chosen = 0, kept = 0;
    while (chosen < BINS && s->below + bins[chosen] < s->target) s->below += bins[chosen++];
    if (chosen == BINS) return false;
    for (size_t i = 0; i < s->n; i++)
        if ((size_t)((s->e[i].value - low) * scale) == chosen) s->e[kept++] = s->e[i];
    s->n = kept;
    return true;
}

static struct entry find_last(struct search *s, const double *weight) {
    for (;;) {
        double low = s->e[0].value, high = low;
        for (size_t i = 1; i < s->n; i++) {
            if (s->e[i].value < low) low = s->e[i].value;
            if (s->e[i].value > high) high = s->e[i].value;
        }
        if (low == high) return last_in_order(s, weight);
        double scale = (BINS - 1) / (high - low);
        if (s->n <= FEW || scale > DBL_MAX) {
            sort_by(s->e, s->n, smaller_first);
            return last_in_order(s, weight);
        }
        if (!narrow(s, weight, low, scale)) return (struct entry){high, INT32_MAX};
    }
}

static void keep(struct candidates *c, size_t to, size_t from) {
    c->id[to] = c->id[from];
    c->logit[to] = c->logit[from];
    c->weight[to] = c->weight[from];
}

void candidates_keep_best(struct candidates *c, double target) {
    struct search search = {.e = c->entries, .n = c->n, .target = target};
    for (size_t i = 0; i < c->n; i++) c->entries[i] = (struct entry){c->key[i], (int32_t)i};
    const struct entry last = find_last(&search, c->weight);
    size_t kept = 0;
    for (size_t i = 0; i < c->n; i++)
        if (c->key[i] < last.value || (c->key[i] == last.value && (int32_t)i <= last.id)) keep(c, kept++, i);
    c->n = kept;
    add_up(c);
}

void candidates_keep_heavy(struct candidates *c, double least) {
    size_t kept = 0;
    for (size_t i = 0; i < c->n; i++)
        if (c->weight[i] >= least) keep(c, kept++, i);
    c->n = kept;
    add_up(c);
}

void candidates_keep_by_key(struct candidates *c) {
    size_t kept = 0;
    for (size_t i = 0; i < c->n; i++)
        if (c->key[i] >= 0) keep(c, kept++, i);
    c->n = kept;
    add_up(c);
}

void candidates_keep_set(struct candidates *c, const struct token_set *set) {
    size_t kept = 0;
    for (size_t i = 0; i < c->n; i++)
        if (c->weight[i] > 0 && token_set_has(set, (size_t)c->id[i])) keep(c, kept++, i);
    c->n = kept;
    add_up(c);
}
