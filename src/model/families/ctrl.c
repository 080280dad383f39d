// SPDX-License-Identifier: MIT
// CTRL (Keskar et al. 2019): embeddings times the root of their width, positions as sinusoids, a bias of the head
// although it is the embedding.
#include "shared.h"

static const struct bind_row rows[] = {
    {"w.weight", BIND_MATRIX, MODEL(tokens), {DIM_VOCAB, DIM_EMBD}, 0},
    {"h.%d.layernorm1.weight", BIND_VECTOR, LAYER(attn_in.w), {DIM_EMBD}, 0},
    {"h.%d.layernorm1.bias", BIND_VECTOR, LAYER(attn_in.b), {DIM_EMBD}, 0},
    {"h.%d.multi_head_attention.Wq.weight", BIND_MATRIX, LAYER(q.w), {DIM_HEADS, DIM_EMBD}, 0},
    {"h.%d.multi_head_attention.Wq.bias", BIND_VECTOR, LAYER(q.b), {DIM_HEADS}, 0},
    {"h.%d.multi_head_attention.Wk.weight", BIND_MATRIX, LAYER(k.w), {DIM_HEADS_KV, DIM_EMBD}, 0},
    {"h.%d.multi_head_attention.Wk.bias", BIND_VECTOR, LAYER(k.b), {DIM_HEADS_KV}, 0},
    {"h.%d.multi_head_attention.Wv.weight", BIND_MATRIX, LAYER(v.w), {DIM_HEADS_KV, DIM_EMBD}, 0},
    {"h.%d.multi_head_attention.Wv.bias", BIND_VECTOR, LAYER(v.b), {DIM_HEADS_KV}, 0},
    {"h.%d.multi_head_attention.dense.weight", BIND_MATRIX, LAYER(o.w), {DIM_EMBD, DIM_HEADS}, 0},
    {"h.%d.multi_head_attention.dense.bias", BIND_VECTOR, LAYER(o.b), {DIM_EMBD}, 0},
    {"h.%d.layernorm2.weight", BIND_VECTOR, LAYER(mlp_in.w), {DIM_EMBD}, 0},
    {"h.%d.layernorm2.bias", BIND_VECTOR, LAYER(mlp_in.b), {DIM_EMBD}, 0},
    {"h.%d.ffn.0.weight", BIND_MATRIX, LAYER(up.w), {DIM_FF, DIM_EMBD}, 0},
    {"h.%d.ffn.0.bias", BIND_VECTOR, LAYER(up.b), {DIM_FF}, 0},
    {"h.%d.ffn.2.weight", BIND_MATRIX, LAYER(down.w), {DIM_EMBD, DIM_FF}, 0},
    {"h.%d.ffn.2.bias", BIND_VECTOR, LAYER(down.b), {DIM_EMBD}, 0},
    {"layernorm.weight", BIND_VECTOR, MODEL(final_norm.w), {DIM_EMBD}, 0},
    {"layernorm.bias", BIND_VECTOR, MODEL(final_norm.b), {DIM_EMBD}, 0},
    {"lm_head.weight", BIND_MATRIX, MODEL(head.w), {DIM_VOCAB, DIM_EMBD}, BIND_HEAD},
    {"lm_head.bias", BIND_VECTOR, MODEL(head.b), {DIM_VOCAB}, 0},
    {0},
};

static const struct key_row keys[] = {
    {KEY_N_EMBD, {"hidden_size", "n_embd"}, 0},
    {KEY_N_LAYER, {"num_hidden_layers", "n_layer"}, 0},
    {KEY_N_HEAD, {"num_attention_heads", "n_head"}, 0},
    {KEY_N_CTX, {"max_position_embeddings", "n_positions"}, 256},
    {KEY_N_HEAD_KV, {0}, 0},
    {KEY_HEAD_DIM, {0}, 0},
    {KEY_N_FF, {"dff"}, 0},
    {KEY_NORM_EPS, {0}, 1e-6}, // whatever layer_norm_epsilon says
    {KEY_ACTIVATION, {0}, 0},
    {0},
};

static const char *const prefixes[] = {"transformer.", NULL};

const struct family family_ctrl = {
    .name = "ctrl",
    .tokenizers = "CTRL's BPE (ids only)",
    .serves = "CTRL 1.6B",
    .norm = NORM_LAYER,
    .act = ACTF_RELU,
    .scale_scores = true,
    .embd_sqrt = true,
    .sinusoids = SINUSOIDS_CTRL,
    .tied = true,
    .files[WEIGHTS_HF] = {.rows = {rows}, .keys = {keys}, .prefixes = prefixes},
};
