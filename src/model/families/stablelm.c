// SPDX-License-Identifier: MIT
// StableLM 2 and 3B (Bellagente et al. 2024): Llama with layer norms and rotary positions in a quarter of a head. The
// 12B model's attention and MLP read one norm, and each head of q and k has a norm of its own.
#include "shared.h"

static const struct bind_row qk_norms_gguf[] = {
    {"blk.%d.attn_q_norm.weight", BIND_VECTOR, LAYER(q_norm.w), {DIM_N_HEAD, DIM_HEAD}, BIND_NORMS},
    {"blk.%d.attn_k_norm.weight", BIND_VECTOR, LAYER(k_norm.w), {DIM_N_HEAD_KV, DIM_HEAD}, BIND_NORMS},
    {0},
};

static const struct bind_row qk_norms_hf[] = {
    {"layers.%d.self_attn.q_layernorm.norms.%d.weight", BIND_VECTOR, LAYER(q_norm.w), {DIM_N_HEAD, DIM_HEAD},
     BIND_NORMS | BIND_BY_HEAD},
    {"layers.%d.self_attn.k_layernorm.norms.%d.weight", BIND_VECTOR, LAYER(k_norm.w), {DIM_N_HEAD_KV, DIM_HEAD},
     BIND_NORMS | BIND_BY_HEAD},
    {0},
};

static const struct key_row keys_of_gguf[] = {{KEY_PARALLEL, {".use_parallel_residual"}, 0}, {0}};

static const struct key_row keys[] = {
    {KEY_NORM_EPS, {"layer_norm_eps"}, 1e-5},
    HF_CTX(4096),
    HF_HEADS_KV(32),
    {KEY_PARALLEL, {"use_parallel_residual"}, 0},
    {KEY_HAS_BIAS, {"use_qkv_bias"}, 0},
    {KEY_HAS_NORMS, {"qk_layernorm"}, 0},
    HF_ROPE_SHARE(0.25),
    {0},
};

const struct family family_stablelm = {
    .name = "stablelm",
    .tokenizers = "BPE",
    .serves = "StableLM 2 1.6B and 12B, StableLM 3B, Stable Code 3B",
    .norm = NORM_LAYER,
    .act = ACTF_SILU,
    .qk_norm = QK_NORM_EACH_HEAD,
    .scale_scores = true,
    .files = {
        [WEIGHTS_GGUF] = {
            .rows = {gguf_base, gguf_attention, gguf_gated_mlp, gguf_biases, gguf_norms, gguf_norm_biases,
                     qk_norms_gguf},
            .keys = {keys_of_gguf},
            .rope = ROPE_HALVES,
        },
        [WEIGHTS_HF] = {
            .rows = {hf_base, hf_attention, hf_gated_mlp, hf_biases, hf_norms, hf_norm_biases, qk_norms_hf},
            .keys = {keys},
            .prefixes = hf_prefixes,
            .rope = ROPE_HALVES,
        },
    },
};
