// SPDX-License-Identifier: MIT
// GPT-Neo (Black et al. 2021): GPT-2 with a window in every second layer, as GPT-3 (Brown et al. 2020, section 2.1) has
// them. Scores are not scaled.
#include "shared.h"

static const struct bind_row rows[] = {
    {"wte.weight", BIND_MATRIX, MODEL(tokens), {DIM_VOCAB, DIM_EMBD}, 0},
    {"wpe.weight", BIND_MATRIX, MODEL(positions), {DIM_CTX, DIM_EMBD}, 0},
    {"h.%d.ln_1.weight", BIND_VECTOR, LAYER(attn_in.w), {DIM_EMBD}, 0},
    {"h.%d.ln_1.bias", BIND_VECTOR, LAYER(attn_in.b), {DIM_EMBD}, 0},
    {"h.%d.attn.attention.q_proj.weight", BIND_MATRIX, LAYER(q.w), {DIM_HEADS, DIM_EMBD}, 0},
    {"h.%d.attn.attention.k_proj.weight", BIND_MATRIX, LAYER(k.w), {DIM_HEADS_KV, DIM_EMBD}, 0},
    {"h.%d.attn.attention.v_proj.weight", BIND_MATRIX, LAYER(v.w), {DIM_HEADS_KV, DIM_EMBD}, 0},
    {"h.%d.attn.attention.out_proj.weight", BIND_MATRIX, LAYER(o.w), {DIM_EMBD, DIM_HEADS}, 0},
    {"h.%d.attn.attention.out_proj.bias", BIND_VECTOR, LAYER(o.b), {DIM_EMBD}, 0},
    {"h.%d.ln_2.weight", BIND_VECTOR, LAYER(mlp_in.w), {DIM_EMBD}, 0},
    {"h.%d.ln_2.bias", BIND_VECTOR, LAYER(mlp_in.b), {DIM_EMBD}, 0},
    {"h.%d.mlp.c_fc.weight", BIND_MATRIX, LAYER(up.w), {DIM_FF, DIM_EMBD}, 0},
    {"h.%d.mlp.c_fc.bias", BIND_VECTOR, LAYER(up.b), {DIM_FF}, 0},
    {"h.%d.mlp.c_proj.weight", BIND_MATRIX, LAYER(down.w), {DIM_EMBD, DIM_FF}, 0},
    {"h.%d.mlp.c_proj.bias", BIND_VECTOR, LAYER(down.b), {DIM_EMBD}, 0},
    {"ln_f.weight", BIND_VECTOR, MODEL(final_norm.w), {DIM_EMBD}, 0},
    {"ln_f.bias", BIND_VECTOR, MODEL(final_norm.b), {DIM_EMBD}, 0},
    {"lm_head.weight", BIND_MATRIX, MODEL(head.w), {DIM_VOCAB, DIM_EMBD}, BIND_HEAD},
    {0},
};

static const struct key_row keys[] = {
    {KEY_N_LAYER, {"num_hidden_layers", "num_layers"}, 0},
    {KEY_N_HEAD, {"num_attention_heads", "num_heads"}, 0},
    {KEY_N_HEAD_KV, {0}, 0},
    {KEY_HEAD_DIM, {0}, 0},
    {KEY_NORM_EPS, {"layer_norm_epsilon"}, 1e-5},
    {KEY_ACTIVATION, {"activation_function"}, 0},
    {KEY_WINDOW, {"window_size"}, 256},
    {KEY_LAYER_TYPES, {"attention_layers"}, 0},
    {KEY_LAYER_GROUPS, {"attention_types"}, 0},
    {0},
};

static const char *const prefixes[] = {"transformer.", NULL};

const struct family family_gpt_neo = {
    .name = "gpt_neo",
    .tokenizers = "BPE",
    .serves = "GPT-Neo 125M to 2.7B",
    .norm = NORM_LAYER,
    .act = ACTF_GELU_TANH,
    .tied = true,
    .files[WEIGHTS_HF] = {.rows = {rows}, .keys = {keys}, .prefixes = prefixes},
};
