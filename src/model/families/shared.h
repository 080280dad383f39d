// SPDX-License-Identifier: MIT
// Rows that many families share: the names of Llama's tensors, which later families keep.
#ifndef QUILL_MODEL_FAMILIES_SHARED_H
#define QUILL_MODEL_FAMILIES_SHARED_H

#include "family.h"

extern const struct family family_llama; // in GGUF, what some others are too

// llama.cpp's names. Each family has `gguf_base` and those of the others that its models have.
extern const struct bind_row gguf_base[];      // embedding, final norm, head, and all of rotary factors
extern const struct bind_row gguf_attention[]; // q, k, v as three tensors or one; output
extern const struct bind_row gguf_fused_attention[]; // the same, but new files have one
extern const struct bind_row gguf_gated_mlp[], gguf_plain_mlp[];
extern const struct bind_row gguf_biases[];    // of attention
extern const struct bind_row gguf_norms[], gguf_norm_biases[]; // before attention and before the MLP
extern const struct bind_row gguf_out_norms[]; // of what attention and the MLP add
extern const struct bind_row gguf_qk_norms[];  // one vector for all heads
extern const struct bind_row gguf_fused_mlp[]; // ffn_up holds gate and up

// transformers' names in LlamaForCausalLM.
extern const struct bind_row hf_base[], hf_attention[], hf_gated_mlp[], hf_biases[], hf_norms[], hf_norm_biases[];
extern const struct bind_row hf_plain_mlp[]; // up_proj and down_proj
extern const struct bind_row hf_out_norms[], hf_qk_norms[], hf_fused_mlp[];
// What config.json leaves out has the value of the class in transformers. Text models inside models with images leave
// out whatever their class says too, sizes as well.
#define HF_CTX(n) {KEY_N_CTX, {"max_position_embeddings"}, n}
#define HF_HEADS_KV(n) {KEY_N_HEAD_KV, {"num_key_value_heads"}, n}
#define HF_HEAD_DIM(n) {KEY_HEAD_DIM, {"head_dim"}, n}
#define HF_ROPE_BASE(n) {KEY_ROPE_BASE, {HF_ROPE_NAMES("rope_theta"), "rope_theta"}, n}
#define HF_ROPE_SHARE(n) {KEY_ROPE_SHARE, {HF_ROPE_NAMES("partial_rotary_factor"), "partial_rotary_factor"}, n}
#define HF_SIZES(n_embd, n_ff, n_layer, n_head)                                                                    \
    {KEY_N_EMBD, {"hidden_size"}, n_embd}, {KEY_N_FF, {"intermediate_size"}, n_ff},                                \
    {KEY_N_LAYER, {"num_hidden_layers"}, n_layer}, {KEY_N_HEAD, {"num_attention_heads"}, n_head}

extern const char *const hf_prefixes[]; // "model." and, around it, what models with images add

#endif
