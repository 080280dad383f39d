// SPDX-License-Identifier: MIT
// Phi 1 to 2 (Li et al. 2023): attention and MLP read one norm, rotary positions turn a part of a head. Phi 3 and 4
// (Abdin et al. 2024) are Llama with q, k and v, and gate and up, in one tensor each.
#include "shared.h"

static const struct bind_row rows_gguf[] = {
    {"blk.%d.attn_norm.weight", BIND_VECTOR, LAYER(attn_in.w), {DIM_EMBD}, 0},
    {"blk.%d.attn_norm.bias", BIND_VECTOR, LAYER(attn_in.b), {DIM_EMBD}, 0},
    {"output_norm.bias", BIND_VECTOR, MODEL(final_norm.b), {DIM_EMBD}, 0},
    {"output.bias", BIND_VECTOR, MODEL(head.b), {DIM_VOCAB}, 0},
    {0},
};

static const struct bind_row rows_hf[] = {
    {"embed_tokens.weight", BIND_MATRIX, MODEL(tokens), {DIM_VOCAB, DIM_EMBD}, 0},
    {"layers.%d.input_layernorm.weight", BIND_VECTOR, LAYER(attn_in.w), {DIM_EMBD}, 0},
    {"layers.%d.input_layernorm.bias", BIND_VECTOR, LAYER(attn_in.b), {DIM_EMBD}, 0},
    {"layers.%d.self_attn.q_proj.weight", BIND_MATRIX, LAYER(q.w), {DIM_HEADS, DIM_EMBD}, 0},
    {"layers.%d.self_attn.q_proj.bias", BIND_VECTOR, LAYER(q.b), {DIM_HEADS}, 0},
    {"layers.%d.self_attn.k_proj.weight", BIND_MATRIX, LAYER(k.w), {DIM_HEADS_KV, DIM_EMBD}, 0},
    {"layers.%d.self_attn.k_proj.bias", BIND_VECTOR, LAYER(k.b), {DIM_HEADS_KV}, 0},
    {"layers.%d.self_attn.v_proj.weight", BIND_MATRIX, LAYER(v.w), {DIM_HEADS_KV, DIM_EMBD}, 0},
    {"layers.%d.self_attn.v_proj.bias", BIND_VECTOR, LAYER(v.b), {DIM_HEADS_KV}, 0},
    {"layers.%d.self_attn.dense.weight", BIND_MATRIX, LAYER(o.w), {DIM_EMBD, DIM_HEADS}, 0},
    {"layers.%d.self_attn.dense.bias", BIND_VECTOR, LAYER(o.b), {DIM_EMBD}, 0},
    {"layers.%d.mlp.fc1.weight", BIND_MATRIX, LAYER(up.w), {DIM_FF, DIM_EMBD}, 0},
    {"layers.%d.mlp.fc1.bias", BIND_VECTOR, LAYER(up.b), {DIM_FF}, 0},
    {"layers.%d.mlp.fc2.weight", BIND_MATRIX, LAYER(down.w), {DIM_EMBD, DIM_FF}, 0},
    {"layers.%d.mlp.fc2.bias", BIND_VECTOR, LAYER(down.b), {DIM_EMBD}, 0},
    {"final_layernorm.weight", BIND_VECTOR, MODEL(final_norm.w), {DIM_EMBD}, 0},
    {"final_layernorm.bias", BIND_VECTOR, MODEL(final_norm.b), {DIM_EMBD}, 0},
    {"lm_head.weight", BIND_MATRIX, MODEL(head.w), {DIM_VOCAB, DIM_EMBD}, BIND_HEAD},
    {"lm_head.bias", BIND_VECTOR, MODEL(head.b), {DIM_VOCAB}, 0},
    {0},
};

static const struct key_row keys[] = {
    {KEY_HEAD_DIM, {0}, 0},
    HF_CTX(2048),
    {KEY_NORM_EPS, {"layer_norm_eps"}, 1e-5},
    HF_ROPE_SHARE(0.5),
    {KEY_REFUSED, {"qk_layernorm"}, 0},
    {0},
};

const struct family family_phi = {
    .name = "phi",
    .tokenizers = "BPE",
    .serves = "Phi-1, Phi-1.5, Phi-2",
    .norm = NORM_LAYER,
    .residual = RESIDUAL_PARALLEL,
    .act = ACTF_GELU_TANH,
    .scale_scores = true,
    .files = {
        [WEIGHTS_GGUF] = {
            .names = {"phi2"},
            .rows = {gguf_base, gguf_attention, gguf_plain_mlp, gguf_biases, rows_gguf},
            .rope = ROPE_HALVES,
        },
        [WEIGHTS_HF] = {.rows = {rows_hf}, .keys = {keys}, .prefixes = hf_prefixes, .rope = ROPE_HALVES},
    },
};

static const struct bind_row attention_3[] = {
    {"layers.%d.self_attn.qkv_proj.weight", BIND_FUSED_MATRIX, FUSED_QKV, {DIM_QKV, DIM_EMBD}, 0},
    {"layers.%d.self_attn.o_proj.weight", BIND_MATRIX, LAYER(o.w), {DIM_EMBD, DIM_HEADS}, 0},
    {0},
};

static const struct key_row keys_3[] = {
    HF_CTX(4096),
    {KEY_ROPE_ORIGINAL, {"original_max_position_embeddings"}, 4096}, // whatever the scaling says
    {KEY_NORM_EPS, {"rms_norm_eps"}, 1e-5},
    {KEY_ROPE_ORIGINAL, {"original_max_position_embeddings"}, 4096}, // and not that within rope_scaling
    {0},
};

const struct family family_phi3 = {
    .name = "phi3",
    .tokenizers = "SentencePiece BPE, BPE",
    .serves = "Phi-3 mini and medium, Phi-3.5 mini, Phi-4, Phi-4 mini",
    .norm = NORM_RMS,
    .act = ACTF_SILU,
    .scale_scores = true,
    .files = {
        [WEIGHTS_GGUF] = {
            .rows = {gguf_base, gguf_fused_attention, gguf_fused_mlp, gguf_norms},
            .rope = ROPE_HALVES,
        },
        [WEIGHTS_HF] = {
            .rows = {hf_base, attention_3, hf_fused_mlp, hf_norms},
            .keys = {keys_3},
            .prefixes = hf_prefixes,
            .rope = ROPE_HALVES,
        },
    },
};
