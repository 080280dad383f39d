// SPDX-License-Identifier: MIT
// nanochat (Karpathy 2025): norms without weights everywhere, of the embedding and of turned q and k too; rotary
// positions turn the other way; a squared ReLU; logits are capped.
#include "shared.h"

static const struct bind_row rows[] = {
    {"embed_tokens.weight", BIND_MATRIX, MODEL(tokens), {DIM_VOCAB, DIM_EMBD}, 0},
    {"embed_tokens", BIND_NORM, MODEL(embd_norm), {DIM_NONE}, 0},
    {"layers.%d", BIND_NORM, LAYER(attn_in), {DIM_NONE}, 0},
    {"layers.%d", BIND_NORM, LAYER(q_norm), {DIM_NONE}, 0},
    {"layers.%d", BIND_NORM, LAYER(k_norm), {DIM_NONE}, 0},
    {"layers.%d", BIND_NORM, LAYER(mlp_in), {DIM_NONE}, 0},
    {"layers.%d.mlp.fc1.weight", BIND_MATRIX, LAYER(up.w), {DIM_FF, DIM_EMBD}, 0},
    {"layers.%d.mlp.fc2.weight", BIND_MATRIX, LAYER(down.w), {DIM_EMBD, DIM_FF}, 0},
    {"norm", BIND_NORM, MODEL(final_norm), {DIM_NONE}, 0},
    {"lm_head.weight", BIND_MATRIX, MODEL(head.w), {DIM_VOCAB, DIM_EMBD}, BIND_HEAD},
    {0},
};

static const struct key_row keys[] = {
    {KEY_NORM_EPS, {"rms_norm_eps"}, 1e-6},
    HF_CTX(2048),
    {KEY_LOGIT_SOFTCAP, {"final_logit_softcapping"}, 15},
    {0},
};

const struct family family_nanochat = {
    .name = "nanochat",
    .tokenizers = "BPE",
    .serves = "nanochat d20 and d32",
    .norm = NORM_RMS,
    .act = ACTF_RELU_SQUARED,
    .qk_norm = QK_NORM_HEADS,
    .qk_norm_last = true,
    .scale_scores = true,
    .rope_backwards = true,
    .files[WEIGHTS_HF] = {
        .rows = {rows, hf_attention, hf_biases},
        .keys = {keys},
        .prefixes = hf_prefixes,
        .rope = ROPE_HALVES,
    },
};
