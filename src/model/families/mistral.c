// SPDX-License-Identifier: MIT
// Mistral (Jiang et al. 2023) and Ministral: Llama with a window. In GGUF files Mistral is Llama, and has lost the
// window; Ministral 3 has a name there.
#include "shared.h"

static const struct key_row keys[] = {
    {KEY_NORM_EPS, {"rms_norm_eps"}, 1e-6},
    HF_SIZES(4096, 14336, 32, 32),
    HF_CTX(131072),
    HF_HEADS_KV(8),
    {KEY_WINDOW, {"sliding_window"}, 4096},
    {0},
};

const struct family family_mistral = {
    .name = "mistral",
    .tokenizers = "SentencePiece BPE, BPE",
    .serves = "Mistral 7B, Mistral Nemo, Mistral Small, Ministral 8B (GGUF: llama)",
    .norm = NORM_RMS,
    .act = ACTF_SILU,
    .scale_scores = true,
    .in_gguf = &family_llama,
    .files[WEIGHTS_HF] = {
        .names = {"mistral", "ministral"},
        .rows = {hf_base, hf_attention, hf_gated_mlp, hf_norms},
        .keys = {keys},
        .prefixes = hf_prefixes,
        .rope = ROPE_HALVES,
    },
};

static const struct key_row keys_3_of_gguf[] = {
    {KEY_ROPE_MSCALE_ALL, {".rope.scaling.yarn_log_multiplier"}, 0}, {0},
};

static const struct key_row keys_3[] = {
    {KEY_NORM_EPS, {"rms_norm_eps"}, 1e-5},
    HF_SIZES(4096, 14336, 34, 32),
    HF_CTX(262144),
    HF_HEADS_KV(8),
    HF_HEAD_DIM(128),
    {0},
};

const struct family family_mistral3 = {
    .name = "mistral3",
    .tokenizers = "BPE",
    .serves = "Ministral 3, Mistral Small 3.1 and 3.2",
    .norm = NORM_RMS,
    .act = ACTF_SILU,
    .scale_scores = true,
    .files = {
        [WEIGHTS_GGUF] = {
            .rows = {gguf_base, gguf_attention, gguf_gated_mlp, gguf_biases, gguf_norms},
            .keys = {keys_3_of_gguf},
            .rope = ROPE_PAIRS,
        },
        [WEIGHTS_HF] = {
            .names = {"ministral3"},
            .rows = {hf_base, hf_attention, hf_gated_mlp, hf_norms},
            .keys = {keys_3},
            .prefixes = hf_prefixes,
            .rope = ROPE_HALVES,
        },
    },
};

static const struct key_row keys_cwm[] = {
    {KEY_NORM_EPS, {"rms_norm_eps"}, 1e-5},
    HF_CTX(131072),
    HF_HEADS_KV(8),
    HF_HEAD_DIM(128),
    HF_ROPE_BASE(1e6),
    {KEY_WINDOW, {"sliding_window"}, 8192},
    {0},
};

// Code World Model (Meta 2025): Llama 3 with windows in three of four layers.
const struct family family_cwm = {
    .name = "cwm",
    .tokenizers = "BPE",
    .serves = "CWM 32B",
    .norm = NORM_RMS,
    .act = ACTF_SILU,
    .scale_scores = true,
    .full_every = 4,
    .full_first = true,
    .files[WEIGHTS_HF] = {
        .rows = {hf_base, hf_attention, hf_gated_mlp, hf_biases, hf_norms},
        .keys = {keys_cwm},
        .prefixes = hf_prefixes,
        .rope = ROPE_HALVES,
    },
};
