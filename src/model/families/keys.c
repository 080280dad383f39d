// SPDX-License-Identifier: MIT
#include "keys.h"

// llama.cpp's names (gguf-py/gguf/constants.py).
const struct key_row keys_gguf[] = {
    {KEY_N_EMBD, {".embedding_length"}, 0},
    {KEY_N_LAYER, {".block_count"}, 0},
    {KEY_N_DRAFT, {".nextn_predict_layers"}, 0},
    {KEY_N_HEAD, {".attention.head_count"}, 0},
    {KEY_N_CTX, {".context_length"}, 0},
    {KEY_N_VOCAB, {".vocab_size"}, 0},
    {KEY_N_HEAD_KV, {".attention.head_count_kv"}, 0},
    {KEY_HEAD_DIM, {".attention.key_length"}, 0},
    {KEY_N_FF, {".feed_forward_length"}, 0},
    {KEY_N_EXPERT, {".expert_count"}, 0},
    {KEY_WINDOW, {".attention.sliding_window"}, 0},
    {KEY_NORM_EPS, {".attention.layer_norm_epsilon", ".attention.layer_norm_rms_epsilon"}, 0},
    {KEY_SCORE_SCALE, {".attention.scale"}, 0},
    {KEY_SCORE_SOFTCAP, {".attn_logit_softcapping"}, 0},
    {KEY_LOGIT_SOFTCAP, {".final_logit_softcapping"}, 0},
    {KEY_EMBD_SCALE, {".embedding_scale"}, 0},
    {KEY_RESIDUAL_SCALE, {".residual_scale"}, 0},
    {KEY_LOGIT_SCALE, {".logit_scale"}, 0},
    {KEY_ROPE_BASE, {".rope.freq_base"}, 0},
    {KEY_ROPE_DIMS, {".rope.dimension_count"}, 0},
    {0},
};

// The names that most configuration classes of transformers use, or accept besides their own.
const struct key_row keys_hf[] = {
    {KEY_N_EMBD, {"hidden_size"}, 0},
    {KEY_N_LAYER, {"num_hidden_layers"}, 0},
    {KEY_N_HEAD, {"num_attention_heads"}, 0},
    {KEY_N_CTX, {"max_position_embeddings"}, 0},
    {KEY_N_VOCAB, {"vocab_size"}, 0},
    {KEY_N_HEAD_KV, {"num_key_value_heads"}, 0},
    {KEY_HEAD_DIM, {"head_dim"}, 0},
    {KEY_N_FF, {"intermediate_size"}, 0},
    {KEY_N_EXPERT, {"num_experts", "num_local_experts"}, 0},
    {KEY_NORM_EPS, {"rms_norm_eps", "layer_norm_eps"}, 0},
    {KEY_ROPE_BASE, {"rope_parameters.rope_theta", "rope_theta"}, 0},
    {KEY_TIED, {"tie_word_embeddings"}, 0},
    {KEY_ACTIVATION, {"hidden_act"}, 0},
    {0},
};
