// SPDX-License-Identifier: MIT
// Falcon (Almazrouei et al. 2023), in three variants: 7B, whose heads share one key and value; 40B, 180B and 11B, which
// have several and, but for 11B, two norms of x; the RefinedWeb models, one after the other, with slopes (ALiBi).
#include "shared.h"

// Files of 40B call the norm of the MLP attn_norm, and that of attention attn_norm_2.
static const struct bind_row norms_gguf[] = {
    {"blk.%d.attn_norm_2.weight", BIND_VECTOR, LAYER(attn_in.w), {DIM_EMBD}, BIND_OPTIONAL | BIND_NORMS},
    {"blk.%d.attn_norm_2.bias", BIND_VECTOR, LAYER(attn_in.b), {DIM_EMBD}, BIND_OPTIONAL | BIND_NORMS},
    {"blk.%d.attn_norm.weight", BIND_VECTOR, LAYER(attn_in.w), {DIM_EMBD}, 0},
    {"blk.%d.attn_norm.bias", BIND_VECTOR, LAYER(attn_in.b), {DIM_EMBD}, 0},
    {"blk.%d.attn_norm.weight", BIND_VECTOR, LAYER(mlp_in.w), {DIM_EMBD}, 0},
    {"blk.%d.attn_norm.bias", BIND_VECTOR, LAYER(mlp_in.b), {DIM_EMBD}, 0},
    {"output_norm.bias", BIND_VECTOR, MODEL(final_norm.b), {DIM_EMBD}, 0},
    {0},
};

static const struct bind_row rows_hf[] = {
    {"word_embeddings.weight", BIND_MATRIX, MODEL(tokens), {DIM_VOCAB, DIM_EMBD}, 0},
    {"h.%d.self_attention.query_key_value.weight", BIND_FUSED_MATRIX, FUSED_QKV_BY_GROUP, {DIM_QKV, DIM_EMBD}, 0},
    {"h.%d.self_attention.query_key_value.bias", BIND_FUSED_VECTOR, FUSED_QKV_BY_GROUP, {DIM_QKV}, BIND_BIAS},
    {"h.%d.self_attention.dense.weight", BIND_MATRIX, LAYER(o.w), {DIM_EMBD, DIM_HEADS}, 0},
    {"h.%d.self_attention.dense.bias", BIND_VECTOR, LAYER(o.b), {DIM_EMBD}, BIND_BIAS},
    {"h.%d.mlp.dense_h_to_4h.weight", BIND_MATRIX, LAYER(up.w), {DIM_FF, DIM_EMBD}, 0},
    {"h.%d.mlp.dense_h_to_4h.bias", BIND_VECTOR, LAYER(up.b), {DIM_FF}, BIND_BIAS},
    {"h.%d.mlp.dense_4h_to_h.weight", BIND_MATRIX, LAYER(down.w), {DIM_EMBD, DIM_FF}, 0},
    {"h.%d.mlp.dense_4h_to_h.bias", BIND_VECTOR, LAYER(down.b), {DIM_EMBD}, BIND_BIAS},
    {"ln_f.weight", BIND_VECTOR, MODEL(final_norm.w), {DIM_EMBD}, 0},
    {"ln_f.bias", BIND_VECTOR, MODEL(final_norm.b), {DIM_EMBD}, 0},
    {"lm_head.weight", BIND_MATRIX, MODEL(head.w), {DIM_VOCAB, DIM_EMBD}, BIND_HEAD},
    {0},
};

static const struct bind_row norms_hf[] = {
    {"h.%d.input_layernorm.weight", BIND_VECTOR, LAYER(attn_in.w), {DIM_EMBD}, 0},
    {"h.%d.input_layernorm.bias", BIND_VECTOR, LAYER(attn_in.b), {DIM_EMBD}, 0},
    {"h.%d.post_attention_layernorm.weight", BIND_VECTOR, LAYER(mlp_in.w), {DIM_EMBD}, BIND_UNLESS_PARALLEL},
    {"h.%d.post_attention_layernorm.bias", BIND_VECTOR, LAYER(mlp_in.b), {DIM_EMBD}, BIND_UNLESS_PARALLEL},
    {0},
};

static const struct bind_row norms_40b[] = {
    {"h.%d.ln_attn.weight", BIND_VECTOR, LAYER(attn_in.w), {DIM_EMBD}, BIND_OPTIONAL | BIND_NORMS},
    {"h.%d.ln_attn.bias", BIND_VECTOR, LAYER(attn_in.b), {DIM_EMBD}, BIND_OPTIONAL | BIND_NORMS},
    {"h.%d.input_layernorm.weight", BIND_VECTOR, LAYER(attn_in.w), {DIM_EMBD}, 0},
    {"h.%d.input_layernorm.bias", BIND_VECTOR, LAYER(attn_in.b), {DIM_EMBD}, 0},
    {"h.%d.ln_mlp.weight", BIND_VECTOR, LAYER(mlp_in.w), {DIM_EMBD}, BIND_OPTIONAL | BIND_NORMS},
    {"h.%d.ln_mlp.bias", BIND_VECTOR, LAYER(mlp_in.b), {DIM_EMBD}, BIND_OPTIONAL | BIND_NORMS},
    {0},
};

static const struct key_row keys[] = {
    {KEY_N_LAYER, {"num_hidden_layers", "n_layer"}, 0},
    {KEY_N_HEAD, {"num_attention_heads", "n_head"}, 0},
    {KEY_N_CTX, {"max_position_embeddings"}, 2048},
    {KEY_HEAD_DIM, {0}, 0},
    {KEY_N_FF, {"ffn_hidden_size"}, 0},
    {KEY_NORM_EPS, {"layer_norm_epsilon"}, 1e-5},
    {KEY_ACTIVATION, {"activation"}, 0},
    {KEY_ALIBI, {"alibi"}, 0},
    {KEY_HAS_BIAS, {"bias"}, 0},
    {KEY_REFUSED, {"apply_residual_connection_post_layernorm"}, 0},
    {0},
};

// The number of key and value heads that these files name is not theirs.
static const struct key_row keys_7b[] = {{KEY_N_HEAD_KV, {0}, 1}, {KEY_PARALLEL, {"parallel_attn"}, 0}, {0}};
static const struct key_row keys_rw[] = {{KEY_N_HEAD_KV, {0}, 0}, {KEY_PARALLEL, {"parallel_attn"}, 0}, {0}};
static const struct key_row keys_40b[] = {{KEY_N_HEAD_KV, {"num_kv_heads", "n_head_kv"}, 0}, {0}};

static const char *const prefixes[] = {"transformer.", NULL};

#define FALCON(who, model_types, norms, own_keys)                                                     \
    .name = "falcon", .tokenizers = "BPE", .serves = who, .norm = NORM_LAYER,                         \
    .residual = RESIDUAL_PARALLEL, .act = ACTF_GELU_ERF, .alibi_rounded = true, .scale_scores = true,  \
    .tied = true,                                                                                     \
    .files[WEIGHTS_HF] = {                                                                            \
        .names = model_types, .rows = {rows_hf, norms}, .keys = {own_keys, keys},                     \
        .prefixes = prefixes, .rope = ROPE_HALVES,                                                    \
    }
// The first files called the 7B and RefinedWeb models so, and the 40B model RefinedWeb.
#define SMALL {"falcon", "RefinedWebModel"}
#define LARGE {"falcon"}
#define OLD_LARGE {"RefinedWeb"}

#define NEW "new_decoder_architecture"

const struct family family_falcon = {
    FALCON("Falcon 7B", SMALL, norms_hf, keys_7b),
    .cases = {{NEW, false, false}, {"multi_query", true, true}},
    .files[WEIGHTS_GGUF] = {
        .rows = {gguf_base, gguf_fused_attention, gguf_plain_mlp, norms_gguf},
        .rope = ROPE_HALVES,
    },
};

const struct family family_falcon_40b = {
    FALCON("Falcon 40B and 180B (GGUF too), Falcon 2 11B", LARGE, norms_40b, keys_40b),
    .in_gguf = &family_falcon,
    .cases = {{NEW, true, false}},
};

const struct family family_falcon_40b_old = {
    FALCON("Falcon 40B of 2023", OLD_LARGE, norms_40b, keys_40b),
    .in_gguf = &family_falcon,
};

const struct family family_falcon_rw = {
    FALCON("Falcon-RW 1B and 7B", SMALL, norms_hf, keys_rw),
    .cases = {{NEW, false, false}, {"multi_query", false, true}},
};
