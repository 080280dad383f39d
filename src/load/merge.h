// SPDX-License-Identifier: MIT
// What adapters add to the rows of a tensor that is written.
#ifndef QUILL_LOAD_MERGE_H
#define QUILL_LOAD_MERGE_H

#include "model/model.h"
#include "tensor/rows.h"

enum { MERGE_ROWS = 16 }; // at most, at once

// scale * left right is added to rows first..first+n-1 of the tensor; or, without right, left takes their place.
struct merge {
    struct mat left, right; // [n, r], [r, cols]; or [n, cols], none
    float scale;
    size_t first, n, head;  // head: as in struct rows_part
};
struct merges {
    struct merge list[ROWS_PARTS];
    size_t n;
};

// Adds what a delta does to rows first..first+n-1; those of a token embedding are inputs of the delta. Nothing
// if it is absent.
void merges_add(struct merges *m, const struct delta *delta, bool of_tokens, size_t first, size_t n, size_t head);
size_t merges_room(const struct merges *m, size_t cols); // floats of scratch that merge_rows needs
// rows[n][cols] are rows first..first+n-1 of the tensor, n at most MERGE_ROWS.
void merge_rows(const struct merges *m, float *rows, size_t first, size_t n, size_t cols, float *scratch);

#endif
