// SPDX-License-Identifier: MIT
// Persimmon 8B (Adept 2023): GPT-NeoX's fused q, k and v, one block part after the other, layer norms of q and k, a
// squared ReLU.
#include "shared.h"

static const struct bind_row rows[] = {
    {"embed_tokens.weight", BIND_MATRIX, MODEL(tokens), {DIM_VOCAB, DIM_EMBD}, 0},
    {"layers.%d.input_layernorm.weight", BIND_VECTOR, LAYER(attn_in.w), {DIM_EMBD}, 0},
    {"layers.%d.input_layernorm.bias", BIND_VECTOR, LAYER(attn_in.b), {DIM_EMBD}, 0},
    {"layers.%d.self_attn.query_key_value.weight", BIND_FUSED_MATRIX, FUSED_QKV_BY_GROUP, {DIM_QKV, DIM_EMBD}, 0},
    {"layers.%d.self_attn.query_key_value.bias", BIND_FUSED_VECTOR, FUSED_QKV_BY_GROUP, {DIM_QKV}, 0},
    {"layers.%d.self_attn.q_layernorm.weight", BIND_VECTOR, LAYER(q_norm.w), {DIM_HEAD}, BIND_NORMS},
    {"layers.%d.self_attn.q_layernorm.bias", BIND_VECTOR, LAYER(q_norm.b), {DIM_HEAD}, BIND_NORMS},
    {"layers.%d.self_attn.k_layernorm.weight", BIND_VECTOR, LAYER(k_norm.w), {DIM_HEAD}, BIND_NORMS},
    {"layers.%d.self_attn.k_layernorm.bias", BIND_VECTOR, LAYER(k_norm.b), {DIM_HEAD}, BIND_NORMS},
    {"layers.%d.self_attn.dense.weight", BIND_MATRIX, LAYER(o.w), {DIM_EMBD, DIM_HEADS}, 0},
    {"layers.%d.self_attn.dense.bias", BIND_VECTOR, LAYER(o.b), {DIM_EMBD}, 0},
    {"layers.%d.post_attention_layernorm.weight", BIND_VECTOR, LAYER(mlp_in.w), {DIM_EMBD}, 0},
    {"layers.%d.post_attention_layernorm.bias", BIND_VECTOR, LAYER(mlp_in.b), {DIM_EMBD}, 0},
    {"layers.%d.mlp.dense_h_to_4h.weight", BIND_MATRIX, LAYER(up.w), {DIM_FF, DIM_EMBD}, 0},
    {"layers.%d.mlp.dense_h_to_4h.bias", BIND_VECTOR, LAYER(up.b), {DIM_FF}, 0},
    {"layers.%d.mlp.dense_4h_to_h.weight", BIND_MATRIX, LAYER(down.w), {DIM_EMBD, DIM_FF}, 0},
    {"layers.%d.mlp.dense_4h_to_h.bias", BIND_VECTOR, LAYER(down.b), {DIM_EMBD}, 0},
    {"final_layernorm.weight", BIND_VECTOR, MODEL(final_norm.w), {DIM_EMBD}, 0},
    {"final_layernorm.bias", BIND_VECTOR, MODEL(final_norm.b), {DIM_EMBD}, 0},
    {"lm_head.weight", BIND_MATRIX, MODEL(head.w), {DIM_VOCAB, DIM_EMBD}, BIND_HEAD},
    {0},
};

static const struct key_row keys[] = {
    {KEY_N_HEAD_KV, {0}, 0},
    {KEY_HEAD_DIM, {0}, 0},
    {KEY_NORM_EPS, {"layer_norm_eps"}, 1e-5},
    HF_CTX(16384),
    HF_ROPE_BASE(25000),
    {KEY_HAS_NORMS, {"qk_layernorm"}, 0},
    HF_ROPE_SHARE(0.5),
    {0},
};

const struct family family_persimmon = {
    .name = "persimmon",
    .tokenizers = "SentencePiece Unigram",
    .serves = "Persimmon 8B",
    .norm = NORM_LAYER,
    .act = ACTF_RELU_SQUARED,
    .qk_norm = QK_NORM_HEADS,
    .scale_scores = true,
    .files[WEIGHTS_HF] = {.rows = {rows}, .keys = {keys}, .prefixes = hf_prefixes, .rope = ROPE_HALVES},
};
