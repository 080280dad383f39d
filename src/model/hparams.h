// SPDX-License-Identifier: MIT
// Hyper-parameters as read from a model file, bounded: products of them cannot overflow 64 bits.
#ifndef QUILL_MODEL_HPARAMS_H
#define QUILL_MODEL_HPARAMS_H

#include <stdbool.h>
#include <stdint.h>

#include "kernels/kernels.h"

enum {
    MAX_EMBD = 1 << 16,
    MAX_FF = 1 << 18,
    MAX_LAYER = 1 << 10,
    MAX_HEAD = 1 << 10,
    MAX_HEAD_DIM = 1 << 10,
    MAX_EXPERT = 1 << 10,
    MAX_VOCAB = 1 << 22,
    MAX_CTX = 1 << 22,
};
_Static_assert((int)MAX_HEAD_DIM <= (int)HEAD_DIM_LIMIT, "kernels have room for a head");

// How the angles of rotary positions are stretched for contexts longer than those of the training (model/bind/rope.c).
enum rope_scaling { ROPE_PLAIN, ROPE_LINEAR, ROPE_LLAMA3, ROPE_YARN, ROPE_LONG };

// Numbers that a model lacks are 0.
struct hparams {
    int32_t n_vocab, n_ctx, n_embd, n_layer, n_head, n_head_kv, head_dim, n_ff;
    int32_t position_offset; // rows of the position table before that of position 0
    int32_t n_embd_in;   // width of the token embedding, if projections lead to n_embd and back
    int32_t n_expert;
    int32_t n_draft;     // blocks behind the n_layer ones in a GGUF file that guess further tokens; they do not run
    int32_t window;      // attention window in positions, including the current one
    int32_t window_every; // every window_every-th layer has no window
    int32_t window_from;  // layers from this one on have it
    int32_t rope_dims;    // how many of a head's values rotary positions turn; even
    int32_t rope_every;   // every rope_every-th layer has none
    int32_t rope_original; // the context of the training
    enum rope_scaling rope_scaling;
    float rope_base, rope_base_window; // of all layers; of layers with a window
    float rope_alpha;     // the base is multiplied by this to the power of rope_dims / (rope_dims - 2)
    float rope_share;     // rope_dims as a part of head_dim
    float rope_factor, rope_low, rope_high, rope_fast, rope_slow, rope_mscale, rope_mscale_all, rope_magnitude;
    float q_temperature;  // q *= 1 + q_temperature * log(1 + floor(position / rope_original))
    float qkv_clamp;      // q, k and v are limited to +-qkv_clamp
    float alibi_max;      // exponent of the smallest slope
    float ff_ratio;       // n_ff / n_embd
    float norm_eps;      // finite, > 0
    float score_scale;   // factor of attention scores, overrides scale_scores
    float score_dim;     // or 1 / sqrt of this
    float score_softcap; // scores become softcap * tanh(score / softcap)
    float logit_softcap; // the same for logits
    float embd_scale, residual_scale, logit_scale; // factors of the embedding, of a block's additions, of the logits
    float residual_depth; // the factor of a block's additions is this / sqrt(n_layer)
    float logit_divisor;  // logits are divided by this
    float logit_width;    // or by n_embd / this
    enum act_fn act;     // of the MLP
    bool tied;           // the head is the token embedding
    bool parallel;       // attention and MLP read the same x
    bool alibi;          // positions as slopes of scores
    bool rope_off;       // no rotary positions, although the family has them
    bool window_off;     // the file's window is not in use
    bool rope_no_truncate; // yarn: the ends of the ramp are not rounded
    bool scale_scores;   // attention scores are divided by sqrt(head_dim)
    bool scale_by_layer; // and by layer + 1
};

#endif
