// SPDX-License-Identifier: MIT
// GPT-J (Wang and Komatsuzaki 2021) and CodeGen (Nijkamp et al. 2022): attention and MLP read one norm; rotary
// positions turn pairs that lie side by side; the head has a bias.
#include "shared.h"

static const struct bind_row rows[] = {
    {"wte.weight", BIND_MATRIX, MODEL(tokens), {DIM_VOCAB, DIM_EMBD}, 0},
    {"h.%d.ln_1.weight", BIND_VECTOR, LAYER(attn_in.w), {DIM_EMBD}, 0},
    {"h.%d.ln_1.bias", BIND_VECTOR, LAYER(attn_in.b), {DIM_EMBD}, 0},
    {"h.%d.attn.out_proj.weight", BIND_MATRIX, LAYER(o.w), {DIM_EMBD, DIM_HEADS}, 0},
    {"h.%d.mlp.fc_in.weight", BIND_MATRIX, LAYER(up.w), {DIM_FF, DIM_EMBD}, 0},
    {"h.%d.mlp.fc_in.bias", BIND_VECTOR, LAYER(up.b), {DIM_FF}, 0},
    {"h.%d.mlp.fc_out.weight", BIND_MATRIX, LAYER(down.w), {DIM_EMBD, DIM_FF}, 0},
    {"h.%d.mlp.fc_out.bias", BIND_VECTOR, LAYER(down.b), {DIM_EMBD}, 0},
    {"ln_f.weight", BIND_VECTOR, MODEL(final_norm.w), {DIM_EMBD}, 0},
    {"ln_f.bias", BIND_VECTOR, MODEL(final_norm.b), {DIM_EMBD}, 0},
    {"lm_head.weight", BIND_MATRIX, MODEL(head.w), {DIM_VOCAB, DIM_EMBD}, BIND_HEAD},
    {"lm_head.bias", BIND_VECTOR, MODEL(head.b), {DIM_VOCAB}, 0},
    {0},
};

static const struct bind_row apart[] = {
    {"h.%d.attn.q_proj.weight", BIND_MATRIX, LAYER(q.w), {DIM_HEADS, DIM_EMBD}, 0},
    {"h.%d.attn.k_proj.weight", BIND_MATRIX, LAYER(k.w), {DIM_HEADS_KV, DIM_EMBD}, 0},
    {"h.%d.attn.v_proj.weight", BIND_MATRIX, LAYER(v.w), {DIM_HEADS_KV, DIM_EMBD}, 0},
    {0},
};

static const struct bind_row fused[] = {
    {"h.%d.attn.qkv_proj.weight", BIND_FUSED_MATRIX, FUSED_QVK_IN_FOUR, {DIM_QKV, DIM_EMBD}, 0},
    {0},
};

static const struct key_row keys[] = {
    {KEY_N_EMBD, {"hidden_size", "n_embd"}, 0},
    {KEY_N_LAYER, {"num_hidden_layers", "n_layer"}, 0},
    {KEY_N_HEAD, {"num_attention_heads", "n_head"}, 0},
    {KEY_N_CTX, {"max_position_embeddings", "n_positions"}, 2048},
    {KEY_N_HEAD_KV, {0}, 0},
    {KEY_HEAD_DIM, {0}, 0},
    {KEY_N_FF, {"n_inner"}, 0},
    {KEY_NORM_EPS, {"layer_norm_epsilon"}, 1e-5},
    {KEY_ACTIVATION, {"activation_function"}, 0},
    {KEY_ROPE_BASE, {0}, 0},
    {KEY_ROPE_DIMS, {"rotary_dim"}, 64},
    {KEY_REQUIRED, {"rotary"}, 0},
    {0},
};

static const char *const prefixes[] = {"transformer.", NULL};

const struct family family_gptj = {
    .name = "gptj",
    .tokenizers = "BPE",
    .serves = "GPT-J 6B, GPT4All-J",
    .norm = NORM_LAYER,
    .residual = RESIDUAL_PARALLEL,
    .act = ACTF_GELU_TANH,
    .scale_scores = true,
    .files[WEIGHTS_HF] = {.rows = {rows, apart}, .keys = {keys}, .prefixes = prefixes, .rope = ROPE_PAIRS},
};

const struct family family_codegen = {
    .name = "codegen",
    .tokenizers = "BPE",
    .serves = "CodeGen 350M to 16B",
    .norm = NORM_LAYER,
    .residual = RESIDUAL_PARALLEL,
    .act = ACTF_GELU_TANH,
    .scale_scores = true,
    .files[WEIGHTS_HF] = {.rows = {rows, fused}, .keys = {keys}, .prefixes = prefixes, .rope = ROPE_PAIRS},
};
