// SPDX-License-Identifier: MIT
// Nemotron 4 and Minitron (Parmar et al. 2024), and Jais 2: layer norms, a plain MLP with a squared ReLU. Nemotron's
// directories have the weights of norms minus 1; rotary positions turn half of a head.
#include "shared.h"

static const struct bind_row base_hf[] = {
    {"embed_tokens.weight", BIND_MATRIX, MODEL(tokens), {DIM_VOCAB, DIM_EMBD}, 0},
    {"layers.%d.input_layernorm.weight", BIND_VECTOR, LAYER(attn_in.w), {DIM_EMBD}, BIND_PLUS_ONE},
    {"layers.%d.post_attention_layernorm.weight", BIND_VECTOR, LAYER(mlp_in.w), {DIM_EMBD}, BIND_PLUS_ONE},
    {"norm.weight", BIND_VECTOR, MODEL(final_norm.w), {DIM_EMBD}, BIND_PLUS_ONE},
    {"lm_head.weight", BIND_MATRIX, MODEL(head.w), {DIM_VOCAB, DIM_EMBD}, BIND_HEAD},
    {0},
};

static const struct key_row keys[] = {
    {KEY_NORM_EPS, {"norm_eps"}, 1e-5},
    HF_CTX(4096),
    HF_ROPE_SHARE(0.5),
    {0},
};

#define NEMOTRON(who)                                                                             \
    .tokenizers = "BPE, SentencePiece BPE", .serves = who, .norm = NORM_LAYER, .act = ACTF_RELU_SQUARED, \
    .scale_scores = true

const struct family family_nemotron = {
    .name = "nemotron",
    NEMOTRON("Minitron 4B and 8B, Nemotron 4 340B"),
    .files = {
        [WEIGHTS_GGUF] = {
            .rows = {gguf_base, gguf_attention, gguf_plain_mlp, gguf_biases, gguf_norms, gguf_norm_biases},
            .rope = ROPE_HALVES,
        },
        [WEIGHTS_HF] = {
            .rows = {base_hf, hf_attention, hf_plain_mlp, hf_biases, hf_norm_biases},
            .keys = {keys},
            .prefixes = hf_prefixes,
            .rope = ROPE_HALVES,
        },
    },
};

static const struct key_row keys_jais[] = {{KEY_NORM_EPS, {"layer_norm_eps"}, 1e-5}, HF_CTX(8192), {0}};

const struct family family_jais2 = {
    .name = "jais2",
    NEMOTRON("Jais 2 8B and 70B"),
    .files = {
        [WEIGHTS_GGUF] = {
            .rows = {gguf_base, gguf_attention, gguf_plain_mlp, gguf_biases, gguf_norms, gguf_norm_biases},
            .rope = ROPE_HALVES,
        },
        [WEIGHTS_HF] = {
            .rows = {hf_base, hf_attention, hf_plain_mlp, hf_biases, hf_norms, hf_norm_biases},
            .keys = {keys_jais},
            .prefixes = hf_prefixes,
            .rope = ROPE_HALVES,
        },
    },
};
