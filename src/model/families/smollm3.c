// SPDX-License-Identifier: MIT
// SmolLM3 (Bakouch et al. 2025): Llama without rotary positions in every fourth layer. GGUF files have no key for that,
// and their rows of q and k are reordered as Llama's.
#include "shared.h"

static const struct key_row keys[] = {
    {KEY_NORM_EPS, {"rms_norm_eps"}, 1e-6},
    HF_CTX(32768),
    HF_HEADS_KV(4),
    HF_ROPE_BASE(2e6),
    {KEY_ROPE_EVERY, {"no_rope_layer_interval"}, 0},
    {KEY_ROPE_LAYERS, {"no_rope_layers"}, 0},
    {KEY_REFUSED, {"use_sliding_window"}, 0},
    {KEY_WINDOW, {0}, 0},
    {0},
};

const struct family family_smollm3 = {
    .name = "smollm3",
    .tokenizers = "BPE",
    .serves = "SmolLM3",
    .norm = NORM_RMS,
    .act = ACTF_SILU,
    .scale_scores = true,
    .bare_every = 4,
    .tied = true,
    .files = {
        [WEIGHTS_GGUF] = {
            .rows = {gguf_base, gguf_attention, gguf_gated_mlp, gguf_norms},
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
