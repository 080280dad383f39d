// SPDX-License-Identifier: MIT
// Gemma 1 to 3 (Gemma Team 2024 and 2025): embeddings times the root of their width; directories have the weights of
// norms minus 1. Gemma 2 adds norms of what attention and MLP add, caps of scores and logits, and a window in every
// second layer; Gemma 3 norms of q and k for the caps, and rotary positions of their own for its five of six windows.
#include "shared.h"

static const struct bind_row final_norm_hf[] = {
    {"embed_tokens.weight", BIND_MATRIX, MODEL(tokens), {DIM_VOCAB, DIM_EMBD}, 0},
    {"norm.weight", BIND_VECTOR, MODEL(final_norm.w), {DIM_EMBD}, BIND_PLUS_ONE},
    {"layers.%d.input_layernorm.weight", BIND_VECTOR, LAYER(attn_in.w), {DIM_EMBD}, BIND_PLUS_ONE},
    {"lm_head.weight", BIND_MATRIX, MODEL(head.w), {DIM_VOCAB, DIM_EMBD}, BIND_HEAD},
    {0},
};

static const struct bind_row norms_1_hf[] = {
    {"layers.%d.post_attention_layernorm.weight", BIND_VECTOR, LAYER(mlp_in.w), {DIM_EMBD}, BIND_PLUS_ONE},
    {0},
};

static const struct bind_row norms_2_hf[] = {
    {"layers.%d.post_attention_layernorm.weight", BIND_VECTOR, LAYER(attn_out.w), {DIM_EMBD}, BIND_PLUS_ONE},
    {"layers.%d.pre_feedforward_layernorm.weight", BIND_VECTOR, LAYER(mlp_in.w), {DIM_EMBD}, BIND_PLUS_ONE},
    {"layers.%d.post_feedforward_layernorm.weight", BIND_VECTOR, LAYER(mlp_out.w), {DIM_EMBD}, BIND_PLUS_ONE},
    {0},
};

static const struct bind_row qk_norms_hf[] = {
    {"layers.%d.self_attn.q_norm.weight", BIND_VECTOR, LAYER(q_norm.w), {DIM_HEAD}, BIND_PLUS_ONE},
    {"layers.%d.self_attn.k_norm.weight", BIND_VECTOR, LAYER(k_norm.w), {DIM_HEAD}, BIND_PLUS_ONE},
    {0},
};

static const struct key_row keys[] = {
    {KEY_NORM_EPS, {"rms_norm_eps"}, 1e-6},
    HF_CTX(8192),
    HF_HEAD_DIM(256),
    {0},
};

#define GEMMA(who)                                                                                     \
    .tokenizers = "SentencePiece BPE", .serves = who, .norm = NORM_RMS, .act = ACTF_GELU_TANH,         \
    .scale_scores = true, .embd_sqrt = true, .tied = true

static const struct key_row keys_1[] = {
    HF_SIZES(3072, 24576, 28, 16),
    HF_HEADS_KV(16),
    {KEY_ACTIVATION, {"hidden_activation", "hidden_act"}, 0},
    {0},
};

const struct family family_gemma = {
    .name = "gemma",
    GEMMA("Gemma 2B and 7B, CodeGemma"),
    .gelu_is_tanh = true,
    .files = {
        [WEIGHTS_GGUF] = {.rows = {gguf_base, gguf_attention, gguf_gated_mlp, gguf_norms}, .rope = ROPE_HALVES},
        [WEIGHTS_HF] = {
            .rows = {final_norm_hf, hf_attention, hf_gated_mlp, hf_biases, norms_1_hf},
            .keys = {keys_1, keys},
            .prefixes = hf_prefixes,
            .rope = ROPE_HALVES,
        },
    },
};

static const struct key_row keys_2_gguf[] = {
    {KEY_WINDOW, {".attention.sliding_window"}, 4096},
    {0},
};

static const struct key_row keys_2[] = {
    HF_SIZES(2304, 9216, 26, 8),
    HF_HEADS_KV(4),
    {KEY_ACTIVATION, {"hidden_activation"}, 0},
    {KEY_WINDOW, {"sliding_window"}, 4096},
    {KEY_SCORE_DIM, {"query_pre_attn_scalar"}, 256},
    {KEY_SCORE_SOFTCAP, {"attn_logit_softcapping"}, 50},
    {KEY_LOGIT_SOFTCAP, {"final_logit_softcapping"}, 30},
    {0},
};

const struct family family_gemma2 = {
    .name = "gemma2",
    GEMMA("Gemma 2 2B, 9B and 27B"),
    .full_every = 2,
    .files = {
        [WEIGHTS_GGUF] = {
            .rows = {gguf_base, gguf_attention, gguf_gated_mlp, gguf_norms, gguf_out_norms},
            .keys = {keys_2_gguf},
            .rope = ROPE_HALVES,
            .by_head_layers = 46, // 27B
        },
        [WEIGHTS_HF] = {
            .rows = {final_norm_hf, hf_attention, hf_gated_mlp, hf_biases, norms_2_hf},
            .keys = {keys_2, keys},
            .prefixes = hf_prefixes,
            .rope = ROPE_HALVES,
        },
    },
};

static const struct key_row keys_3_gguf[] = {
    {KEY_ROPE_BASE, {".rope.freq_base"}, 1e6},
    {KEY_ROPE_BASE_WINDOW, {".rope.freq_base_swa"}, 10000},
    {0},
};

// Published files of the 4B and 12B models leave much to the class.
static const struct key_row keys_3[] = {
    HF_SIZES(2304, 9216, 26, 8),
    HF_HEADS_KV(4),
    {KEY_N_VOCAB, {"vocab_size"}, 262208},
    HF_CTX(131072),
    {KEY_ACTIVATION, {"hidden_activation"}, 0},
    {KEY_WINDOW, {"sliding_window"}, 4096},
    {KEY_SCORE_DIM, {"query_pre_attn_scalar"}, 256},
    {KEY_SCORE_SOFTCAP, {0}, 0}, // the class has the key and does not use it
    {KEY_LOGIT_SOFTCAP, {"final_logit_softcapping"}, 0},
    HF_ROPE_BASE(1e6),
    {KEY_ROPE_BASE_WINDOW, {"rope_parameters.sliding_attention.rope_theta", "rope_local_base_freq"}, 10000},
    {0},
};

const struct family family_gemma3 = {
    .name = "gemma3",
    GEMMA("Gemma 3 270M to 27B, MedGemma"),
    .qk_norm = QK_NORM_HEADS,
    .full_every = 6,
    .rope_apart = true,
    .files = {
        [WEIGHTS_GGUF] = {
            .rows = {gguf_base, gguf_attention, gguf_gated_mlp, gguf_norms, gguf_out_norms, gguf_qk_norms},
            .keys = {keys_3_gguf},
            .rope = ROPE_HALVES,
            .by_head_layers = 62, // 27B
        },
        [WEIGHTS_HF] = {
            .names = {"gemma3_text", "gemma3"},
            .rows = {final_norm_hf, hf_attention, hf_gated_mlp, hf_biases, norms_2_hf, qk_norms_hf},
            .keys = {keys_3, keys},
            .prefixes = hf_prefixes,
            .rope = ROPE_HALVES,
        },
    },
};

static const struct bind_row norms_vault_hf[] = {
    {"layers.%d.pre_feedforward_layernorm.weight", BIND_VECTOR, LAYER(mlp_in.w), {DIM_EMBD}, BIND_PLUS_ONE},
    {0},
};

// VaultGemma (2025): Gemma 2 without norms of what a block adds.
const struct family family_vaultgemma = {
    .name = "vaultgemma",
    GEMMA("VaultGemma 1B"),
    .full_every = 2,
    .files[WEIGHTS_HF] = {
        .rows = {final_norm_hf, hf_attention, hf_gated_mlp, hf_biases, norms_vault_hf},
        .keys = {keys_2, keys},
        .prefixes = hf_prefixes,
        .rope = ROPE_HALVES,
    },
};
