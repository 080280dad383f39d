// SPDX-License-Identifier: MIT
// ERNIE 4.5 dense (Baidu 2025) and Helium (Kyutai 2025): Llama whose rotary positions turn pairs that lie side by side.
#include "shared.h"

static const struct key_row keys[] = {
    {KEY_NORM_EPS, {"rms_norm_eps"}, 1e-5},
    HF_CTX(131072),
    HF_HEADS_KV(2),
    HF_HEAD_DIM(128),
    HF_ROPE_BASE(500000),
    {KEY_HAS_BIAS, {"use_bias"}, 0},
    {KEY_HAS_BIAS_MLP, {"use_bias"}, 0},
    {KEY_FIXED, {"compression_ratio"}, 1}, // of positions
    {0},
};

const struct family family_ernie4_5 = {
    .name = "ernie4_5",
    .tokenizers = "SentencePiece BPE",
    .serves = "ERNIE 4.5 0.3B",
    .norm = NORM_RMS,
    .act = ACTF_SILU,
    .scale_scores = true,
    .tied = true,
    .files = {
        [WEIGHTS_GGUF] = {
            .rows = {gguf_base, gguf_attention, gguf_gated_mlp, gguf_biases, gguf_norms},
            .rope = ROPE_PAIRS,
        },
        [WEIGHTS_HF] = {
            .rows = {hf_base, hf_attention, hf_gated_mlp, hf_biases, hf_norms},
            .keys = {keys},
            .prefixes = hf_prefixes,
            .rope = ROPE_PAIRS,
        },
    },
};

static const struct key_row keys_helium[] = {
    {KEY_NORM_EPS, {"rms_norm_eps"}, 1e-8},
    HF_CTX(4096),
    HF_HEADS_KV(20),
    HF_HEAD_DIM(128),
    HF_ROPE_BASE(100000),
    {0},
};

const struct family family_helium = {
    .name = "helium",
    .tokenizers = "SentencePiece Unigram",
    .serves = "Helium 1 2B",
    .norm = NORM_RMS,
    .act = ACTF_SILU,
    .scale_scores = true,
    .files[WEIGHTS_HF] = {
        .rows = {hf_base, hf_attention, hf_gated_mlp, hf_biases, hf_norms},
        .keys = {keys_helium},
        .prefixes = hf_prefixes,
        .rope = ROPE_PAIRS,
    },
};
