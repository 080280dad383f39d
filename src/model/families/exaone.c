// SPDX-License-Identifier: MIT
// EXAONE 4 (LG AI Research 2025): norms of what attention and MLP add, and of q and k. The 32B model has windows in
// three of four layers, and rotary positions only there.
#include "shared.h"

static const struct key_row keys[] = {
    {KEY_NORM_EPS, {"rms_norm_eps"}, 1e-5},
    HF_CTX(2048),
    HF_HEADS_KV(32),
    {KEY_WINDOW, {"sliding_window"}, 4096},
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

static const struct bind_row rows_3[] = {
    {"wte.weight", BIND_MATRIX, MODEL(tokens), {DIM_VOCAB, DIM_EMBD}, 0},
    {"h.%d.ln_1.weight", BIND_VECTOR, LAYER(attn_in.w), {DIM_EMBD}, 0},
    {"h.%d.attn.attention.q_proj.weight", BIND_MATRIX, LAYER(q.w), {DIM_HEADS, DIM_EMBD}, 0},
    {"h.%d.attn.attention.k_proj.weight", BIND_MATRIX, LAYER(k.w), {DIM_HEADS_KV, DIM_EMBD}, 0},
    {"h.%d.attn.attention.v_proj.weight", BIND_MATRIX, LAYER(v.w), {DIM_HEADS_KV, DIM_EMBD}, 0},
    {"h.%d.attn.attention.out_proj.weight", BIND_MATRIX, LAYER(o.w), {DIM_EMBD, DIM_HEADS}, 0},
    {"h.%d.ln_2.weight", BIND_VECTOR, LAYER(mlp_in.w), {DIM_EMBD}, 0},
    {"h.%d.mlp.c_fc_0.weight", BIND_MATRIX, LAYER(gate.w), {DIM_FF, DIM_EMBD}, 0},
    {"h.%d.mlp.c_fc_1.weight", BIND_MATRIX, LAYER(up.w), {DIM_FF, DIM_EMBD}, 0},
    {"h.%d.mlp.c_proj.weight", BIND_MATRIX, LAYER(down.w), {DIM_EMBD, DIM_FF}, 0},
    {"ln_f.weight", BIND_VECTOR, MODEL(final_norm.w), {DIM_EMBD}, 0},
    {"lm_head.weight", BIND_MATRIX, MODEL(head.w), {DIM_VOCAB, DIM_EMBD}, BIND_HEAD},
    {0},
};

static const struct key_row keys_3[] = {
    {KEY_N_LAYER, {"num_hidden_layers", "num_layers"}, 0},
    HF_CTX(4096),
    HF_HEADS_KV(8),
    HF_ROPE_BASE(500000),
    {KEY_NORM_EPS, {"rms_norm_eps", "layer_norm_epsilon"}, 1e-5},
    {KEY_ACTIVATION, {"hidden_act", "activation_function"}, 0},
    {0},
};

static const char *const prefixes_3[] = {"transformer.", NULL};

// EXAONE 3 (LG AI Research 2024): Llama under GPT-2's names.
const struct family family_exaone = {
    .name = "exaone",
    .tokenizers = "BPE",
    .serves = "EXAONE 3.0, 3.5 and Deep",
    .norm = NORM_RMS,
    .act = ACTF_SILU,
    .scale_scores = true,
    .files = {
        [WEIGHTS_GGUF] = {.rows = {gguf_base, gguf_attention, gguf_gated_mlp, gguf_norms}, .rope = ROPE_HALVES},
        [WEIGHTS_HF] = {.rows = {rows_3}, .keys = {keys_3}, .prefixes = prefixes_3, .rope = ROPE_HALVES},
    },
};
