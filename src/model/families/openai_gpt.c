// SPDX-License-Identifier: MIT
// GPT-1: Radford et al. 2018, "Improving language understanding by generative pre-training". Norms follow the sums, and
// there is none before the head.
#include "shared.h"

static const struct bind_row rows[] = {
    {"tokens_embed.weight", BIND_MATRIX, MODEL(tokens), {DIM_VOCAB, DIM_EMBD}, 0},
    {"positions_embed.weight", BIND_MATRIX, MODEL(positions), {DIM_CTX, DIM_EMBD}, 0},
    {"h.%d.attn.c_attn.weight", BIND_FUSED_MATRIX, FUSED_QKV, {DIM_EMBD, DIM_QKV}, BIND_TRANSPOSED},
    {"h.%d.attn.c_attn.bias", BIND_FUSED_VECTOR, FUSED_QKV, {DIM_QKV}, 0},
    {"h.%d.attn.c_proj.weight", BIND_MATRIX, LAYER(o.w), {DIM_HEADS, DIM_EMBD}, BIND_TRANSPOSED},
    {"h.%d.attn.c_proj.bias", BIND_VECTOR, LAYER(o.b), {DIM_EMBD}, 0},
    {"h.%d.ln_1.weight", BIND_VECTOR, LAYER(attn_sum.w), {DIM_EMBD}, 0},
    {"h.%d.ln_1.bias", BIND_VECTOR, LAYER(attn_sum.b), {DIM_EMBD}, 0},
    {"h.%d.mlp.c_fc.weight", BIND_MATRIX, LAYER(up.w), {DIM_EMBD, DIM_FF}, BIND_TRANSPOSED},
    {"h.%d.mlp.c_fc.bias", BIND_VECTOR, LAYER(up.b), {DIM_FF}, 0},
    {"h.%d.mlp.c_proj.weight", BIND_MATRIX, LAYER(down.w), {DIM_FF, DIM_EMBD}, BIND_TRANSPOSED},
    {"h.%d.mlp.c_proj.bias", BIND_VECTOR, LAYER(down.b), {DIM_EMBD}, 0},
    {"h.%d.ln_2.weight", BIND_VECTOR, LAYER(mlp_sum.w), {DIM_EMBD}, 0},
    {"h.%d.ln_2.bias", BIND_VECTOR, LAYER(mlp_sum.b), {DIM_EMBD}, 0},
    {"lm_head.weight", BIND_MATRIX, MODEL(head.w), {DIM_VOCAB, DIM_EMBD}, BIND_HEAD},
    {0},
};

static const struct key_row keys[] = {
    {KEY_N_EMBD, {"hidden_size", "n_embd"}, 0},
    {KEY_N_LAYER, {"num_hidden_layers", "n_layer"}, 0},
    {KEY_N_HEAD, {"num_attention_heads", "n_head"}, 0},
    {KEY_N_CTX, {"max_position_embeddings", "n_positions", "n_ctx"}, 0},
    {KEY_N_HEAD_KV, {0}, 0},
    {KEY_HEAD_DIM, {0}, 0},
    {KEY_N_FF, {0}, 0},
    {KEY_NORM_EPS, {"layer_norm_epsilon"}, 1e-5},
    {KEY_ACTIVATION, {"afn"}, 0},
    {0},
};

static const char *const prefixes[] = {"transformer.", NULL};

const struct family family_openai_gpt = {
    .name = "openai-gpt",
    .tokenizers = "GPT-1's BPE",
    .serves = "GPT-1",
    .norm = NORM_LAYER,
    .act = ACTF_GELU_TANH,
    .gelu_is_tanh = true,
    .scale_scores = true,
    .tied = true,
    .files[WEIGHTS_HF] = {.rows = {rows}, .keys = {keys}, .prefixes = prefixes},
};
