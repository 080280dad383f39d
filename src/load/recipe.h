// SPDX-License-Identifier: MIT
// The weight type of each matrix of a model: one type for all, or a mix.
#ifndef QUILL_LOAD_RECIPE_H
#define QUILL_LOAD_RECIPE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"
#include "tensor/dtype.h"

struct recipe_rule;
struct recipe {
    enum dtype type;                 // of most matrices
    enum dtype head;                 // of the head, or of the embedding if that is the head; DTYPE_NONE: as `type`
    uint32_t file_type;              // general.file_type (llama_ftype)
    const struct recipe_rule *rules; // exceptions for single matrices; NULL: none
};

// What rules may depend on.
struct recipe_model {
    int64_t n_layer;
    bool tied; // the token embedding is also the head
};

bool recipe_find(struct recipe *out, const char *name); // "Q8_0", "Q4_K_M", ... in any case; false: no such name
void recipe_names(char *out, size_t size);              // " F32 F16 ...", for messages

// Matrices get the new type. Norms (those of each head are matrices too), biases and position tables stay F32: they are
// small, and any other type would cost accuracy.
bool recipe_is_matrix(struct str name, int n_dims);
// The type of matrix `name` (its name in GGUF).
enum dtype recipe_type(const struct recipe *r, struct str name, const struct recipe_model *model);
// The type for rows of `cols` values: `wanted`, or, if they are not whole blocks of it, the nearest type with blocks of
// 32 values, or F16.
enum dtype recipe_fallback(enum dtype wanted, uint64_t cols);

int64_t recipe_layer(struct str name); // 7 for "blk.7.ffn_down.weight"; -1: not in a layer

#endif
