// SPDX-License-Identifier: MIT
#include "merge.h"

#include <string.h>

#include "adapter_slots.h"

static struct mat turned(struct mat w) {
    const size_t rows = w.rows;
    w.rows = w.cols;
    w.cols = rows;
    w.transposed = !w.transposed;
    return w;
}

void merges_add(struct merges *m, const struct delta *d, bool of_tokens, size_t first, size_t n, size_t head) {
    if (!d || (!d->a.data && !d->whole.data)) return;
    struct merge *merge = &m->list[m->n++];
    if (d->whole.data) {
        *merge = (struct merge){.left = d->whole, .first = first, .n = n, .head = head};
        return;
    }
    *merge = (struct merge){d->b, d->a, d->scale, first, n, head};
    if (of_tokens) merge->left = turned(d->a), merge->right = turned(d->b);
}

static size_t largest_rank(const struct merges *m) {
    size_t rank = 0;
    for (size_t i = 0; i < m->n; i++)
        if (m->list[i].right.data && m->list[i].left.cols > rank) rank = m->list[i].left.cols;
    return rank;
}

size_t merges_room(const struct merges *m, size_t cols) {
    return m->n ? (MERGE_ROWS + 1) * cols + MERGE_ROWS * largest_rank(m) : 0;
}

// Rows begin..begin+n-1 of the merge's part are in rows[n][cols].
static void add(const struct merge *m, float *rows, size_t begin, size_t n, size_t cols, float *scratch) {
    const size_t rank = m->left.cols;
    float *sums = scratch, *right = sums + MERGE_ROWS * cols, *left = right + cols;
    memset(sums, 0, n * cols * sizeof *sums);
    for (size_t i = 0; i < n; i++) adapter_decode(&m->left, rows_in_turn(begin + i, m->head), left + i * rank);
    for (size_t j = 0; j < rank; j++) {
        adapter_decode(&m->right, j, right);
        for (size_t i = 0; i < n; i++) kernels_ref.add_scaled(sums + i * cols, right, left[i * rank + j], cols);
    }
    kernels_ref.add_scaled(rows, sums, m->scale, n * cols);
}

void merge_rows(const struct merges *m, float *rows, size_t first, size_t n, size_t cols, float *scratch) {
    for (size_t i = 0; i < m->n; i++) {
        const struct merge *merge = &m->list[i];
        const size_t begin = first > merge->first ? first : merge->first;
        const size_t end = first + n < merge->first + merge->n ? first + n : merge->first + merge->n;
        float *of_part = rows + (begin - first) * cols;
        if (begin < end && merge->right.data) add(merge, of_part, begin - merge->first, end - begin, cols, scratch);
        for (size_t r = begin; r < end && !merge->right.data; r++)
            adapter_decode(&merge->left, rows_in_turn(r - merge->first, merge->head), of_part + (r - begin) * cols);
    }
}
