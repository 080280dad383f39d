// SPDX-License-Identifier: MIT
#include "shared.h"

// ---- GGUF ----

const struct bind_row gguf_base[] = {
    {"token_embd.weight", BIND_MATRIX, MODEL(tokens), {DIM_VOCAB, DIM_EMBD}, 0},
    {"output_norm.weight", BIND_VECTOR, MODEL(final_norm.w), {DIM_EMBD}, 0},
    {"output.weight", BIND_MATRIX, MODEL(head.w), {DIM_VOCAB, DIM_EMBD}, BIND_OPTIONAL},
    {"rope_freqs.weight", BIND_VECTOR, MODEL(rope_divisors), {DIM_PAIRS}, BIND_OPTIONAL},
    {"rope_factors_long.weight", BIND_VECTOR, MODEL(rope_long), {DIM_PAIRS}, BIND_OPTIONAL},
    {"rope_factors_short.weight", BIND_VECTOR, MODEL(rope_short), {DIM_PAIRS}, BIND_OPTIONAL},
    {0},
};

#define ATTENTION(fused)                                                                                        \
    {"blk.%d.attn_qkv.weight", BIND_FUSED_MATRIX, FUSED_QKV, {DIM_QKV, DIM_EMBD}, BIND_OPTIONAL | (fused)},     \
    {"blk.%d.attn_qkv.bias", BIND_FUSED_VECTOR, FUSED_QKV, {DIM_QKV}, BIND_OPTIONAL | (fused)},                 \
    {"blk.%d.attn_q.weight", BIND_MATRIX, LAYER(q.w), {DIM_HEADS, DIM_EMBD}, 0},                                \
    {"blk.%d.attn_k.weight", BIND_MATRIX, LAYER(k.w), {DIM_HEADS_KV, DIM_EMBD}, 0},                             \
    {"blk.%d.attn_v.weight", BIND_MATRIX, LAYER(v.w), {DIM_HEADS_KV, DIM_EMBD}, 0},                             \
    {"blk.%d.attn_output.weight", BIND_MATRIX, LAYER(o.w), {DIM_EMBD, DIM_HEADS}, 0},                           \
    {0}

const struct bind_row gguf_attention[] = {ATTENTION(0)}, gguf_fused_attention[] = {ATTENTION(BIND_WRITTEN)};

const struct bind_row gguf_gated_mlp[] = {
    {"blk.%d.ffn_gate.weight", BIND_MATRIX, LAYER(gate.w), {DIM_FF, DIM_EMBD}, 0},
    {"blk.%d.ffn_up.weight", BIND_MATRIX, LAYER(up.w), {DIM_FF, DIM_EMBD}, 0},
    {"blk.%d.ffn_down.weight", BIND_MATRIX, LAYER(down.w), {DIM_EMBD, DIM_FF}, 0},
    {"blk.%d.ffn_gate.bias", BIND_VECTOR, LAYER(gate.b), {DIM_FF}, BIND_BIAS_MLP},
    {"blk.%d.ffn_up.bias", BIND_VECTOR, LAYER(up.b), {DIM_FF}, BIND_BIAS_MLP},
    {"blk.%d.ffn_down.bias", BIND_VECTOR, LAYER(down.b), {DIM_EMBD}, BIND_BIAS_MLP},
    {0},
};

const struct bind_row gguf_plain_mlp[] = {
    {"blk.%d.ffn_up.weight", BIND_MATRIX, LAYER(up.w), {DIM_FF, DIM_EMBD}, 0},
    {"blk.%d.ffn_up.bias", BIND_VECTOR, LAYER(up.b), {DIM_FF}, BIND_BIAS_MLP},
    {"blk.%d.ffn_down.weight", BIND_MATRIX, LAYER(down.w), {DIM_EMBD, DIM_FF}, 0},
    {"blk.%d.ffn_down.bias", BIND_VECTOR, LAYER(down.b), {DIM_EMBD}, BIND_BIAS_MLP},
    {0},
};

const struct bind_row gguf_biases[] = {
    {"blk.%d.attn_q.bias", BIND_VECTOR, LAYER(q.b), {DIM_HEADS}, BIND_OPTIONAL},
    {"blk.%d.attn_k.bias", BIND_VECTOR, LAYER(k.b), {DIM_HEADS_KV}, BIND_OPTIONAL},
    {"blk.%d.attn_v.bias", BIND_VECTOR, LAYER(v.b), {DIM_HEADS_KV}, BIND_OPTIONAL},
    {"blk.%d.attn_output.bias", BIND_VECTOR, LAYER(o.b), {DIM_EMBD}, BIND_OPTIONAL},
    {0},
};

const struct bind_row gguf_norms[] = {
    {"blk.%d.attn_norm.weight", BIND_VECTOR, LAYER(attn_in.w), {DIM_EMBD}, 0},
    {"blk.%d.ffn_norm.weight", BIND_VECTOR, LAYER(mlp_in.w), {DIM_EMBD}, BIND_UNLESS_PARALLEL},
    {0},
};

const struct bind_row gguf_norm_biases[] = {
    {"blk.%d.attn_norm.bias", BIND_VECTOR, LAYER(attn_in.b), {DIM_EMBD}, 0},
    {"blk.%d.ffn_norm.bias", BIND_VECTOR, LAYER(mlp_in.b), {DIM_EMBD}, BIND_UNLESS_PARALLEL},
    {"output_norm.bias", BIND_VECTOR, MODEL(final_norm.b), {DIM_EMBD}, 0},
    {0},
};

const struct bind_row gguf_out_norms[] = {
    {"blk.%d.post_attention_norm.weight", BIND_VECTOR, LAYER(attn_out.w), {DIM_EMBD}, 0},
    {"blk.%d.post_ffw_norm.weight", BIND_VECTOR, LAYER(mlp_out.w), {DIM_EMBD}, 0},
    {0},
};

const struct bind_row gguf_fused_mlp[] = {
    {"blk.%d.ffn_up.weight", BIND_FUSED_MATRIX, FUSED_GATE_UP, {DIM_GATE_UP, DIM_EMBD}, 0},
    {"blk.%d.ffn_down.weight", BIND_MATRIX, LAYER(down.w), {DIM_EMBD, DIM_FF}, 0},
    {0},
};

const struct bind_row gguf_qk_norms[] = {
    {"blk.%d.attn_q_norm.weight", BIND_VECTOR, LAYER(q_norm.w), {DIM_HEAD}, 0},
    {"blk.%d.attn_k_norm.weight", BIND_VECTOR, LAYER(k_norm.w), {DIM_HEAD}, 0},
    {0},
};

// ---- transformers ----

const char *const hf_prefixes[] = {
    "model.", "language_model.model.", "model.language_model.", "language_model.", "model.text_model.", NULL,
};

const struct bind_row hf_base[] = {
    {"embed_tokens.weight", BIND_MATRIX, MODEL(tokens), {DIM_VOCAB, DIM_EMBD}, 0},
    {"norm.weight", BIND_VECTOR, MODEL(final_norm.w), {DIM_EMBD}, 0},
    {"lm_head.weight", BIND_MATRIX, MODEL(head.w), {DIM_VOCAB, DIM_EMBD}, BIND_HEAD},
    {0},
};

const struct bind_row hf_attention[] = {
    {"layers.%d.self_attn.q_proj.weight", BIND_MATRIX, LAYER(q.w), {DIM_HEADS, DIM_EMBD}, 0},
    {"layers.%d.self_attn.k_proj.weight", BIND_MATRIX, LAYER(k.w), {DIM_HEADS_KV, DIM_EMBD}, 0},
    {"layers.%d.self_attn.v_proj.weight", BIND_MATRIX, LAYER(v.w), {DIM_HEADS_KV, DIM_EMBD}, 0},
    {"layers.%d.self_attn.o_proj.weight", BIND_MATRIX, LAYER(o.w), {DIM_EMBD, DIM_HEADS}, 0},
    {0},
};

const struct bind_row hf_gated_mlp[] = {
    {"layers.%d.mlp.gate_proj.weight", BIND_MATRIX, LAYER(gate.w), {DIM_FF, DIM_EMBD}, 0},
    {"layers.%d.mlp.up_proj.weight", BIND_MATRIX, LAYER(up.w), {DIM_FF, DIM_EMBD}, 0},
    {"layers.%d.mlp.down_proj.weight", BIND_MATRIX, LAYER(down.w), {DIM_EMBD, DIM_FF}, 0},
    {"layers.%d.mlp.gate_proj.bias", BIND_VECTOR, LAYER(gate.b), {DIM_FF}, BIND_BIAS_MLP},
    {"layers.%d.mlp.up_proj.bias", BIND_VECTOR, LAYER(up.b), {DIM_FF}, BIND_BIAS_MLP},
    {"layers.%d.mlp.down_proj.bias", BIND_VECTOR, LAYER(down.b), {DIM_EMBD}, BIND_BIAS_MLP},
    {0},
};

const struct bind_row hf_biases[] = {
    {"layers.%d.self_attn.q_proj.bias", BIND_VECTOR, LAYER(q.b), {DIM_HEADS}, BIND_BIAS},
    {"layers.%d.self_attn.k_proj.bias", BIND_VECTOR, LAYER(k.b), {DIM_HEADS_KV}, BIND_BIAS},
    {"layers.%d.self_attn.v_proj.bias", BIND_VECTOR, LAYER(v.b), {DIM_HEADS_KV}, BIND_BIAS},
    {"layers.%d.self_attn.o_proj.bias", BIND_VECTOR, LAYER(o.b), {DIM_EMBD}, BIND_OPTIONAL},
    {0},
};

const struct bind_row hf_norms[] = {
    {"layers.%d.input_layernorm.weight", BIND_VECTOR, LAYER(attn_in.w), {DIM_EMBD}, 0},
    {"layers.%d.post_attention_layernorm.weight", BIND_VECTOR, LAYER(mlp_in.w), {DIM_EMBD}, BIND_UNLESS_PARALLEL},
    {0},
};

const struct bind_row hf_norm_biases[] = {
    {"layers.%d.input_layernorm.bias", BIND_VECTOR, LAYER(attn_in.b), {DIM_EMBD}, 0},
    {"layers.%d.post_attention_layernorm.bias", BIND_VECTOR, LAYER(mlp_in.b), {DIM_EMBD}, BIND_UNLESS_PARALLEL},
    {"norm.bias", BIND_VECTOR, MODEL(final_norm.b), {DIM_EMBD}, 0},
    {0},
};

const struct bind_row hf_out_norms[] = {
    {"layers.%d.post_attention_layernorm.weight", BIND_VECTOR, LAYER(attn_out.w), {DIM_EMBD}, 0},
    {"layers.%d.post_feedforward_layernorm.weight", BIND_VECTOR, LAYER(mlp_out.w), {DIM_EMBD}, 0},
    {0},
};

const struct bind_row hf_plain_mlp[] = {
    {"layers.%d.mlp.up_proj.weight", BIND_MATRIX, LAYER(up.w), {DIM_FF, DIM_EMBD}, 0},
    {"layers.%d.mlp.up_proj.bias", BIND_VECTOR, LAYER(up.b), {DIM_FF}, BIND_BIAS_MLP},
    {"layers.%d.mlp.down_proj.weight", BIND_MATRIX, LAYER(down.w), {DIM_EMBD, DIM_FF}, 0},
    {"layers.%d.mlp.down_proj.bias", BIND_VECTOR, LAYER(down.b), {DIM_EMBD}, BIND_BIAS_MLP},
    {0},
};

const struct bind_row hf_fused_mlp[] = {
    {"layers.%d.mlp.gate_up_proj.weight", BIND_FUSED_MATRIX, FUSED_GATE_UP, {DIM_GATE_UP, DIM_EMBD}, 0},
    {"layers.%d.mlp.down_proj.weight", BIND_MATRIX, LAYER(down.w), {DIM_EMBD, DIM_FF}, 0},
    {0},
};

const struct bind_row hf_qk_norms[] = {
    {"layers.%d.self_attn.q_norm.weight", BIND_VECTOR, LAYER(q_norm.w), {DIM_HEAD}, 0},
    {"layers.%d.self_attn.k_norm.weight", BIND_VECTOR, LAYER(k_norm.w), {DIM_HEAD}, 0},
    {0},
};
