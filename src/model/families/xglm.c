// SPDX-License-Identifier: MIT
// XGLM (Lin et al. 2022), with positions as sinusoids in place of a table, and BioGPT (Luo et al. 2022): embeddings
// times the root of their width, positions two rows late, as in OPT.
#include "shared.h"

static const struct bind_row blocks[] = {
    {"embed_tokens.weight", BIND_MATRIX, MODEL(tokens), {DIM_VOCAB, DIM_EMBD}, 0},
    {"layers.%d.self_attn_layer_norm.weight", BIND_VECTOR, LAYER(attn_in.w), {DIM_EMBD}, 0},
    {"layers.%d.self_attn_layer_norm.bias", BIND_VECTOR, LAYER(attn_in.b), {DIM_EMBD}, 0},
    {"layers.%d.self_attn.q_proj.weight", BIND_MATRIX, LAYER(q.w), {DIM_HEADS, DIM_EMBD}, 0},
    {"layers.%d.self_attn.q_proj.bias", BIND_VECTOR, LAYER(q.b), {DIM_HEADS}, 0},
    {"layers.%d.self_attn.k_proj.weight", BIND_MATRIX, LAYER(k.w), {DIM_HEADS_KV, DIM_EMBD}, 0},
    {"layers.%d.self_attn.k_proj.bias", BIND_VECTOR, LAYER(k.b), {DIM_HEADS_KV}, 0},
    {"layers.%d.self_attn.v_proj.weight", BIND_MATRIX, LAYER(v.w), {DIM_HEADS_KV, DIM_EMBD}, 0},
    {"layers.%d.self_attn.v_proj.bias", BIND_VECTOR, LAYER(v.b), {DIM_HEADS_KV}, 0},
    {"layers.%d.self_attn.out_proj.weight", BIND_MATRIX, LAYER(o.w), {DIM_EMBD, DIM_HEADS}, 0},
    {"layers.%d.self_attn.out_proj.bias", BIND_VECTOR, LAYER(o.b), {DIM_EMBD}, 0},
    {"layers.%d.final_layer_norm.weight", BIND_VECTOR, LAYER(mlp_in.w), {DIM_EMBD}, 0},
    {"layers.%d.final_layer_norm.bias", BIND_VECTOR, LAYER(mlp_in.b), {DIM_EMBD}, 0},
    {"layers.%d.fc1.weight", BIND_MATRIX, LAYER(up.w), {DIM_FF, DIM_EMBD}, 0},
    {"layers.%d.fc1.bias", BIND_VECTOR, LAYER(up.b), {DIM_FF}, 0},
    {"layers.%d.fc2.weight", BIND_MATRIX, LAYER(down.w), {DIM_EMBD, DIM_FF}, 0},
    {"layers.%d.fc2.bias", BIND_VECTOR, LAYER(down.b), {DIM_EMBD}, 0},
    {"layer_norm.weight", BIND_VECTOR, MODEL(final_norm.w), {DIM_EMBD}, 0},
    {"layer_norm.bias", BIND_VECTOR, MODEL(final_norm.b), {DIM_EMBD}, 0},
    {"lm_head.weight", BIND_MATRIX, MODEL(head.w), {DIM_VOCAB, DIM_EMBD}, BIND_HEAD},
    {0},
};

static const struct bind_row biogpt_rows[] = {
    {"embed_positions.weight", BIND_MATRIX, MODEL(positions), {DIM_POSITIONS, DIM_EMBD}, 0},
    {"output_projection.weight", BIND_MATRIX, MODEL(head.w), {DIM_VOCAB, DIM_EMBD}, BIND_HEAD},
    {0},
};

static const struct key_row keys[] = {
    {KEY_N_EMBD, {"hidden_size", "d_model"}, 0},
    {KEY_N_LAYER, {"num_hidden_layers", "num_layers"}, 0},
    {KEY_N_HEAD, {"num_attention_heads", "attention_heads"}, 0},
    {KEY_N_HEAD_KV, {0}, 0},
    {KEY_HEAD_DIM, {0}, 0},
    {KEY_N_FF, {"ffn_dim"}, 0},
    {KEY_NORM_EPS, {0}, 1e-5},
    {KEY_ACTIVATION, {"activation_function"}, 0},
    {KEY_REQUIRED, {"scale_embedding"}, 0},
    {0},
};

static const char *const prefixes[] = {"model.", NULL};

#define SCALED(who, what)                                                                              \
    .tokenizers = what, .serves = who, .norm = NORM_LAYER, .act = ACTF_GELU_ERF, .scale_scores = true, \
    .embd_sqrt = true, .position_offset = 2, .tied = true

const struct family family_xglm = {
    .name = "xglm",
    SCALED("XGLM 564M to 7.5B", "SentencePiece Unigram"),
    .sinusoids = SINUSOIDS_FAIRSEQ,
    .files[WEIGHTS_HF] = {.rows = {blocks}, .keys = {keys}, .prefixes = prefixes},
};

static const struct key_row keys_bio[] = {
    {KEY_N_HEAD_KV, {0}, 0},
    {KEY_HEAD_DIM, {0}, 0},
    {KEY_NORM_EPS, {0}, 1e-5}, // whatever layer_norm_eps says
    {KEY_REQUIRED, {"scale_embedding"}, 0},
    {0},
};

static const char *const prefixes_bio[] = {"biogpt.", NULL};

const struct family family_biogpt = {
    .name = "biogpt",
    SCALED("BioGPT", "Moses and BPE (ids only)"),
    .files[WEIGHTS_HF] = {.rows = {biogpt_rows, blocks}, .keys = {keys_bio}, .prefixes = prefixes_bio},
};
