// SPDX-License-Identifier: MIT
// EXAONE 4 (LG AI Research 2025): norms of what attention and MLP add, and of q and k. The 32B model has windows in
// three of four layers, and rotary positions only there.
#include "shared.h"

static const struct key_row keys[] = {
    {KEY_NORM_EPS, {"rms_norm_eps"}, 1e-5},
    {KEY_N_CTX, {"max_position_embeddings"}, 2048},
    {KEY_WINDOW, {"sliding_window"}, 4096},
    {KEY_WINDOW_EVERY, {0}, 0}, // what the file has is a word; its list of layers says the same
    {0},
};

const struct family family_exaone4 = {
    .name = "exaone4",
    .tokenizers = "BPE",
    .serves = "EXAONE 4.0 1.2B and 32B",
    .norm = NORM_RMS,
    .act = ACTF_SILU,
    .qk_norm = QK_NORM_HEADS,
    .scale_scores = true,
    .full_every = 4,
    .rope_in_windows = true,
    .files = {
        [WEIGHTS_GGUF] = {
            .rows = {gguf_base, gguf_attention, gguf_gated_mlp, gguf_out_norms, gguf_qk_norms},
            .rope = ROPE_HALVES,
        },
        [WEIGHTS_HF] = {
            .rows = {hf_base, hf_attention, hf_gated_mlp, hf_biases, hf_out_norms, hf_qk_norms},
            .keys = {keys},
            .prefixes = hf_prefixes,
            .rope = ROPE_HALVES,
        },
    },
};
