// SPDX-License-Identifier: MIT
// A model in the form that the forward pass reads: the family's row, the hyper-parameters and the file's tensors,
// resolved once.
//
// Letters for shapes: E n_embd, W n_embd_in, H n_head, G n_head_kv, D head_dim, R rope_dims, F n_ff, V n_vocab,
// X n_expert.
#ifndef QUILL_MODEL_PLAN_H
#define QUILL_MODEL_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "hparams.h"
#include "kernels/kernels.h"
#include "tensor/tensor.h"

// Sets of activation kinds, and the set of those that are made of floats.
static inline unsigned act_bit(enum act_kind kind) { return 1u << kind; }
enum { ACTS_QUANTIZED = (1 << ACT_BF16) | (1 << ACT_Q8_32) | (1 << ACT_Q8_256) };

enum norm_kind { NORM_LAYER, NORM_RMS };                  // Ba et al. 2016; Zhang and Sennrich 2019
enum residual { RESIDUAL_SEQUENTIAL, RESIDUAL_PARALLEL }; // parallel: attention and MLP read the same x

// Rotary positions in the first 2 * n_pairs values of a head: pair i turns by position * freqs[i].
struct rope {
    enum rope_kind kind;
    size_t n_pairs;
    const float *freqs;      // [n_pairs], radians per position
    const float *long_freqs; // the same for contexts longer than `original`; NULL: none
    int32_t original;        // the context of the training; 0: not known
    float magnitude;         // factor of cosines and sines
    // For reports: what the frequencies were made of.
    const char *scaling;     // a static string, as in quill_rope_info; NULL: none
    double base, factor;     // factor 0: the scaling has none
};
enum { MAX_ROPES = 2 };      // of most layers; of those that differ
// Which of two lists of frequencies a context of n_ctx positions takes.
static inline bool rope_is_long(const struct rope *rope, int32_t n_ctx) {
    return rope->long_freqs && n_ctx > rope->original;
}

struct norm {
    bool on;            // there is a norm in this slot
    const float *w, *b; // [E]; NULL: none
    enum norm_kind kind;
    unsigned kinds;     // set of act_bit: activation formats in which the result is needed
};

// Rows of w may lie in runs (tensor.h), which are read in place; b is always one array.
struct linear {
    struct mat w;
    const float *b; // [w.rows] or NULL
};

// The set of kinds that a matrix reads: one, or none if it is absent.
static inline unsigned kinds_of(const struct linear *l) {
    return l->w.data ? act_bit(dtypes[l->w.dtype].acts) : 0;
}

// Which positions of its sequence a query sees. With MASK_ALL and MASK_PREFIX, positions that see later ones must be
// computed in the same call as those.
enum mask_kind {
    MASK_CAUSAL, // positions up to its own
    MASK_ALL,    // all positions, as in an encoder
    MASK_PREFIX, // positions up to its own, and the sequence's first `prefix` positions (UniLM, Dong et al. 2019)
};

// Norms of queries and keys: over each head, with w[D] for all heads or w[heads, D]; over all heads of a row.
enum qk_norm { QK_NORM_NONE, QK_NORM_HEADS, QK_NORM_EACH_HEAD, QK_NORM_ROW };

// One block. Optional parts that a family lacks are absent: a norm that is off, a matrix without data. Parts that the
// pass does not compute yet (listed in layer_plan.c) are absent from every bound model.
struct layer_plan {
    struct norm attn_in, attn_out, attn_sum; // of x before attention; of its result; of x after the sum
    struct norm mlp_in, mlp_out, mlp_sum;
    struct norm q_norm, k_norm;
    enum qk_norm qk_norm;
    bool qk_norm_last;                       // norms come after rotary positions, not before
    float qkv_clamp;                         // q, k and v are first limited to +-qkv_clamp; 0: no limit
    struct linear q, k, v, o;                // [H*D, E], [G*D, E], [G*D, E], [E, H*D]
    struct linear gate, up, down;            // [F, E], [F, E], [E, F]; gate: the MLP is act(gate(h)) * up(h)
    const float *sinks;                      // [H] a score per head without a value, or NULL
    int rope;                                // which of the model's; -1: no rotary positions
    const float *slopes;                     // [H] ALiBi: a head adds slope * (j - position) to its scores; NULL: none
    float slope_rounded;                     // not 0: it adds bf16(bf16(slope) * bf16(j)) * slope_rounded instead
    bool parallel;
    enum act_fn act;
    float score_scale, score_softcap;
    enum mask_kind mask;
    int32_t window; // it sees only positions closer than this, itself included; 0: no limit
};

struct model {
    const struct family *family;
    const struct kernels *kernels; // borrowed
    const char *file;              // borrowed from the weights
    struct hparams hp;
    uint64_t parameters;
    struct mat tokens;             // [V, W], W = n_embd_in
    struct linear embd_in, embd_out; // [E, W], [W, E]: from the embedding and to the head; absent if W = E
    struct mat positions;          // [n_ctx + position_offset, E]; absent: no position table
    const float *sinusoids;        // [E/2] frequencies of a position table that is computed, or NULL
    struct norm embd_norm;         // of the embedding
    struct rope ropes[MAX_ROPES];
    int unturned;                  // layer_plan.rope of layers without rotary positions
    const float *rope_divisors, *rope_long, *rope_short; // [R/2] divisors of frequencies, or NULL
    struct layer_plan *layers;     // [n_layer]
    struct norm final_norm;
    struct linear head;            // [V, W]
    bool headless;                 // made for embeddings: in place of a head of its own there is the embedding
    bool head_differs;             // the file says it is the embedding, but holds another
    float embd_scale, residual_scale, logit_scale; // factors of the embedding, of what a block adds, of the logits
    unsigned h_kinds, att_kinds, ff_kinds; // sets of act_bit: formats in which matrices read these rows (acts.h)
    struct arena arena;            // copies of tensors that could not be used in place
};

#endif
