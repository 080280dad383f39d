// SPDX-License-Identifier: MIT
#include "tensor.h"

#include <inttypes.h>
#include <stdio.h>

const char *shape_text(struct shape_text *out, const uint64_t *shape, int n) {
    size_t used = 1;
    out->text[0] = '[';
    for (int i = 0; i < n; i++)
        used += (size_t)snprintf(out->text + used, sizeof out->text - used, "%s%" PRIu64, i ? ", " : "", shape[i]);
    memcpy(out->text + used, "]", 2);
    return out->text;
}

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
    if (w.run) w.data += first / w.run * w.run_stride;
    else w.data += w.transposed ? row_bytes(w.dtype, first) : first * w.stride;
    w.rows = n;
    return w;
}

struct mat mat_run(struct mat w, size_t first, size_t *n) {
    const size_t in_run = first % w.run, rest = w.run - in_run;
    if (*n > rest) *n = rest;
    w.data += first / w.run * w.run_stride;
    w.run = w.run_stride = 0;
    return mat_rows(w, in_run, *n);
}
