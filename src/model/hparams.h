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

// Numbers that a model lacks are 0.
struct hparams {
    int32_t n_vocab, n_ctx, n_embd, n_layer, n_head, n_head_kv, head_dim, n_ff;
    int32_t n_expert;
    int32_t n_draft;     // blocks behind the n_layer ones in a GGUF file that guess further tokens; they do not run
    int32_t window;      // attention window in positions, including the current one
    int32_t rope_dims;   // how many of a head's values rotary positions turn
    float rope_base;
    float norm_eps;      // finite, > 0
    float score_scale;   // factor of attention scores, overrides scale_scores
    float score_softcap; // scores become softcap * tanh(score / softcap)
    float logit_softcap; // the same for logits
    float embd_scale, residual_scale, logit_scale; // factors of the embedding, of a block's additions, of the logits
    enum act_fn act;     // of the MLP
    bool tied;           // the head is the token embedding
    bool scale_scores;   // attention scores are divided by sqrt(head_dim)
    bool scale_by_layer; // and by layer + 1
};

#endif
