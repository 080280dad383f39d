// SPDX-License-Identifier: MIT
// Qwen 1.5 to 3 (Bai et al. 2023; Yang et al. 2024 and 2025): Llama with biases of q, k and v, which Qwen 3 gives up
// for norms of q and k.
#include "shared.h"

static const struct key_row keys[] = {
    {KEY_NORM_EPS, {"rms_norm_eps"}, 1e-6},
    HF_SIZES(4096, 22016, 32, 32),
    HF_CTX(32768),
    HF_HEADS_KV(32),
    {KEY_WINDOW, {"sliding_window"}, 4096},
    {KEY_WINDOW_ON, {"use_sliding_window"}, 0},
    {KEY_WINDOW_FROM, {"max_window_layers"}, 28},
    {KEY_REFUSED, {"use_mrope"}, 0},
    {0},
};

// Of every model, whatever its configuration says.
static const struct bind_row gguf_qkv_biases[] = {
    {"blk.%d.attn_q.bias", BIND_VECTOR, LAYER(q.b), {DIM_HEADS}, 0},
    {"blk.%d.attn_k.bias", BIND_VECTOR, LAYER(k.b), {DIM_HEADS_KV}, 0},
    {"blk.%d.attn_v.bias", BIND_VECTOR, LAYER(v.b), {DIM_HEADS_KV}, 0},
    {0},
};

static const struct bind_row hf_qkv_biases[] = {
    {"layers.%d.self_attn.q_proj.bias", BIND_VECTOR, LAYER(q.b), {DIM_HEADS}, 0},
    {"layers.%d.self_attn.k_proj.bias", BIND_VECTOR, LAYER(k.b), {DIM_HEADS_KV}, 0},
    {"layers.%d.self_attn.v_proj.bias", BIND_VECTOR, LAYER(v.b), {DIM_HEADS_KV}, 0},
    {0},
};

const struct family family_qwen2 = {
    .name = "qwen2",
    .tokenizers = "BPE",
    .serves = "Qwen 1.5 to 2.5, Qwen2.5-Coder, QwQ, R1-distill-Qwen",
    .norm = NORM_RMS,
    .act = ACTF_SILU,
    .scale_scores = true,
    .files = {
        [WEIGHTS_GGUF] = {
            .rows = {gguf_base, gguf_attention, gguf_gated_mlp, gguf_qkv_biases, gguf_norms},
            .rope = ROPE_HALVES,
        },
        [WEIGHTS_HF] = {
            .rows = {hf_base, hf_attention, hf_gated_mlp, hf_qkv_biases, hf_norms},
            .keys = {keys},
            .prefixes = hf_prefixes,
            .rope = ROPE_HALVES,
        },
    },
};

static const struct key_row keys_3[] = {
    HF_HEAD_DIM(128),
    {0},
};

const struct family family_qwen3 = {
    .name = "qwen3",
    .tokenizers = "BPE",
    .serves = "Qwen3 0.6B to 32B",
    .norm = NORM_RMS,
    .act = ACTF_SILU,
    .qk_norm = QK_NORM_HEADS,
    .scale_scores = true,
    .files = {
        [WEIGHTS_GGUF] = {
            .rows = {gguf_base, gguf_attention, gguf_gated_mlp, gguf_biases, gguf_norms, gguf_qk_norms},
            .rope = ROPE_HALVES,
        },
        [WEIGHTS_HF] = {
            .rows = {hf_base, hf_attention, hf_gated_mlp, hf_biases, hf_norms, hf_qk_norms},
            .keys = {keys_3, keys},
            .prefixes = hf_prefixes,
            .rope = ROPE_HALVES,
        },
    },
};
