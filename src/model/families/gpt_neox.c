// SPDX-License-Identifier: MIT
// GPT-NeoX (Black et al. 2022) and Pythia (Biderman et al. 2023): attention and MLP read x through norms of their own;
// rotary positions turn a quarter of a head. Directories have q, k and v of each head together.
#include "shared.h"

static const struct bind_row rows_gguf[] = {
    {"blk.%d.attn_norm.weight", BIND_VECTOR, LAYER(attn_in.w), {DIM_EMBD}, 0},
    {"blk.%d.attn_norm.bias", BIND_VECTOR, LAYER(attn_in.b), {DIM_EMBD}, 0},
    {"blk.%d.ffn_norm.weight", BIND_VECTOR, LAYER(mlp_in.w), {DIM_EMBD}, 0},
    {"blk.%d.ffn_norm.bias", BIND_VECTOR, LAYER(mlp_in.b), {DIM_EMBD}, 0},
    {"output_norm.bias", BIND_VECTOR, MODEL(final_norm.b), {DIM_EMBD}, 0},
    {0},
};

static const struct bind_row rows_hf[] = {
    {"embed_in.weight", BIND_MATRIX, MODEL(tokens), {DIM_VOCAB, DIM_EMBD}, 0},
    {"layers.%d.input_layernorm.weight", BIND_VECTOR, LAYER(attn_in.w), {DIM_EMBD}, 0},
    {"layers.%d.input_layernorm.bias", BIND_VECTOR, LAYER(attn_in.b), {DIM_EMBD}, 0},
    {"layers.%d.attention.query_key_value.weight", BIND_FUSED_MATRIX, FUSED_QKV_BY_GROUP, {DIM_QKV, DIM_EMBD}, 0},
    {"layers.%d.attention.query_key_value.bias", BIND_FUSED_VECTOR, FUSED_QKV_BY_GROUP, {DIM_QKV}, BIND_BIAS},
    {"layers.%d.attention.dense.weight", BIND_MATRIX, LAYER(o.w), {DIM_EMBD, DIM_HEADS}, 0},
    {"layers.%d.attention.dense.bias", BIND_VECTOR, LAYER(o.b), {DIM_EMBD}, BIND_BIAS},
    {"layers.%d.post_attention_layernorm.weight", BIND_VECTOR, LAYER(mlp_in.w), {DIM_EMBD}, 0},
    {"layers.%d.post_attention_layernorm.bias", BIND_VECTOR, LAYER(mlp_in.b), {DIM_EMBD}, 0},
    {"layers.%d.mlp.dense_h_to_4h.weight", BIND_MATRIX, LAYER(up.w), {DIM_FF, DIM_EMBD}, 0},
    {"layers.%d.mlp.dense_h_to_4h.bias", BIND_VECTOR, LAYER(up.b), {DIM_FF}, 0},
    {"layers.%d.mlp.dense_4h_to_h.weight", BIND_MATRIX, LAYER(down.w), {DIM_EMBD, DIM_FF}, 0},
    {"layers.%d.mlp.dense_4h_to_h.bias", BIND_VECTOR, LAYER(down.b), {DIM_EMBD}, 0},
    {"final_layer_norm.weight", BIND_VECTOR, MODEL(final_norm.w), {DIM_EMBD}, 0},
    {"final_layer_norm.bias", BIND_VECTOR, MODEL(final_norm.b), {DIM_EMBD}, 0},
    {"embed_out.weight", BIND_MATRIX, MODEL(head.w), {DIM_VOCAB, DIM_EMBD}, BIND_OPTIONAL},
    {"lm_head.weight", BIND_MATRIX, MODEL(head.w), {DIM_VOCAB, DIM_EMBD}, BIND_HEAD},
    {0},
};

static const struct key_row keys_of_gguf[] = {{KEY_PARALLEL, {".use_parallel_residual"}, 0}, {0}};

static const struct key_row keys[] = {
    {KEY_N_HEAD_KV, {0}, 0},
    {KEY_HEAD_DIM, {0}, 0},
    {KEY_NORM_EPS, {"layer_norm_eps"}, 1e-5},
    {KEY_N_CTX, {"max_position_embeddings"}, 2048},
    {KEY_PARALLEL, {"use_parallel_residual"}, 0},
    {KEY_ROPE_SHARE, {HF_ROPE_NAMES("partial_rotary_factor"), "rotary_pct", "partial_rotary_factor"}, 0.25},
    {KEY_ROPE_BASE, {HF_ROPE_NAMES("rope_theta"), "rotary_emb_base", "rope_theta"}, 0},
    {0},
};

static const char *const prefixes[] = {"gpt_neox.", NULL};

const struct family family_gpt_neox = {
    .name = "gpt_neox",
    .tokenizers = "BPE",
    .serves = "Pythia, GPT-NeoX 20B, Dolly 2, RedPajama-INCITE, StableLM-Alpha",
    .norm = NORM_LAYER,
    .residual = RESIDUAL_PARALLEL,
    .act = ACTF_GELU_ERF,
    .scale_scores = true,
    .files = {
        [WEIGHTS_GGUF] = {
            .names = {"gptneox"},
            .rows = {gguf_base, gguf_fused_attention, gguf_plain_mlp, gguf_biases, rows_gguf},
            .keys = {keys_of_gguf},
            .rope = ROPE_HALVES,
        },
        [WEIGHTS_HF] = {.rows = {rows_hf}, .keys = {keys}, .prefixes = prefixes, .rope = ROPE_HALVES},
    },
};
