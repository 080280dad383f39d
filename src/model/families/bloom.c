// SPDX-License-Identifier: MIT
// BLOOM (Scao et al. 2022): a norm of the embedding, positions as slopes of the scores (ALiBi).
#include "shared.h"

static const struct bind_row embd_norm_gguf[] = {
    {"token_embd_norm.weight", BIND_VECTOR, MODEL(embd_norm.w), {DIM_EMBD}, 0},
    {"token_embd_norm.bias", BIND_VECTOR, MODEL(embd_norm.b), {DIM_EMBD}, 0},
    {0},
};

static const struct bind_row rows_hf[] = {
    {"word_embeddings.weight", BIND_MATRIX, MODEL(tokens), {DIM_VOCAB, DIM_EMBD}, 0},
    {"word_embeddings_layernorm.weight", BIND_VECTOR, MODEL(embd_norm.w), {DIM_EMBD}, 0},
    {"word_embeddings_layernorm.bias", BIND_VECTOR, MODEL(embd_norm.b), {DIM_EMBD}, 0},
    {"h.%d.input_layernorm.weight", BIND_VECTOR, LAYER(attn_in.w), {DIM_EMBD}, 0},
    {"h.%d.input_layernorm.bias", BIND_VECTOR, LAYER(attn_in.b), {DIM_EMBD}, 0},
    {"h.%d.self_attention.query_key_value.weight", BIND_FUSED_MATRIX, FUSED_QKV_BY_GROUP, {DIM_QKV, DIM_EMBD}, 0},
    {"h.%d.self_attention.query_key_value.bias", BIND_FUSED_VECTOR, FUSED_QKV_BY_GROUP, {DIM_QKV}, 0},
    {"h.%d.self_attention.dense.weight", BIND_MATRIX, LAYER(o.w), {DIM_EMBD, DIM_HEADS}, 0},
    {"h.%d.self_attention.dense.bias", BIND_VECTOR, LAYER(o.b), {DIM_EMBD}, 0},
    {"h.%d.post_attention_layernorm.weight", BIND_VECTOR, LAYER(mlp_in.w), {DIM_EMBD}, 0},
    {"h.%d.post_attention_layernorm.bias", BIND_VECTOR, LAYER(mlp_in.b), {DIM_EMBD}, 0},
    {"h.%d.mlp.dense_h_to_4h.weight", BIND_MATRIX, LAYER(up.w), {DIM_FF, DIM_EMBD}, 0},
    {"h.%d.mlp.dense_h_to_4h.bias", BIND_VECTOR, LAYER(up.b), {DIM_FF}, 0},
    {"h.%d.mlp.dense_4h_to_h.weight", BIND_MATRIX, LAYER(down.w), {DIM_EMBD, DIM_FF}, 0},
    {"h.%d.mlp.dense_4h_to_h.bias", BIND_VECTOR, LAYER(down.b), {DIM_EMBD}, 0},
    {"ln_f.weight", BIND_VECTOR, MODEL(final_norm.w), {DIM_EMBD}, 0},
    {"ln_f.bias", BIND_VECTOR, MODEL(final_norm.b), {DIM_EMBD}, 0},
    {"lm_head.weight", BIND_MATRIX, MODEL(head.w), {DIM_VOCAB, DIM_EMBD}, BIND_HEAD},
    {0},
};

static const struct key_row keys[] = {
    {KEY_N_EMBD, {"hidden_size", "n_embed"}, 0},
    {KEY_N_LAYER, {"num_hidden_layers", "n_layer"}, 0},
    {KEY_N_HEAD, {"num_attention_heads", "n_head"}, 0},
    {KEY_N_CTX, {"seq_length"}, 2048},
    {KEY_N_HEAD_KV, {0}, 0},
    {KEY_HEAD_DIM, {0}, 0},
    {KEY_N_FF, {0}, 0},
    {KEY_NORM_EPS, {"layer_norm_epsilon"}, 1e-5},
    {KEY_ACTIVATION, {0}, 0},
    {KEY_REFUSED, {"apply_residual_connection_post_layernorm"}, 0},
    {0},
};

static const char *const prefixes[] = {"transformer.", NULL};

const struct family family_bloom = {
    .name = "bloom",
    .tokenizers = "BPE",
    .serves = "BLOOM and BLOOMZ 560M to 176B",
    .norm = NORM_LAYER,
    .act = ACTF_GELU_TANH,
    .alibi = true,
    .scale_scores = true,
    .tied = true,
    .files = {
        [WEIGHTS_GGUF] = {
            .rows = {gguf_base, embd_norm_gguf, gguf_fused_attention, gguf_plain_mlp, gguf_biases, gguf_norms,
                     gguf_norm_biases},
        },
        [WEIGHTS_HF] = {.rows = {rows_hf}, .keys = {keys}, .prefixes = prefixes},
    },
};
