// SPDX-License-Identifier: MIT
// MPT (MosaicML 2023): norms without biases, q, k and v limited, positions as slopes of the scores (ALiBi).
#include "shared.h"

static const struct bind_row rows_gguf[] = {
    {"position_embd.weight", BIND_MATRIX, MODEL(positions), {DIM_CTX, DIM_EMBD}, BIND_OPTIONAL},
    {"blk.%d.attn_norm.bias", BIND_VECTOR, LAYER(attn_in.b), {DIM_EMBD}, BIND_OPTIONAL},
    {"blk.%d.ffn_norm.bias", BIND_VECTOR, LAYER(mlp_in.b), {DIM_EMBD}, BIND_OPTIONAL},
    {"output_norm.bias", BIND_VECTOR, MODEL(final_norm.b), {DIM_EMBD}, BIND_OPTIONAL},
    {0},
};

static const struct bind_row rows_hf[] = {
    {"wte.weight", BIND_MATRIX, MODEL(tokens), {DIM_VOCAB, DIM_EMBD}, 0},
    {"blocks.%d.norm_1.weight", BIND_VECTOR, LAYER(attn_in.w), {DIM_EMBD}, 0},
    {"blocks.%d.norm_1.bias", BIND_VECTOR, LAYER(attn_in.b), {DIM_EMBD}, BIND_BIAS},
    {"blocks.%d.attn.Wqkv.weight", BIND_FUSED_MATRIX, FUSED_QKV, {DIM_QKV, DIM_EMBD}, 0},
    {"blocks.%d.attn.Wqkv.bias", BIND_FUSED_VECTOR, FUSED_QKV, {DIM_QKV}, BIND_BIAS},
    {"blocks.%d.attn.out_proj.weight", BIND_MATRIX, LAYER(o.w), {DIM_EMBD, DIM_HEADS}, 0},
    {"blocks.%d.attn.out_proj.bias", BIND_VECTOR, LAYER(o.b), {DIM_EMBD}, BIND_BIAS},
    {"blocks.%d.norm_2.weight", BIND_VECTOR, LAYER(mlp_in.w), {DIM_EMBD}, 0},
    {"blocks.%d.norm_2.bias", BIND_VECTOR, LAYER(mlp_in.b), {DIM_EMBD}, BIND_BIAS},
    {"blocks.%d.ffn.up_proj.weight", BIND_MATRIX, LAYER(up.w), {DIM_FF, DIM_EMBD}, 0},
    {"blocks.%d.ffn.up_proj.bias", BIND_VECTOR, LAYER(up.b), {DIM_FF}, BIND_BIAS},
    {"blocks.%d.ffn.down_proj.weight", BIND_MATRIX, LAYER(down.w), {DIM_EMBD, DIM_FF}, 0},
    {"blocks.%d.ffn.down_proj.bias", BIND_VECTOR, LAYER(down.b), {DIM_EMBD}, BIND_BIAS},
    {"norm_f.weight", BIND_VECTOR, MODEL(final_norm.w), {DIM_EMBD}, 0},
    {"norm_f.bias", BIND_VECTOR, MODEL(final_norm.b), {DIM_EMBD}, BIND_BIAS},
    {"lm_head.weight", BIND_MATRIX, MODEL(head.w), {DIM_VOCAB, DIM_EMBD}, BIND_HEAD},
    {0},
};

static const struct key_row keys_of_gguf[] = {{KEY_ALIBI_MAX, {".attention.max_alibi_bias"}, 0}, {0}};

static const struct key_row keys[] = {
    {KEY_N_EMBD, {"hidden_size", "d_model"}, 0},
    {KEY_N_LAYER, {"num_hidden_layers", "n_layers"}, 0},
    {KEY_N_HEAD, {"num_attention_heads", "n_heads"}, 0},
    {KEY_N_CTX, {"max_seq_len"}, 2048},
    {KEY_N_HEAD_KV, {0}, 0},
    {KEY_HEAD_DIM, {0}, 0},
    {KEY_N_FF, {0}, 0},
    {KEY_FF_RATIO, {"expansion_ratio"}, 4},
    {KEY_NORM_EPS, {"layer_norm_epsilon"}, 1e-5},
    {KEY_ACTIVATION, {0}, 0},
    {KEY_QKV_CLAMP, {"attn_config.clip_qkv"}, 0},
    {KEY_SCORE_SCALE, {"attn_config.softmax_scale"}, 0},
    {KEY_REFUSED, {"attn_config.qk_ln"}, 0},
    {KEY_REFUSED, {"attn_config.prefix_lm"}, 0},
    {KEY_REFUSED, {"attn_config.rope"}, 0},
    {KEY_REQUIRED, {"attn_config.alibi"}, 0},
    {KEY_FIXED, {"attn_config.alibi_bias_max"}, 8},
    {0},
};

static const struct word_row words[] = {
    {"attn_config.attn_type", "multihead_attention"}, {"logit_scale", NULL}, {"ffn_config.ffn_type", "mptmlp"}, {0},
};

static const char *const prefixes[] = {"transformer.", NULL};

const struct family family_mpt = {
    .name = "mpt",
    .tokenizers = "BPE",
    .serves = "MPT 7B and 30B, Replit Code",
    .norm = NORM_LAYER,
    .act = ACTF_GELU_ERF,
    .alibi = true,
    .scale_scores = true,
    .tied = true,
    .files = {
        [WEIGHTS_GGUF] = {
            .rows = {gguf_base, rows_gguf, gguf_fused_attention, gguf_plain_mlp, gguf_biases, gguf_norms},
            .keys = {keys_of_gguf},
        },
        [WEIGHTS_HF] = {.rows = {rows_hf}, .keys = {keys}, .words = words, .prefixes = prefixes},
    },
};
