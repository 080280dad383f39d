// SPDX-License-Identifier: MIT
// Hunyuan dense (Tencent 2025): Llama with norms of q and k after rotary positions. What its files call dynamic scaling
// is another base for every length.
#include "shared.h"

static const struct bind_row qk_norms_hf[] = {
    {"layers.%d.self_attn.query_layernorm.weight", BIND_VECTOR, LAYER(q_norm.w), {DIM_HEAD}, 0},
    {"layers.%d.self_attn.key_layernorm.weight", BIND_VECTOR, LAYER(k_norm.w), {DIM_HEAD}, 0},
    {0},
};

static const struct key_row keys[] = {
    {KEY_NORM_EPS, {"rms_norm_eps"}, 1e-5},
    HF_CTX(2048),
    {KEY_ROPE_ALPHA, {"rope_scaling.alpha", "rope_parameters.alpha"}, 0},
    {KEY_N_EXPERT, {0}, 0}, // published files say 1
    {KEY_REQUIRED, {"use_qk_norm"}, 0},
    {KEY_REFUSED, {"use_cla"}, 0}, // keys and values of other layers
    {0},
};

const struct family family_hunyuan = {
    .name = "hunyuan_v1_dense",
    .tokenizers = "BPE",
    .serves = "Hunyuan 0.5B to 7B",
    .norm = NORM_RMS,
    .act = ACTF_SILU,
    .qk_norm = QK_NORM_HEADS,
    .qk_norm_last = true,
    .scale_scores = true,
    .files = {
        [WEIGHTS_GGUF] = {
            .names = {"hunyuan-dense"},
            .rows = {gguf_base, gguf_attention, gguf_gated_mlp, gguf_norms, gguf_qk_norms},
            .rope = ROPE_HALVES,
        },
        [WEIGHTS_HF] = {
            .rows = {hf_base, hf_attention, hf_gated_mlp, hf_biases, hf_norms, qk_norms_hf},
            .keys = {keys},
            .prefixes = hf_prefixes,
            .rope = ROPE_HALVES,
        },
    },
};
