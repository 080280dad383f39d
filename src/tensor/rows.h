// SPDX-License-Identifier: MIT
// The rows of a tensor that is to be written: those of a few matrices, one matrix after the other.
#ifndef QUILL_TENSOR_ROWS_H
#define QUILL_TENSOR_ROWS_H

#include "tensor.h"

enum { ROWS_PARTS = 3 };

struct rows_part {
    struct mat w;
    size_t head; // a head's rows, even: those of its two halves in turn (0, head/2, 1, head/2 + 1, ...); 0: in order
};

struct rows {
    struct rows_part parts[ROWS_PARTS]; // all with the same columns
    size_t n_parts, n;                  // matrices; rows of all together
};

// A tensor of any number of dimensions: its rows are what the innermost one counts values of.
struct rows rows_of_tensor(const struct tensor *t);
// Adds a matrix behind those that are there; at most ROWS_PARTS.
void rows_add(struct rows *rows, struct mat w, size_t head);
// Where row `row` of a part comes from, with `head` as in struct rows_part.
static inline size_t rows_in_turn(size_t row, size_t head) {
    const size_t in_head = head ? row % head : 0;
    return row - in_head + in_head / 2 + in_head % 2 * (head / 2);
}
// Rows from `first` on, at most *n, as a matrix without runs; *n: how many, at least one.
struct mat rows_at(const struct rows *rows, size_t first, size_t *n);

#endif
