// SPDX-License-Identifier: MIT
// Hyper-parameters as read from a model file, bounded: products of them cannot overflow 64 bits.
#ifndef QUILL_MODEL_HPARAMS_H
#define QUILL_MODEL_HPARAMS_H

#include <stdbool.h>
#include <stdint.h>

enum {
    MAX_EMBD = 1 << 16,
    MAX_FF = 1 << 18,
    MAX_LAYER = 1 << 10,
    MAX_HEAD = 1 << 10,
    MAX_HEAD_DIM = 1 << 10,
    MAX_VOCAB = 1 << 22,
    MAX_CTX = 1 << 22,
};

struct hparams {
    int32_t n_vocab, n_ctx, n_embd, n_layer, n_head, n_head_kv, head_dim, n_ff;
    float norm_eps; // finite, > 0
};

#endif
