// SPDX-License-Identifier: MIT
// The operations of a forward pass, run by a team: every member calls every operation, in the same order. An operation
// ends when all of it is done, so the next may read what it wrote. No result depends on who computes what, and nothing
// is computed outside of claims, since a member may be late.
#ifndef QUILL_MODEL_PASS_OPS_H
#define QUILL_MODEL_PASS_OPS_H

#include "acts.h"

// One product of op_linear: out[t, r] = w[r] . in[t] + b[r] for the first n rows t, out being [n, out_stride]; then its
// delta is added.
struct product {
    const struct linear *linear;
    const struct delta *delta; // NULL: none
    float *out;
    size_t n, out_stride;
    bool check; // sets acts.not_finite if a value is not finite
    float scale, softcap; // then out = scale * out, and out = softcap * tanh(out / softcap); 0: not
};

// Products that read the same input, as one job.
void op_linear(struct member *m, struct acts *a, const struct rows *in, const struct product *products, size_t n);

// out = norm(x) for n values, where out may be x; a norm that is NULL or off is the identity.
void norm_row(const struct kernels *k, const struct norm *norm, float *out, const float *x, float eps, size_t n);

// h = in(x), in the formats in which h is read.
struct norm_step {
    const struct norm *in;
    const float *x;       // [n, E]
    const struct rows *h; // [n, E]
};
void op_norm(struct member *m, struct acts *a, const struct norm_step *step, float eps, size_t n);

// Between two parts of a block, for the first n rows: to = sum(x + out(y)); h = in(to). Absent norms are the identity.
struct residual_step {
    const struct norm *out, *sum; // of y before the sum, of x after it; NULL: absent
    const float *x, *y;           // [n, E] and [n, y_stride]
    float *to;                    // [n, E], may be x
    const struct norm *in;        // NULL: no h
    const struct rows *h;         // [n, E]
    bool in_first;                // h is computed from x before the sum (parallel attention and MLP)
    float scale;                  // of y in the sum
};
void op_residual(struct member *m, struct acts *a, const struct residual_step *step, float eps, size_t n);

// r = act(from), times `factor` unless NULL; then quantized in the quantized kinds of `kinds`.
struct activation {
    void (*act)(float *x, size_t n); // NULL: none
    const float *from;               // [n, stride of r], may be r's floats
    const float *factor;             // [n, stride of r]
    unsigned kinds;                  // set of act_bit
};
void op_activate(struct member *m, struct acts *a, const struct rows *r, const struct activation *f, size_t n);

// The first half of the MLP: ff = act(up in), or act(gate in) * (up in) where gate is not NULL, for the first n rows;
// kinds: formats the down projection needs. If a claim's rows are whole blocks of these, they are activated while they
// are in the caches.
struct mlp_step {
    const struct linear *gate, *up;
    const struct delta *gate_delta, *up_delta;
    void (*act)(float *x, size_t n);
    unsigned kinds;
    float *pre, *factor;   // [n, stride of ff]: of the first product, which may be ff's floats, and of `up` if gated
    const struct rows *ff;
};
void op_mlp(struct member *m, struct acts *a, const struct rows *in, const struct mlp_step *step, size_t n);

// Sets acts.not_finite if a value of x or y is not finite.
void op_check(struct member *m, struct acts *a, const float *x, size_t n_x, const float *y, size_t n_y);

// Part of an operation: quantizes n values of a row, x, in the quantized kinds of `kinds`. x[0] is value `first` of the
// row and begins a block of every such kind.
void quantize_piece(struct acts *a, const struct rows *r, unsigned kinds, size_t row, size_t first, const float *x,
                    size_t n);

#endif
