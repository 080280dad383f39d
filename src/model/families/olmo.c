// SPDX-License-Identifier: MIT
// OLMo (Groeneveld et al. 2024): layer norms without weights, q, k and v limited. OLMo 2 and 3 (Walsh et al. 2024):
// norms of what attention and MLP add, none before them, and norms of q and k over all heads; OLMo 3 has windows, whose
// layers have unscaled rotary positions. In GGUF files OLMo 3 is OLMo 2.
#include "shared.h"

static const struct bind_row bare_norms[] = {
    {"blk.%d", BIND_NORM, LAYER(attn_in), {DIM_NONE}, 0},
    {"blk.%d", BIND_NORM, LAYER(mlp_in), {DIM_NONE}, 0},
    {"output", BIND_NORM, MODEL(final_norm), {DIM_NONE}, 0},
    {0},
};

static const struct bind_row base_gguf[] = {
    {"token_embd.weight", BIND_MATRIX, MODEL(tokens), {DIM_VOCAB, DIM_EMBD}, 0},
    {"output.weight", BIND_MATRIX, MODEL(head.w), {DIM_VOCAB, DIM_EMBD}, BIND_OPTIONAL},
    {0},
};

static const struct bind_row base_hf[] = {
    {"embed_tokens.weight", BIND_MATRIX, MODEL(tokens), {DIM_VOCAB, DIM_EMBD}, 0},
    {"lm_head.weight", BIND_MATRIX, MODEL(head.w), {DIM_VOCAB, DIM_EMBD}, BIND_HEAD},
    {0},
};

static const struct key_row keys[] = {
    {KEY_NORM_EPS, {0}, 1e-5},
    HF_CTX(2048),
    {KEY_QKV_CLAMP, {"clip_qkv"}, 0},
    {0},
};

const struct family family_olmo = {
    .name = "olmo",
    .tokenizers = "BPE",
    .serves = "OLMo 1B and 7B",
    .norm = NORM_LAYER,
    .act = ACTF_SILU,
    .scale_scores = true,
    .files = {
        [WEIGHTS_GGUF] = {.rows = {base_gguf, gguf_attention, gguf_gated_mlp, bare_norms}, .rope = ROPE_PAIRS},
        [WEIGHTS_HF] = {
            .rows = {base_hf, hf_attention, hf_gated_mlp, hf_biases, bare_norms},
            .keys = {keys},
            .prefixes = hf_prefixes,
            .rope = ROPE_HALVES,
        },
    },
};

static const struct bind_row qk_norms_gguf[] = {
    {"blk.%d.attn_q_norm.weight", BIND_VECTOR, LAYER(q_norm.w), {DIM_HEADS}, 0},
    {"blk.%d.attn_k_norm.weight", BIND_VECTOR, LAYER(k_norm.w), {DIM_HEADS_KV}, 0},
    {0},
};

static const struct bind_row qk_norms_hf[] = {
    {"layers.%d.self_attn.q_norm.weight", BIND_VECTOR, LAYER(q_norm.w), {DIM_HEADS}, 0},
    {"layers.%d.self_attn.k_norm.weight", BIND_VECTOR, LAYER(k_norm.w), {DIM_HEADS_KV}, 0},
    {0},
};

static const struct key_row keys_2[] = {
    {KEY_NORM_EPS, {"rms_norm_eps"}, 1e-5},
    HF_CTX(2048),
    {KEY_WINDOW, {0}, 0},
    {0},
};

static const struct key_row keys_3[] = {
    {KEY_NORM_EPS, {"rms_norm_eps"}, 1e-5},
    HF_CTX(2048),
    HF_ROPE_BASE(500000),
    {KEY_WINDOW, {"sliding_window"}, 4096},
    {KEY_ROPE_BASE_WINDOW, {"rope_parameters.sliding_attention.rope_theta"}, 500000},
    {0},
};

#define OLMO_2(who)                                                                              \
    .tokenizers = "BPE", .serves = who, .norm = NORM_RMS, .act = ACTF_SILU, .qk_norm = QK_NORM_ROW, \
    .scale_scores = true, .full_every = 4, .rope_apart = true

const struct family family_olmo2 = {
    .name = "olmo2",
    OLMO_2("OLMo 2 1B to 32B, OLMo 3 (GGUF)"),
    .files = {
        [WEIGHTS_GGUF] = {
            .rows = {gguf_base, gguf_attention, gguf_gated_mlp, gguf_out_norms, qk_norms_gguf},
            .rope = ROPE_HALVES,
        },
        [WEIGHTS_HF] = {
            .rows = {hf_base, hf_attention, hf_gated_mlp, hf_biases, hf_out_norms, qk_norms_hf},
            .keys = {keys_2},
            .prefixes = hf_prefixes,
            .rope = ROPE_HALVES,
        },
    },
};

const struct family family_olmo3 = {
    .name = "olmo3",
    OLMO_2("OLMo 3 7B and 32B"),
    .in_gguf = &family_olmo2,
    .files[WEIGHTS_HF] = {
        .rows = {hf_base, hf_attention, hf_gated_mlp, hf_biases, hf_out_norms, qk_norms_hf},
        .keys = {keys_3},
        .prefixes = hf_prefixes,
        .rope = ROPE_HALVES,
    },
};
