// SPDX-License-Identifier: MIT
// Arcee AFM (Arcee AI 2025): Llama with a plain MLP, whose activation is a squared ReLU (So et al. 2021).
#include "shared.h"

static const struct key_row keys[] = {{KEY_NORM_EPS, {"rms_norm_eps"}, 1e-5}, HF_CTX(4096), {0}};

const struct family family_arcee = {
    .name = "arcee",
    .tokenizers = "BPE",
    .serves = "AFM 4.5B",
    .norm = NORM_RMS,
    .act = ACTF_RELU_SQUARED,
    .scale_scores = true,
    .files = {
        [WEIGHTS_GGUF] = {
            .rows = {gguf_base, gguf_attention, gguf_plain_mlp, gguf_biases, gguf_norms},
            .rope = ROPE_PAIRS,
        },
        [WEIGHTS_HF] = {
            .rows = {hf_base, hf_attention, hf_plain_mlp, hf_biases, hf_norms},
            .keys = {keys},
            .prefixes = hf_prefixes,
            .rope = ROPE_HALVES,
        },
    },
};
