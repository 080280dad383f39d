// SPDX-License-Identifier: MIT
// Command R (Cohere 2024) and its successors: attention and MLP read one layer norm without a bias, rotary positions
// turn pairs that lie side by side, logits have a factor. Command R+ has norms of q and k for each head; Command R7B
// and A have windows, and rotary positions only there.
#include "shared.h"

static const struct bind_row norms_gguf[] = {
    {"blk.%d.attn_norm.weight", BIND_VECTOR, LAYER(attn_in.w), {DIM_EMBD}, 0},
    {"blk.%d.attn_q_norm.weight", BIND_VECTOR, LAYER(q_norm.w), {DIM_N_HEAD, DIM_HEAD}, BIND_NORMS},
    {"blk.%d.attn_k_norm.weight", BIND_VECTOR, LAYER(k_norm.w), {DIM_N_HEAD_KV, DIM_HEAD}, BIND_NORMS},
    {0},
};

static const struct bind_row norms_hf[] = {
    {"layers.%d.input_layernorm.weight", BIND_VECTOR, LAYER(attn_in.w), {DIM_EMBD}, 0},
    {"layers.%d.self_attn.q_norm.weight", BIND_VECTOR, LAYER(q_norm.w), {DIM_N_HEAD, DIM_HEAD}, BIND_NORMS},
    {"layers.%d.self_attn.k_norm.weight", BIND_VECTOR, LAYER(k_norm.w), {DIM_N_HEAD_KV, DIM_HEAD}, BIND_NORMS},
    {0},
};

static const struct key_row keys[] = {
    {KEY_NORM_EPS, {"layer_norm_eps"}, 1e-5},
    HF_CTX(8192),
    {KEY_LOGIT_SCALE, {"logit_scale"}, 0.0625},
    HF_ROPE_BASE(500000),
    {KEY_HAS_NORMS, {"use_qk_norm"}, 0},
    {0},
};

#define COHERE(who)                                                                                  \
    .tokenizers = "BPE", .serves = who, .norm = NORM_LAYER, .residual = RESIDUAL_PARALLEL,           \
    .act = ACTF_SILU, .qk_norm = QK_NORM_EACH_HEAD, .scale_scores = true, .tied = true

const struct family family_cohere = {
    .name = "cohere",
    COHERE("Command R, Command R+, Aya 23"),
    .files = {
        [WEIGHTS_GGUF] = {
            .names = {"command-r"},
            .rows = {gguf_base, gguf_attention, gguf_gated_mlp, gguf_biases, norms_gguf},
            .rope = ROPE_PAIRS,
        },
        [WEIGHTS_HF] = {
            .rows = {hf_base, hf_attention, hf_gated_mlp, hf_biases, norms_hf},
            .keys = {keys},
            .prefixes = hf_prefixes,
            .rope = ROPE_PAIRS,
        },
    },
};

static const struct key_row keys_2[] = {
    HF_ROPE_BASE(10000),
    {KEY_WINDOW, {"sliding_window"}, 4096},
    {KEY_REQUIRED, {"use_gated_activation"}, 0},
    {KEY_REQUIRED, {"use_parallel_block"}, 0},
    {KEY_FIXED, {"rotary_pct"}, 1},
    {0},
};
static const struct word_row words_2[] = {
    {"order_of_interleaved_layers", "local_attn_first"}, {"position_embedding_type", "rope_gptj"}, {0},
};

const struct family family_cohere2 = {
    .name = "cohere2",
    COHERE("Command R7B, Command A"),
    .full_every = 4,
    .rope_in_windows = true,
    .files = {
        [WEIGHTS_GGUF] = {
            .rows = {gguf_base, gguf_attention, gguf_gated_mlp, gguf_biases, norms_gguf},
            .rope = ROPE_PAIRS,
        },
        [WEIGHTS_HF] = {
            .rows = {hf_base, hf_attention, hf_gated_mlp, hf_biases, norms_hf},
            .keys = {keys_2, keys},
            .words = words_2,
            .prefixes = hf_prefixes,
            .rope = ROPE_PAIRS,
        },
    },
};
