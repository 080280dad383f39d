// SPDX-License-Identifier: MIT
// Hyper-parameters as read from a model file, bounded: products of them cannot overflow 64 bits.
#ifndef QUILL_MODEL_HPARAMS_H
#define QUILL_MODEL_HPARAMS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "formats/weights.h"
#include "kernels/kernels.h"

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
    float norm_eps;      // finite, > 0
    enum act_fn act;     // of the MLP
    bool tied;           // the head is the token embedding
    bool scale_scores;   // attention scores by 1/sqrt(head_dim)
    bool scale_by_layer; // and by 1/(layer + 1)
};

// Reads what the family needs and checks the bounds above. n_vocab is 0 when the file does not name it: a GGUF file may
// leave it to the embedding's shape. QUILL_E_MODEL names file, key, what was expected and what was found.
struct arch_spec;
quill_status hparams_read(struct hparams *hp, const struct arch_spec *arch, const struct weights *w, quill_error *err);

#endif
