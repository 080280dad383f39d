// SPDX-License-Identifier: MIT
// GLM-4 (GLM Team 2024): Llama with biases of q, k and v, gate and up in one tensor, and rotary positions that turn
// pairs side by side in half of a head. GLM-4-0414 adds norms of what attention and MLP add.
#include "shared.h"

static const struct bind_row out_norms_hf[] = {
    {"layers.%d.post_self_attn_layernorm.weight", BIND_VECTOR, LAYER(attn_out.w), {DIM_EMBD}, 0},
    {"layers.%d.post_mlp_layernorm.weight", BIND_VECTOR, LAYER(mlp_out.w), {DIM_EMBD}, 0},
    {0},
};

static const struct key_row keys[] = {
    {KEY_NORM_EPS, {"rms_norm_eps"}, 1.5625e-7},
    HF_CTX(131072),
    HF_HEADS_KV(2),
    HF_HEAD_DIM(128),
    HF_ROPE_SHARE(0.5),
    {0},
};

#define GLM(who) .tokenizers = "BPE", .serves = who, .norm = NORM_RMS, .act = ACTF_SILU, .scale_scores = true

const struct family family_glm = {
    .name = "glm",
    GLM("GLM-4 9B"),
    .files = {
        [WEIGHTS_GGUF] = {
            .names = {"chatglm"},
            .rows = {gguf_base, gguf_attention, gguf_fused_mlp, gguf_biases, gguf_norms},
            .rope = ROPE_PAIRS,
        },
        [WEIGHTS_HF] = {
            .rows = {hf_base, hf_attention, hf_fused_mlp, hf_biases, hf_norms},
            .keys = {keys},
            .prefixes = hf_prefixes,
            .rope = ROPE_PAIRS,
        },
    },
};

const struct family family_glm4 = {
    .name = "glm4",
    GLM("GLM-4-0414 9B and 32B, GLM-Z1"),
    .files = {
        [WEIGHTS_GGUF] = {
            .rows = {gguf_base, gguf_attention, gguf_fused_mlp, gguf_biases, gguf_norms, gguf_out_norms},
            .rope = ROPE_PAIRS,
        },
        [WEIGHTS_HF] = {
            .rows = {hf_base, hf_attention, hf_fused_mlp, hf_biases, hf_norms, out_norms_hf},
            .keys = {keys},
            .prefixes = hf_prefixes,
            .rope = ROPE_PAIRS,
        },
    },
};
