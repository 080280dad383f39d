// SPDX-License-Identifier: MIT
#include "recipe.h"

#include <stdio.h>
#include <strings.h>

#include "kernels/kernels.h"

// Mixes of ggml's K types, with the names and rules of llama.cpp (llama-quant.cpp). The first rule that matches counts.
enum part { PART_NONE, PART_V, PART_ATTN_OUT, PART_DOWN }; // V: q, k and v as one matrix too
enum layers { LAYERS_ALL, LAYERS_FIRST_2, LAYERS_FIRST_4, LAYERS_FIRST_8TH, LAYERS_FIRST_16TH, LAYERS_SENSITIVE };
struct recipe_rule {
    enum part part; // PART_NONE ends the list
    enum layers layers;
    enum dtype type;
};

static const struct recipe_rule q3_k_m[] = {
    {PART_V, LAYERS_FIRST_2, DTYPE_Q5_K},    {PART_V, LAYERS_ALL, DTYPE_Q4_K},
    {PART_ATTN_OUT, LAYERS_ALL, DTYPE_Q4_K}, {PART_DOWN, LAYERS_FIRST_16TH, DTYPE_Q5_K},
    {PART_DOWN, LAYERS_ALL, DTYPE_Q4_K},     {0},
};
static const struct recipe_rule q4_k_s[] = {
    {PART_V, LAYERS_FIRST_4, DTYPE_Q5_K},
    {PART_DOWN, LAYERS_FIRST_8TH, DTYPE_Q5_K},
    {0},
};
static const struct recipe_rule medium[] = {
    {PART_V, LAYERS_SENSITIVE, DTYPE_Q6_K},
    {PART_DOWN, LAYERS_SENSITIVE, DTYPE_Q6_K},
    {0},
};

static const struct {
    const char *name;
    struct recipe recipe;
} mixes[] = {
    {"Q3_K_M", {DTYPE_Q3_K, DTYPE_Q6_K, 12, q3_k_m}}, {"Q4_K_S", {DTYPE_Q4_K, DTYPE_Q6_K, 14, q4_k_s}},
    {"Q4_K_M", {DTYPE_Q4_K, DTYPE_Q6_K, 15, medium}}, {"Q5_K_S", {DTYPE_Q5_K, DTYPE_Q6_K, 16, NULL}},
    {"Q5_K_M", {DTYPE_Q5_K, DTYPE_Q6_K, 17, medium}},
};
enum { N_MIXES = sizeof mixes / sizeof *mixes };

bool recipe_find(struct recipe *out, const char *name) {
    for (size_t i = 0; i < N_MIXES; i++)
        if (strcasecmp(mixes[i].name, name) == 0) return *out = mixes[i].recipe, true;
    enum dtype type = dtype_from_name(str_of(name));
    if (type == DTYPE_NONE || !encode_known(type)) return false;
    *out = (struct recipe){type, DTYPE_NONE, dtypes[type].gguf_file_type, NULL};
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

bool recipe_is_matrix(struct str name, int n_dims) {
    return n_dims == 2 && str_ends(name, STR(".weight")) && !str_ends(name, STR("_norm.weight")) &&
           !memmem(name.p, name.n, "position_embd", 13);
}

static enum part part_of(struct str name) {
    if (str_ends(name, STR(".attn_v.weight")) || str_ends(name, STR(".attn_qkv.weight"))) return PART_V;
    if (str_ends(name, STR(".attn_output.weight"))) return PART_ATTN_OUT;
    return str_ends(name, STR(".ffn_down.weight")) ? PART_DOWN : PART_NONE;
}

static bool is_among(enum layers layers, int64_t layer, int64_t n) {
    switch (layers) {
    case LAYERS_ALL: return true;
    case LAYERS_FIRST_2: return layer < 2;
    case LAYERS_FIRST_4: return layer < 4;
    case LAYERS_FIRST_8TH: return layer < n / 8;
    case LAYERS_FIRST_16TH: return layer < n / 16;
    case LAYERS_SENSITIVE: // the first and the last eighth, and every third between them
        return layer < n / 8 || layer >= 7 * n / 8 || (layer - n / 8) % 3 == 2;
    }
    return false;
}

enum dtype recipe_type(const struct recipe *r, struct str name, const struct recipe_model *model) {
    const bool is_head = str_is(name, "output.weight") || (model->tied && str_is(name, "token_embd.weight"));
    if (is_head && r->head != DTYPE_NONE) return r->head;
    const int64_t layer = recipe_layer(name);
    const enum part part = part_of(name);
    for (const struct recipe_rule *rule = r->rules; rule && rule->part != PART_NONE; rule++)
        if (layer >= 0 && rule->part == part && is_among(rule->layers, layer, model->n_layer)) return rule->type;
    return r->type;
}

static enum dtype nearest_of_32(enum dtype wanted) {
    switch (wanted) {
    case DTYPE_Q2_K:
    case DTYPE_Q3_K:
    case DTYPE_IQ4_XS: return DTYPE_IQ4_NL;
    case DTYPE_Q4_K: return DTYPE_Q5_0;
    case DTYPE_Q5_K: return DTYPE_Q5_1;
    default: return DTYPE_Q8_0;
    }
}

enum dtype recipe_fallback(enum dtype wanted, uint64_t cols) {
    if (cols % dtypes[wanted].block_values == 0) return wanted;
    const enum dtype near = nearest_of_32(wanted);
    return cols % dtypes[near].block_values == 0 ? near : DTYPE_F16;
}
