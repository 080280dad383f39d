// SPDX-License-Identifier: MIT
// A bound model, its KV cache and the forward pass, as the session uses them.
#ifndef QUILL_MODEL_INTERNAL_H
#define QUILL_MODEL_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/team.h"
#include "formats/weights.h"
#include "hparams.h"
#include "kernels/kernels.h"
#include "quill/model.h"

struct model; // every tensor found, checked against the family's row and resolved to views of the file; immutable

// `weights` and `kernels` are borrowed. QUILL_E_MODEL names the tensor or key, what was expected and what was found.
quill_status model_bind(struct model **out, const struct weights *weights, const struct kernels *kernels,
                        quill_error *err);
void model_free(struct model *model);
const struct hparams *model_hparams(const struct model *model);
const char *model_family(const struct model *model);      // "gpt2"
bool model_tied(const struct model *model);                // the head is the token embedding
bool model_headless(const struct model *model);            // it has no logits, only states
bool model_head_differs(const struct model *model);        // the file says it is, but holds another head
uint64_t model_parameters(const struct model *model);      // values of all bound tensors
quill_rope_info model_rope(const struct model *model);
int32_t model_window(const struct model *model, int32_t *layers); // 0: none; in so many layers
const struct kernels *model_kernels(const struct model *model);

// The matrix work of one token: multiply-adds in the blocks and in the head, and bytes of both.
struct model_work {
    uint64_t block_weights, head_weights, bytes;
};
struct model_work model_work(const struct model *model);

// ---- KV cache: sequences made of tiles of 256 positions, shared read-only where sequences begin alike ----
struct kv_cache;

uint64_t kv_cache_bytes(const struct hparams *hp, enum kv_type type, int64_t n_positions); // one sequence, in whole 16s
// Makes room for n_seq sequences of n_ctx positions each. Address space is reserved; memory is committed by touch.
quill_status kv_cache_create(struct kv_cache **out, const struct hparams *hp, enum kv_type type, int32_t n_ctx,
                             int32_t n_seq, quill_error *err);
void kv_cache_free(struct kv_cache *kv);
int32_t kv_length(const struct kv_cache *kv, int32_t seq);
void kv_truncate(struct kv_cache *kv, int32_t seq, int32_t n); // keeps the first n positions, n <= length
// Makes `to` (emptied first) begin with the first n positions of `from`: whole tiles are shared, the rest is copied.
// Cannot fail: the pool has room for every sequence. n <= the length of `from`.
void kv_share(struct kv_cache *kv, int32_t to, int32_t from, int32_t n);

// ---- Forward pass ----
// Consecutive tokens of one sequence: ids[i] is at position pos + i, and pos is the sequence's length in the cache.
struct span {
    int32_t seq, pos;
    const int32_t *ids; // [n], each in 0..n_vocab-1
    size_t n;
    size_t n_logits;    // 0..n: return logits of the last n_logits tokens
};

// The capacity of a pass.
struct forward_size {
    size_t max_tokens; // in one call
    int n_threads;
    bool keep;         // keep every intermediate of every block until the next call, for a trainer: pass/acts.h
    size_t max_rank;   // largest rank of an adapter's deltas; 0: no adapters
};

struct forward; // activations and scratch

// A term added to a product y = W x + b: scale * B (A x) (Hu et al. 2021), where x is the input of W before it is
// quantized. u[j] = chain over c ascending of fma(A[j][c], x[c], u[j]), d[i] = chain over j of
// fma(B[i][j], u[j], d[i]), both from +0; then y[i] = fma(scale, d[i], y[i]), after the bias.
// Or another matrix in place of W; the bias stays.
struct delta {
    struct mat a, b;  // [r, inputs], [outputs, r]: f32 or f16; a.data NULL: none
    float scale;      // 0: none
    struct mat whole; // [outputs, inputs], f32 or f16; of an embedding [V, W], any type; data NULL: W stays
};
struct layer_deltas {
    struct delta q, k, v, o, gate, up, down;
};
struct adapter {
    const struct layer_deltas *layers; // [n_layer], each as its matrix is shaped, r at most max_rank
    struct delta embd_in, embd_out, head;
    // The embedding of a token t gets scale * B a, a[j] = A[j][t] of A [r, V], before its own factor; B is [W, r].
    struct delta tokens;
};

// Inputs of a pass besides tokens and weights. Pointers are borrowed until other inputs are set. Cached positions keep
// the results of the adapter that was set when they were computed.
struct forward_inputs {
    const struct adapter *adapter; // NULL: none
    const int32_t *prefixes; // [sequences of the cache] for models with MASK_PREFIX; NULL: 0
};

uint64_t forward_bytes(const struct model *model, const struct forward_size *size); // UINT64_MAX: too many
quill_status forward_create(struct forward **out, const struct model *model, const struct forward_size *size,
                            quill_error *err);
void forward_free(struct forward *f);

void forward_set_inputs(struct forward *f, const struct forward_inputs *inputs); // until then there are none

// Computes the spans (each of a different sequence; their n sum to at most max_tokens), extends their sequences in the
// cache and writes the requested logits, [sum of n_logits][n_vocab], in the order of the spans. The result of a token
// depends only on its own sequence, not on other spans or on how tokens are split into calls. Allocates nothing.
// logits NULL: the head is left out; forward_hidden has the states of the rows whose logits were requested.
// QUILL_E_MODEL: "model produced non-finite values"; the sequences then keep their old lengths.
quill_status forward_run(struct forward *f, struct kv_cache *kv, struct team *team, const struct span *spans,
                         size_t n_spans, float *logits, quill_error *err);
// Writes the state behind the last block and the final norm, out[n_embd], of a row of the last call's logits.
void forward_hidden(const struct forward *f, size_t row, float *out);

#endif
