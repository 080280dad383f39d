// SPDX-License-Identifier: MIT
// Which weight type each matrix of a model gets: one for all of them, or a mix.
#ifndef QUILL_LOAD_RECIPE_H
#define QUILL_LOAD_RECIPE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"
#include "tensor/dtype.h"

struct recipe_rule;
struct recipe {
    enum dtype type;                 // of a usual matrix
    enum dtype head;                 // of the head, or of the embedding where that is the head; DTYPE_NONE: as `type`
    uint32_t file_type;              // general.file_type (llama_ftype)
    const struct recipe_rule *rules; // of single matrices; NULL: none
};

// What a rule may look at.
struct recipe_model {
    int64_t n_layer;
    bool tied; // the token embedding is the head too
};

bool recipe_find(struct recipe *out, const char *name); // "Q8_0", "Q4_K_M", ... in any case; false: no such name
void recipe_names(char *out, size_t size);              // " F32 F16 ...", for messages

// Matrices get the new type. Norms, biases and position tables are small, and every type but F32 would cost accuracy.
bool recipe_is_matrix(struct str name, int n_dims);
// The type of matrix `name` (its name in GGUF).
enum dtype recipe_type(const struct recipe *r, struct str name, const struct recipe_model *model);
// What rows of `cols` values can be written as: `wanted`, or where they are no whole blocks of it, the nearest type of
// 32 values, or F16.
enum dtype recipe_fallback(enum dtype wanted, uint64_t cols);

int64_t recipe_layer(struct str name); // 7 of "blk.7.ffn_down.weight"; -1: of no layer

#endif
