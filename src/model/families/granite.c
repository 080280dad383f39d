// SPDX-License-Identifier: MIT
// Granite 3 (IBM 2024): Llama with factors of the embedding, of scores, of what a block adds, and of logits. The dense
// models of Granite 4 are, in directories, hybrids whose layers are all of attention and whose experts are shared by
// all.
#include "shared.h"

static const struct key_row keys_of_gguf[] = {
    {KEY_LOGIT_SCALE, {0}, 0},
    {KEY_LOGIT_DIVISOR, {".logit_scale"}, 0},
    {KEY_ROPE_ON, {".rope.scaling.finetuned"}, 0},
    {0},
};

static const struct key_row keys[] = {
    {KEY_NORM_EPS, {"rms_norm_eps"}, 1e-6},
    HF_CTX(2048),
    {KEY_EMBD_SCALE, {"embedding_multiplier"}, 0},
    {KEY_SCORE_SCALE, {"attention_multiplier"}, 1},
    {KEY_RESIDUAL_SCALE, {"residual_multiplier"}, 0},
    {KEY_LOGIT_DIVISOR, {"logits_scaling"}, 0},
    {0},
};

const struct family family_granite = {
    .name = "granite",
    .tokenizers = "BPE",
    .serves = "Granite 3.0 to 3.3, Granite 4 dense (GGUF)",
    .norm = NORM_RMS,
    .act = ACTF_SILU,
    .scale_scores = true,
    .files = {
        [WEIGHTS_GGUF] = {
            .rows = {gguf_base, gguf_attention, gguf_gated_mlp, gguf_biases, gguf_norms},
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

static const struct bind_row mlp_4[] = {
    {"layers.%d.shared_mlp.input_linear.weight", BIND_FUSED_MATRIX, FUSED_GATE_UP, {DIM_GATE_UP, DIM_EMBD}, 0},
    {"layers.%d.shared_mlp.output_linear.weight", BIND_MATRIX, LAYER(down.w), {DIM_EMBD, DIM_FF}, 0},
    {0},
};

static const struct key_row keys_4[] = {
    {KEY_N_FF, {"shared_intermediate_size"}, 0},
    {KEY_ROPE_WORD, {"position_embedding_type"}, 0},
    {0},
};

const struct family family_granite4 = {
    .name = "granitemoehybrid",
    .tokenizers = "BPE",
    .serves = "Granite 4 dense 350M to 3B",
    .in_gguf = &family_granite,
    .norm = NORM_RMS,
    .act = ACTF_SILU,
    .scale_scores = true,
    .files[WEIGHTS_HF] = {
        .rows = {hf_base, hf_attention, mlp_4, hf_biases, hf_norms},
        .keys = {keys_4, keys},
        .prefixes = hf_prefixes,
        .rope = ROPE_HALVES,
    },
};

static const struct bind_row post_norms_x[] = {
    {"layers.%d.post_norm1.weight", BIND_VECTOR, LAYER(attn_out.w), {DIM_EMBD}, BIND_NORMS},
    {"layers.%d.post_norm2.weight", BIND_VECTOR, LAYER(mlp_out.w), {DIM_EMBD}, BIND_NORMS},
    {0},
};

// Its factor of logits multiplies.
static const struct key_row keys_x[] = {
    {KEY_LOGIT_SCALE, {"logits_scaling"}, 0},
    {KEY_HAS_NORMS, {"use_post_norm"}, 0},
    {KEY_LOGIT_DIVISOR, {0}, 0},
    {KEY_SCORE_SCALE, {"attention_multiplier"}, 0},
    {0},
};

// HyperCLOVA X SEED Think (NAVER 2025): Granite with norms of what a block adds.
const struct family family_hyperclovax = {
    .name = "hyperclovax",
    .tokenizers = "BPE",
    .serves = "HyperCLOVA X SEED Think 14B",
    .norm = NORM_RMS,
    .act = ACTF_SILU,
    .scale_scores = true,
    .files[WEIGHTS_HF] = {
        .rows = {hf_base, hf_attention, hf_gated_mlp, hf_biases, hf_norms, post_norms_x},
        .keys = {keys_x, keys},
        .prefixes = hf_prefixes,
        .rope = ROPE_HALVES,
    },
};
