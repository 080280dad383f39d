// SPDX-License-Identifier: MIT
#include "tensor.h"

uint64_t tensor_count(const struct tensor *t) {
    uint64_t n = 1;
    for (int i = 0; i < t->n_dims; i++) n *= t->shape[i];
    return n;
}

static size_t row_bytes(enum dtype type, uint64_t n) {
    return (size_t)(n / dtypes[type].block_values * dtypes[type].block_bytes);
}

struct mat tensor_mat(const struct tensor *t, bool transposed) {
    uint64_t outer = t->shape[0], inner = t->shape[1];
    return (struct mat){
        .dtype = t->dtype,
        .transposed = transposed,
        .rows = (size_t)(transposed ? inner : outer),
        .cols = (size_t)(transposed ? outer : inner),
        .stride = row_bytes(t->dtype, inner),
        .data = t->data,
    };
}

struct mat mat_rows(struct mat w, size_t first, size_t n) {
    w.data += w.transposed ? row_bytes(w.dtype, first) : first * w.stride;
    w.rows = n;
    return w;
}
