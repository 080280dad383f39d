// SPDX-License-Identifier: MIT
// InternLM 2 (Cai et al. 2024): Llama under other names, with q, k and v of each group of heads in one tensor; and
// InternLM 3, which has Llama's names.
#include "shared.h"

static const struct bind_row rows_hf[] = {
    {"tok_embeddings.weight", BIND_MATRIX, MODEL(tokens), {DIM_VOCAB, DIM_EMBD}, 0},
    {"layers.%d.attention_norm.weight", BIND_VECTOR, LAYER(attn_in.w), {DIM_EMBD}, 0},
    {"layers.%d.attention.wqkv.weight", BIND_FUSED_MATRIX, FUSED_QKV_BY_GROUP, {DIM_QKV, DIM_EMBD}, 0},
    {"layers.%d.attention.wqkv.bias", BIND_FUSED_VECTOR, FUSED_QKV_BY_GROUP, {DIM_QKV}, BIND_BIAS},
    {"layers.%d.attention.wo.weight", BIND_MATRIX, LAYER(o.w), {DIM_EMBD, DIM_HEADS}, 0},
    {"layers.%d.attention.wo.bias", BIND_VECTOR, LAYER(o.b), {DIM_EMBD}, BIND_BIAS},
    {"layers.%d.ffn_norm.weight", BIND_VECTOR, LAYER(mlp_in.w), {DIM_EMBD}, 0},
    {"layers.%d.feed_forward.w1.weight", BIND_MATRIX, LAYER(gate.w), {DIM_FF, DIM_EMBD}, 0},
    {"layers.%d.feed_forward.w3.weight", BIND_MATRIX, LAYER(up.w), {DIM_FF, DIM_EMBD}, 0},
    {"layers.%d.feed_forward.w2.weight", BIND_MATRIX, LAYER(down.w), {DIM_EMBD, DIM_FF}, 0},
    {"norm.weight", BIND_VECTOR, MODEL(final_norm.w), {DIM_EMBD}, 0},
    {"output.weight", BIND_MATRIX, MODEL(head.w), {DIM_VOCAB, DIM_EMBD}, BIND_HEAD},
    {0},
};

static const struct key_row keys[] = {
    {KEY_NORM_EPS, {"rms_norm_eps"}, 1e-6}, HF_CTX(2048), {KEY_HAS_BIAS, {"bias"}, 0}, {0},
};

#define INTERNLM(who)                                                                       \
    .tokenizers = "SentencePiece BPE", .serves = who, .norm = NORM_RMS, .act = ACTF_SILU,   \
    .scale_scores = true

const struct family family_internlm2 = {
    .name = "internlm2",
    INTERNLM("InternLM 2 and 2.5 1.8B to 20B"),
    .files = {
        [WEIGHTS_GGUF] = {
            .rows = {gguf_base, gguf_attention, gguf_gated_mlp, gguf_biases, gguf_norms},
            .rope = ROPE_PAIRS,
        },
        [WEIGHTS_HF] = {.rows = {rows_hf}, .keys = {keys}, .prefixes = hf_prefixes, .rope = ROPE_HALVES},
    },
};

const struct family family_internlm3 = {
    .name = "internlm3",
    INTERNLM("InternLM 3 8B (GGUF: llama)"),
    .in_gguf = &family_llama,
    .files[WEIGHTS_HF] = {
        .rows = {hf_base, hf_attention, hf_gated_mlp, hf_biases, hf_norms},
        .keys = {keys},
        .prefixes = hf_prefixes,
        .rope = ROPE_HALVES,
    },
};
