// SPDX-License-Identifier: MIT
#include "rows.h"

void rows_add(struct rows *rows, struct mat w, size_t head) {
    rows->parts[rows->n_parts++] = (struct rows_part){w, head};
    rows->n += w.rows;
}

struct rows rows_of_tensor(const struct tensor *t) {
    struct rows rows = {.n = 0};
    struct tensor flat = *t;
    flat.n_dims = 2;
    flat.shape[0] = 1;
    flat.shape[1] = t->n_dims ? t->shape[t->n_dims - 1] : 1;
    for (int i = 0; i + 1 < t->n_dims; i++) flat.shape[0] *= t->shape[i];
    rows_add(&rows, tensor_mat(&flat, false), 0);
    return rows;
}

struct mat rows_at(const struct rows *rows, size_t first, size_t *n) {
    const struct rows_part *part = rows->parts;
    for (; first >= part->w.rows; part++) first -= part->w.rows;
    if (*n > part->w.rows - first) *n = part->w.rows - first;
    if (part->head) {
        first = rows_in_turn(first, part->head);
        *n = 1;
    }
    return part->w.run ? mat_run(part->w, first, n) : mat_rows(part->w, first, *n);
}
