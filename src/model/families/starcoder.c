// SPDX-License-Identifier: MIT
// StarCoder (Li et al. 2023) and SantaCoder: GPT-2 whose heads share one key and value, with matrices stored as [out,
// in]; and StarCoder 2 (Lozhkov et al. 2024), which has rotary positions, several keys and values, and a window.
#include "shared.h"

static const struct bind_row positions_gguf[] = {
    {"position_embd.weight", BIND_MATRIX, MODEL(positions), {DIM_CTX, DIM_EMBD}, 0},
    {0},
};

static const struct bind_row rows_hf[] = {
    {"wte.weight", BIND_MATRIX, MODEL(tokens), {DIM_VOCAB, DIM_EMBD}, 0},
    {"wpe.weight", BIND_MATRIX, MODEL(positions), {DIM_CTX, DIM_EMBD}, 0},
    {"h.%d.ln_1.weight", BIND_VECTOR, LAYER(attn_in.w), {DIM_EMBD}, 0},
    {"h.%d.ln_1.bias", BIND_VECTOR, LAYER(attn_in.b), {DIM_EMBD}, 0},
    {"h.%d.attn.c_attn.weight", BIND_FUSED_MATRIX, FUSED_QKV_BY_GROUP, {DIM_QKV, DIM_EMBD}, 0},
    {"h.%d.attn.c_attn.bias", BIND_FUSED_VECTOR, FUSED_QKV_BY_GROUP, {DIM_QKV}, 0},
    {"h.%d.attn.c_proj.weight", BIND_MATRIX, LAYER(o.w), {DIM_EMBD, DIM_HEADS}, 0},
    {"h.%d.attn.c_proj.bias", BIND_VECTOR, LAYER(o.b), {DIM_EMBD}, 0},
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
    {KEY_N_EMBD, {"hidden_size", "n_embd"}, 0},
    {KEY_N_LAYER, {"num_hidden_layers", "n_layer"}, 0},
    {KEY_N_HEAD, {"num_attention_heads", "n_head"}, 0},
    {KEY_N_CTX, {"max_position_embeddings", "n_positions"}, 0},
    {KEY_HEAD_DIM, {0}, 0},
    {KEY_N_FF, {"n_inner"}, 0},
    {KEY_NORM_EPS, {"layer_norm_epsilon"}, 1e-5},
    {KEY_ACTIVATION, {"activation_function"}, 0},
    {KEY_SCALE_SCORES, {"scale_attn_weights"}, 0},
    {KEY_REFUSED, {"add_cross_attention"}, 0},
    {0},
};
static const struct key_row one_kv_head[] = {{KEY_N_HEAD_KV, {0}, 1}, {0}};
static const struct key_row all_kv_heads[] = {{KEY_N_HEAD_KV, {0}, 0}, {0}};

static const char *const prefixes[] = {"transformer.", NULL};

#define BIGCODE(who, own_keys)                                                                     \
    .name = "gpt_bigcode", .tokenizers = "BPE", .serves = who, .norm = NORM_LAYER,                 \
    .act = ACTF_GELU_TANH, .scale_scores = true, .tied = true,                                     \
    .files[WEIGHTS_HF] = {.rows = {rows_hf}, .keys = {own_keys, keys}, .prefixes = prefixes}

const struct family family_gpt_bigcode = {
    BIGCODE("StarCoder, SantaCoder, StarCoderBase, WizardCoder 15B", one_kv_head),
    .cases = {{"multi_query", true, true}},
    .files[WEIGHTS_GGUF] = {
        .names = {"starcoder"},
        .rows = {gguf_base, positions_gguf, gguf_fused_attention, gguf_plain_mlp, gguf_biases, gguf_norms,
                 gguf_norm_biases},
    },
};

const struct family family_gpt_bigcode_heads = {
    BIGCODE("models of this kind whose heads share no keys", all_kv_heads),
    .cases = {{"multi_query", false, true}},
};

static const struct bind_row mlp_2[] = {
    {"layers.%d.mlp.c_fc.weight", BIND_MATRIX, LAYER(up.w), {DIM_FF, DIM_EMBD}, 0},
    {"layers.%d.mlp.c_fc.bias", BIND_VECTOR, LAYER(up.b), {DIM_FF}, BIND_BIAS_MLP},
    {"layers.%d.mlp.c_proj.weight", BIND_MATRIX, LAYER(down.w), {DIM_EMBD, DIM_FF}, 0},
    {"layers.%d.mlp.c_proj.bias", BIND_VECTOR, LAYER(down.b), {DIM_EMBD}, BIND_BIAS_MLP},
    {0},
};

static const struct key_row keys_2[] = {
    {KEY_NORM_EPS, {"norm_epsilon"}, 1e-5},
    HF_CTX(4096),
    HF_HEADS_KV(2),
    {KEY_HAS_BIAS, {"use_bias"}, 0},
    {KEY_HAS_BIAS_MLP, {"use_bias"}, 0},
    {0},
};

const struct family family_starcoder2 = {
    .name = "starcoder2",
    .tokenizers = "BPE",
    .serves = "StarCoder 2, Granite Code 20B and 34B (GGUF)",
    .norm = NORM_LAYER,
    .act = ACTF_GELU_TANH,
    .scale_scores = true,
    .tied = true,
    .files = {
        [WEIGHTS_GGUF] = {
            .rows = {gguf_base, gguf_attention, gguf_plain_mlp, gguf_biases, gguf_norms, gguf_norm_biases},
            .rope = ROPE_HALVES,
        },
        [WEIGHTS_HF] = {
            .rows = {hf_base, hf_attention, mlp_2, hf_biases, hf_norms, hf_norm_biases},
            .keys = {keys_2},
            .prefixes = hf_prefixes,
            .rope = ROPE_HALVES,
        },
    },
};
