// SPDX-License-Identifier: MIT
// Seed-OSS (ByteDance 2025): Llama with biases of q, k and v. In GGUF files the norm before the MLP is named after
// attention.
#include "shared.h"

static const struct bind_row norms_gguf[] = {
    {"blk.%d.attn_norm.weight", BIND_VECTOR, LAYER(attn_in.w), {DIM_EMBD}, 0},
    {"blk.%d.post_attention_norm.weight", BIND_VECTOR, LAYER(mlp_in.w), {DIM_EMBD}, 0},
    {0},
};

static const struct key_row keys[] = {
    {KEY_NORM_EPS, {"rms_norm_eps"}, 1e-6},
    HF_CTX(524288),
    HF_HEADS_KV(8),
    HF_HEAD_DIM(128),
    {0},
};

const struct family family_seed_oss = {
    .name = "seed_oss",
    .tokenizers = "BPE",
    .serves = "Seed-OSS 36B",
    .norm = NORM_RMS,
    .act = ACTF_SILU,
    .scale_scores = true,
    .files = {
        [WEIGHTS_GGUF] = {
            .rows = {gguf_base, gguf_attention, gguf_gated_mlp, gguf_biases, norms_gguf},
            .rope = ROPE_HALVES,
        },
        [WEIGHTS_HF] = {
            .rows = {hf_base, hf_attention, hf_gated_mlp, hf_biases, hf_norms},
            .keys = {keys},
            .prefixes = hf_prefixes,
            .rope = ROPE_HALVES,
        },
    },
};
