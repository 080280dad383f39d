// SPDX-License-Identifier: MIT
// Llama: Touvron et al. 2023; Grattafiori et al. 2024, "The Llama 3 herd of models".
//
// llama.cpp's converter reorders the rows of q and k: pairs that lie in halves in transformers' files lie side by side.
#include "shared.h"

static const struct key_row keys[] = {
    {KEY_NORM_EPS, {"rms_norm_eps"}, 1e-6},
    HF_SIZES(4096, 11008, 32, 32),
    HF_CTX(2048),
    {KEY_WINDOW, {0}, 0},
    {KEY_LAYER_TYPES, {0}, 0},
    {0},
};

const struct family family_llama = {
    .name = "llama",
    .tokenizers = "SentencePiece BPE, BPE",
    .serves = "Llama 1 to 3.3, CodeLlama, TinyLlama, SmolLM2, Yi, DeepSeek-llm, R1-distill-Llama",
    .norm = NORM_RMS,
    .act = ACTF_SILU,
    .scale_scores = true,
    .files = {
        [WEIGHTS_GGUF] = {
            .rows = {gguf_base, gguf_attention, gguf_gated_mlp, gguf_biases, gguf_norms},
            .rope = ROPE_PAIRS,
        },
        [WEIGHTS_HF] = {
            .rows = {hf_base, hf_attention, hf_gated_mlp, hf_biases, hf_norms},
            .keys = {keys},
            .prefixes = hf_prefixes,
            .rope = ROPE_HALVES,
        },
    },
};
