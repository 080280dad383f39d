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
    {KEY_WINDOW_EVERY, {".attention.sliding_window_pattern"}, 0},
    {KEY_WINDOW_LAYERS, {".attention.sliding_window_pattern"}, 0},
    {KEY_QKV_CLAMP, {".attention.clamp_kqv"}, 0},
    {KEY_ALIBI_MAX, {".attention.max_alibi_bias"}, 0},
    {KEY_PARALLEL, {".use_parallel_residual"}, 0},
    {KEY_ROPE_BASE, {".rope.freq_base"}, 0},
    {KEY_ROPE_BASE_WINDOW, {".rope.freq_base_swa"}, 0},
    {KEY_ROPE_DIMS, {".rope.dimension_count"}, 0},
    {KEY_ROPE_TYPE, {".rope.scaling.type"}, 0},
    {KEY_ROPE_FACTOR, {".rope.scaling.factor", ".rope.scale_linear"}, 0},
    {KEY_ROPE_ORIGINAL, {".rope.scaling.original_context_length"}, 0},
    {KEY_ROPE_MAGNITUDE, {".rope.scaling.attn_factor"}, 0},
    {KEY_ROPE_MSCALE_ALL, {".rope.scaling.yarn_log_multiplier"}, 0},
    {KEY_ROPE_FAST, {".rope.scaling.yarn_beta_fast"}, 0},
    {KEY_ROPE_SLOW, {".rope.scaling.yarn_beta_slow"}, 0},
    {KEY_Q_TEMPERATURE, {".attention.temperature_scale"}, 0},
    {KEY_REQUIRED, {".attention.causal"}, 0},
    {KEY_FIXED, {".rope.scaling.yarn_ext_factor"}, 1},
    {0},
};

// transformers 4 writes `rope_scaling` and, beside it, what does not depend on the kind of scaling; transformers 5
// writes `rope_parameters`, whose members may be kept by the type of a layer.
#define SCALING_NAMES(name) "rope_scaling." name, "rope_parameters." name, "rope_parameters.full_attention." name
#define SCALING_ROW(key, name) {key, {SCALING_NAMES(name)}, 0}
#define ROPE_ROW(key, name) {key, {SCALING_NAMES(name), name}, 0}

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
    {KEY_WINDOW, {"sliding_window"}, 0},
    {KEY_WINDOW_EVERY, {"sliding_window_pattern", "_sliding_window_pattern"}, 0},
    {KEY_LAYER_TYPES, {"layer_types"}, 0},
    ROPE_ROW(KEY_ROPE_BASE, "rope_theta"),
    ROPE_ROW(KEY_ROPE_SHARE, "partial_rotary_factor"),
    {KEY_ROPE_BASE_WINDOW, {"rope_parameters.sliding_attention.rope_theta", "rope_local_base_freq"}, 0},
    {KEY_ROPE_TYPE, {"rope_scaling.rope_type", "rope_scaling.type", "rope_parameters.rope_type",
                     "rope_parameters.type", "rope_parameters.full_attention.rope_type",
                     "rope_parameters.full_attention.type"}, 0},
    // Phi-3 has the context of the training beside the scaling, and there it counts.
    {KEY_ROPE_ORIGINAL, {"original_max_position_embeddings", SCALING_NAMES("original_max_position_embeddings")}, 0},
    SCALING_ROW(KEY_ROPE_FACTOR, "factor"),
    SCALING_ROW(KEY_ROPE_LOW, "low_freq_factor"),
    SCALING_ROW(KEY_ROPE_HIGH, "high_freq_factor"),
    SCALING_ROW(KEY_ROPE_FAST, "beta_fast"),
    SCALING_ROW(KEY_ROPE_SLOW, "beta_slow"),
    SCALING_ROW(KEY_ROPE_MSCALE, "mscale"),
    SCALING_ROW(KEY_ROPE_MSCALE_ALL, "mscale_all_dim"),
    SCALING_ROW(KEY_ROPE_MAGNITUDE, "attention_factor"),
    SCALING_ROW(KEY_ROPE_TRUNCATE, "truncate"),
    SCALING_ROW(KEY_ROPE_LONG, "long_factor"),
    SCALING_ROW(KEY_ROPE_SHORT, "short_factor"),
    SCALING_ROW(KEY_Q_TEMPERATURE, "llama_4_scaling_beta"),
    {KEY_TIED, {"tie_word_embeddings"}, 0},
    {KEY_ACTIVATION, {"hidden_act"}, 0},
    {KEY_HAS_BIAS, {"attention_bias"}, 0},
    {KEY_HAS_BIAS_MLP, {"mlp_bias"}, 0},
    {KEY_REQUIRED, {"is_causal"}, 0}, // of models that make embeddings of texts
    {KEY_REFUSED, {"use_bidirectional_attention"}, 0},
    {0},
};
