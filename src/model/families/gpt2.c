// SPDX-License-Identifier: MIT
// GPT-2: Radford et al. 2019, "Language models are unsupervised multitask learners".
//
// Tensors without a row here (the constant causal masks attn.bias and attn.masked_bias) are ignored.
#include "family.h"

// The names from llama.cpp's converter.
static const struct bind_row rows_gguf[] = {
    {"token_embd.weight", BIND_MATRIX, MODEL(tokens), {DIM_VOCAB, DIM_EMBD}, 0},
    {"position_embd.weight", BIND_MATRIX, MODEL(positions), {DIM_CTX, DIM_EMBD}, 0},
    {"blk.%d.attn_norm.weight", BIND_VECTOR, LAYER(attn_in.w), {DIM_EMBD}, 0},
    {"blk.%d.attn_norm.bias", BIND_VECTOR, LAYER(attn_in.b), {DIM_EMBD}, BIND_BIAS},
    {"blk.%d.attn_qkv.weight", BIND_FUSED_MATRIX, FUSED_QKV, {DIM_QKV, DIM_EMBD}, 0},
    {"blk.%d.attn_qkv.bias", BIND_FUSED_VECTOR, FUSED_QKV, {DIM_QKV}, BIND_BIAS},
    {"blk.%d.attn_output.weight", BIND_MATRIX, LAYER(o.w), {DIM_EMBD, DIM_HEADS}, 0},
    {"blk.%d.attn_output.bias", BIND_VECTOR, LAYER(o.b), {DIM_EMBD}, BIND_BIAS},
    {"blk.%d.ffn_norm.weight", BIND_VECTOR, LAYER(mlp_in.w), {DIM_EMBD}, 0},
    {"blk.%d.ffn_norm.bias", BIND_VECTOR, LAYER(mlp_in.b), {DIM_EMBD}, BIND_BIAS},
    {"blk.%d.ffn_up.weight", BIND_MATRIX, LAYER(up.w), {DIM_FF, DIM_EMBD}, 0},
    {"blk.%d.ffn_up.bias", BIND_VECTOR, LAYER(up.b), {DIM_FF}, BIND_BIAS},
    {"blk.%d.ffn_down.weight", BIND_MATRIX, LAYER(down.w), {DIM_EMBD, DIM_FF}, 0},
    {"blk.%d.ffn_down.bias", BIND_VECTOR, LAYER(down.b), {DIM_EMBD}, BIND_BIAS},
    {"output_norm.weight", BIND_VECTOR, MODEL(final_norm.w), {DIM_EMBD}, 0},
    {"output_norm.bias", BIND_VECTOR, MODEL(final_norm.b), {DIM_EMBD}, BIND_BIAS},
    {"output.weight", BIND_MATRIX, MODEL(head.w), {DIM_VOCAB, DIM_EMBD}, BIND_OPTIONAL},
    {0},
};

// GPT-2's own layers ("Conv1D") store their matrices as [in, out].
static const struct bind_row rows_hf[] = {
    {"wte.weight", BIND_MATRIX, MODEL(tokens), {DIM_VOCAB, DIM_EMBD}, 0},
    {"wpe.weight", BIND_MATRIX, MODEL(positions), {DIM_CTX, DIM_EMBD}, 0},
    {"h.%d.ln_1.weight", BIND_VECTOR, LAYER(attn_in.w), {DIM_EMBD}, 0},
    {"h.%d.ln_1.bias", BIND_VECTOR, LAYER(attn_in.b), {DIM_EMBD}, BIND_BIAS},
    {"h.%d.attn.c_attn.weight", BIND_FUSED_MATRIX, FUSED_QKV, {DIM_EMBD, DIM_QKV}, BIND_TRANSPOSED},
    {"h.%d.attn.c_attn.bias", BIND_FUSED_VECTOR, FUSED_QKV, {DIM_QKV}, BIND_BIAS},
    {"h.%d.attn.c_proj.weight", BIND_MATRIX, LAYER(o.w), {DIM_HEADS, DIM_EMBD}, BIND_TRANSPOSED},
    {"h.%d.attn.c_proj.bias", BIND_VECTOR, LAYER(o.b), {DIM_EMBD}, BIND_BIAS},
    {"h.%d.ln_2.weight", BIND_VECTOR, LAYER(mlp_in.w), {DIM_EMBD}, 0},
    {"h.%d.ln_2.bias", BIND_VECTOR, LAYER(mlp_in.b), {DIM_EMBD}, BIND_BIAS},
    {"h.%d.mlp.c_fc.weight", BIND_MATRIX, LAYER(up.w), {DIM_EMBD, DIM_FF}, BIND_TRANSPOSED},
    {"h.%d.mlp.c_fc.bias", BIND_VECTOR, LAYER(up.b), {DIM_FF}, BIND_BIAS},
    {"h.%d.mlp.c_proj.weight", BIND_MATRIX, LAYER(down.w), {DIM_FF, DIM_EMBD}, BIND_TRANSPOSED},
    {"h.%d.mlp.c_proj.bias", BIND_VECTOR, LAYER(down.b), {DIM_EMBD}, BIND_BIAS},
    {"ln_f.weight", BIND_VECTOR, MODEL(final_norm.w), {DIM_EMBD}, 0},
    {"ln_f.bias", BIND_VECTOR, MODEL(final_norm.b), {DIM_EMBD}, BIND_BIAS},
    {"lm_head.weight", BIND_MATRIX, MODEL(head.w), {DIM_VOCAB, DIM_EMBD}, BIND_HEAD},
    {0},
};

// transformers' GPT2Config. If a file has both names of a value, the general one wins over GPT-2's own. The inner size
// and the activation have only one name. reorder_and_upcast_attn asks for f32 in attention; quill always computes so.
static const struct key_row keys[] = {
    {KEY_N_EMBD, {"hidden_size", "n_embd"}, 0},
    {KEY_N_LAYER, {"num_hidden_layers", "n_layer"}, 0},
    {KEY_N_HEAD, {"num_attention_heads", "n_head"}, 0},
    {KEY_N_CTX, {"max_position_embeddings", "n_positions", "n_ctx"}, 0},
    {KEY_N_HEAD_KV, {0}, 0},
    {KEY_HEAD_DIM, {0}, 0},
    {KEY_N_FF, {"n_inner"}, 0},
    {KEY_N_EXPERT, {0}, 0},
    {KEY_NORM_EPS, {"layer_norm_epsilon"}, 1e-5},
    {KEY_ACTIVATION, {"activation_function"}, 0},
    {KEY_SCALE_SCORES, {"scale_attn_weights"}, 0},
    {KEY_SCALE_BY_LAYER, {"scale_attn_by_inverse_layer_idx"}, 0},
    {KEY_REFUSED, {"add_cross_attention"}, 0},
    {0},
};

static const char *const prefixes[] = {"transformer.", "model.", NULL};

const struct family family_gpt2 = {
    .name = "gpt2",
    .tokenizers = "BPE",
    .serves = "GPT-2, DistilGPT-2, DialoGPT, Cerebras-GPT",
    .norm = NORM_LAYER,
    .residual = RESIDUAL_SEQUENTIAL,
    .act = ACTF_GELU_TANH,
    .scale_scores = true,
    .tied = true,
    .files = {
        [WEIGHTS_GGUF] = {.rows = {rows_gguf}},
        [WEIGHTS_HF] = {.rows = {rows_hf}, .keys = {keys}, .prefixes = prefixes},
    },
};
