// SPDX-License-Identifier: MIT
#include "recipe.h"

#include <stdio.h>
#include <strings.h>

#include "kernels/kernels.h"

// Mixes of ggml's K types, by the names and rules of llama.cpp (llama-quant.cpp).
static const struct {
    const char *name;
    struct recipe recipe;
} mixes[] = {
    {"Q4_K_M", {DTYPE_Q4_K, DTYPE_Q6_K, 15}},
    {"Q5_K_M", {DTYPE_Q5_K, DTYPE_Q6_K, 17}},
};
enum { N_MIXES = sizeof mixes / sizeof *mixes };

bool recipe_find(struct recipe *out, const char *name) {
    for (size_t i = 0; i < N_MIXES; i++)
        if (strcasecmp(mixes[i].name, name) == 0) return *out = mixes[i].recipe, true;
    enum dtype type = dtype_from_name(str_of(name));
    if (type == DTYPE_NONE || !encode_known(type)) return false;
    *out = (struct recipe){type, DTYPE_NONE, dtypes[type].gguf_file_type};
    return true;
}

void recipe_names(char *out, size_t size) {
    size_t n = 0;
    *out = 0;
    for (int i = 0; i < DTYPE_COUNT && n < size; i++)
        if (encode_known((enum dtype)i)) n += (size_t)snprintf(out + n, size - n, " %s", dtypes[i].name);
    for (size_t i = 0; i < N_MIXES && n < size; i++) n += (size_t)snprintf(out + n, size - n, " %s", mixes[i].name);
}

int64_t recipe_layer(struct str name) {
    int64_t layer = 0;
    if (!str_starts(name, STR("blk."))) return -1;
    size_t i = 4;
    for (; i < name.n && name.p[i] >= '0' && name.p[i] <= '9' && layer < INT32_MAX; i++)
        layer = layer * 10 + (name.p[i] - '0');
    return i > 4 && i < name.n && name.p[i] == '.' ? layer : -1;
}

static bool ends_with(struct str name, const char *end) {
    struct str e = str_of(end);
    return name.n >= e.n && memcmp(name.p + name.n - e.n, e.p, e.n) == 0;
}

bool recipe_is_matrix(struct str name, int n_dims) {
    return n_dims == 2 && ends_with(name, ".weight") && !memmem(name.p, name.n, "position_embd", 13);
}

// The first and the last eighth of the layers, and every third between them.
static bool is_sensitive(int64_t layer, int64_t n) {
    return layer < n / 8 || layer >= 7 * n / 8 || (layer - n / 8) % 3 == 2;
}

enum dtype recipe_type(const struct recipe *r, struct str name, const struct recipe_model *model) {
    if (r->better == DTYPE_NONE) return r->type;
    if (str_is(name, "output.weight") || (model->tied && str_is(name, "token_embd.weight"))) return r->better;
    int64_t layer = recipe_layer(name);
    bool chosen = ends_with(name, ".attn_v.weight") || ends_with(name, ".attn_qkv.weight") ||
                  ends_with(name, ".ffn_down.weight");
    return layer >= 0 && chosen && is_sensitive(layer, model->n_layer) ? r->better : r->type;
}

enum dtype recipe_fallback(enum dtype wanted, uint64_t cols) {
    if (cols % dtypes[wanted].block_values == 0) return wanted;
    return cols % dtypes[DTYPE_Q8_0].block_values == 0 ? DTYPE_Q8_0 : DTYPE_F16;
}
