// SPDX-License-Identifier: MIT
// MiniCPM (Hu et al. 2024): Llama with factors of the embedding, of what a block adds, and of logits. Old GGUF files
// leave those of the 2B model out.
#include "shared.h"

static const struct key_row keys_of_gguf[] = {
    {KEY_EMBD_SCALE, {".embedding_scale"}, 12},
    {KEY_RESIDUAL_DEPTH, {0}, 1.4},
    {KEY_LOGIT_SCALE, {0}, 0},
    {KEY_LOGIT_DIVISOR, {".logit_scale"}, 0},
    {KEY_LOGIT_WIDTH, {0}, 256},
    {0},
};

static const struct key_row keys[] = {
    {KEY_NORM_EPS, {"rms_norm_eps"}, 1e-6},
    HF_CTX(2048),
    {KEY_EMBD_SCALE, {"scale_emb"}, 0},
    {KEY_RESIDUAL_DEPTH, {"scale_depth"}, 0},
    {KEY_LOGIT_WIDTH, {"dim_model_base"}, 0},
    {0},
};

const struct family family_minicpm = {
    .name = "minicpm",
    .tokenizers = "SentencePiece BPE",
    .serves = "MiniCPM 1B and 2B",
    .norm = NORM_RMS,
    .act = ACTF_SILU,
    .scale_scores = true,
    .tied = true,
    .files = {
        [WEIGHTS_GGUF] = {
            .rows = {gguf_base, gguf_attention, gguf_gated_mlp, gguf_norms},
            .keys = {keys_of_gguf},
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
