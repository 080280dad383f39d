// SPDX-License-Identifier: MIT
// A named view of weights inside a file.
#ifndef QUILL_TENSOR_TENSOR_H
#define QUILL_TENSOR_TENSOR_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"
#include "dtype.h"

enum { TENSOR_MAX_DIMS = 4 };

struct tensor {
    struct str name;                 // borrowed from the file
    enum dtype dtype;                // DTYPE_NONE: a type that quill does not run
    const char *type;                // the type's name, for messages; NULL: not known
    int n_dims;                      // 0: a scalar
    uint64_t shape[TENSOR_MAX_DIMS]; // outermost first: a matrix is [rows, cols], rows of cols contiguous values
    const uint8_t *data;             // [bytes], borrowed from the mapped file, at any alignment
    uint64_t bytes;
    uint64_t offset;                 // byte offset of data in its file
    uint32_t file;                   // which file of the model (shards)
};

// A matrix of weights W[rows][cols] as the kernels take it: y[r] = sum_c W[r][c] * x[c]. The rows of one part of a
// fused tensor may lie in runs that begin run_stride bytes apart; kernels take one run at a time.
struct mat {
    enum dtype dtype;
    bool transposed;     // float types only: stored as [cols][rows], W[r][c] at data + c*stride + r*(bytes of a value)
    size_t rows, cols;   // of W: outputs and inputs
    size_t stride;       // bytes from one stored row to the next
    size_t run, run_stride; // run: rows in a run; 0: all rows are one run
    const uint8_t *data; // NULL: the optional matrix is absent
};

// "[3, 4]", for messages.
struct shape_text {
    char text[96];
};
const char *shape_text(struct shape_text *out, const uint64_t *shape, int n); // n: at most TENSOR_MAX_DIMS

uint64_t tensor_count(const struct tensor *t); // number of values; shapes were checked not to overflow
// A matrix view of a whole 2-dimensional tensor; `transposed`: its stored rows are inputs.
struct mat tensor_mat(const struct tensor *t, bool transposed);
// Rows [first, first + n) of W; the caller checks the bounds. If W has runs, `first` must begin one.
struct mat mat_rows(struct mat w, size_t first, size_t n);
// The rows of W from `first` on that lie in the same run, at most *n, as a matrix without runs. *n: how many.
struct mat mat_run(struct mat w, size_t first, size_t *n);

#endif
