// SPDX-License-Identifier: MIT
// The forward pass once more, in double precision and as plainly as it can be written: what the model's results are
// compared with. One sequence, no cache, no tiles; attention looks at all positions again for every token.
#ifndef QUILL_TESTS_PLAIN_FORWARD_H
#define QUILL_TESTS_PLAIN_FORWARD_H

#include "tiny_model.h"

// What families may differ in.
struct plain_variant {
    bool rms, parallel, gelu_erf, unscaled;
    bool gated;         // the gate is the `up` matrix of the next layer (of the first one in the last)
    bool one_norm;      // parallel: the MLP reads what attention reads
    bool norms_after;   // attn_out and mlp_sum are filled: with the weights of ffn_norm and attn_norm
    int window;         // 0: all
    bool see_all;       // a position sees those after it too, within the window
    int prefix;         // the first so many positions see each other; 0: none
    double softcap;     // 0: none
    bool scale_by_layer;
    bool bf16;          // what a matrix is multiplied with is rounded to bfloat16
};

// To 8 significant bits, to nearest even.
static inline double plain_bf16(double x) {
    int exponent;
    const double fraction = frexp(x, &exponent);
    return ldexp(rint(fraction * 256) / 256, exponent);
}

static inline void plain_norm(double *out, const double *x, const float *w, const float *b, size_t n,
                              const struct plain_variant *v) {
    double mean = 0, square = 0;
    for (size_t i = 0; i < n; i++) mean += x[i] / (double)n;
    if (v->rms) mean = 0;
    for (size_t i = 0; i < n; i++) square += (x[i] - mean) * (x[i] - mean) / (double)n;
    for (size_t i = 0; i < n; i++) {
        out[i] = (x[i] - mean) / sqrt(square + 1e-5) * (double)w[i];
        if (!v->rms) out[i] += (double)b[i];
    }
}

static inline void plain_linear(double *out, const double *x, const float *w, const float *b, size_t rows,
                                size_t cols, const struct plain_variant *v) {
    for (size_t r = 0; r < rows; r++) {
        out[r] = b ? (double)b[r] : 0;
        for (size_t c = 0; c < cols; c++) out[r] += (double)w[r * cols + c] * (v->bf16 ? plain_bf16(x[c]) : x[c]);
    }
}

static inline double plain_gelu(double x, const struct plain_variant *v) {
    if (v->gelu_erf) return 0.5 * x * (1 + erf(x / sqrt(2)));
    return 0.5 * x * (1 + tanh(sqrt(2 / acos(-1)) * (x + 0.044715 * x * x * x)));
}

// qkv: [n][3E]. Writes what position `at` attends to.
static inline void plain_attention(double *out, const double *qkv, size_t at, size_t n, const struct tiny *m,
                                   size_t layer, const struct plain_variant *v) {
    size_t e = m->n_embd, d = e / m->n_head, window = (size_t)v->window, prefix = (size_t)v->prefix;
    size_t first = window && at + 1 > window ? at + 1 - window : 0;
    size_t end = v->see_all ? n : at < prefix ? prefix : at + 1;
    if (window && end > at + window) end = at + window;
    double *p = malloc(n * sizeof *p);
    for (size_t h = 0; h < m->n_head; h++) {
        double sum = 0, largest = -HUGE_VAL;
        for (size_t j = first; j < end; j++) {
            p[j] = 0;
            for (size_t i = 0; i < d; i++) p[j] += qkv[at * 3 * e + h * d + i] * qkv[j * 3 * e + e + h * d + i];
            if (!v->unscaled) p[j] /= sqrt((double)d);
            if (v->scale_by_layer) p[j] /= (double)(layer + 1);
            if (v->softcap > 0) p[j] = v->softcap * tanh(p[j] / v->softcap);
            largest = fmax(largest, p[j]);
        }
        for (size_t j = first; j < end; j++) sum += p[j] = exp(p[j] - largest);
        for (size_t i = 0; i < d; i++) {
            out[h * d + i] = 0;
            for (size_t j = first; j < end; j++) out[h * d + i] += p[j] / sum * qkv[j * 3 * e + 2 * e + h * d + i];
        }
    }
    free(p);
}

static inline void plain_mlp(double *out, const double *x, struct tiny *m, size_t l, const struct plain_variant *v) {
    double *up = malloc(m->n_ff * sizeof *up), *gate = malloc(m->n_ff * sizeof *gate);
    size_t g = (l + 1) % m->n_layer;
    plain_linear(up, x, tiny_values(m, "ffn_up.weight", l), tiny_values(m, "ffn_up.bias", l), m->n_ff, m->n_embd, v);
    plain_linear(gate, x, tiny_values(m, "ffn_up.weight", g), tiny_values(m, "ffn_up.bias", g), m->n_ff, m->n_embd, v);
    for (size_t i = 0; i < m->n_ff; i++) up[i] = v->gated ? plain_gelu(gate[i], v) * up[i] : plain_gelu(up[i], v);
    plain_linear(out, up, tiny_values(m, "ffn_down.weight", l), tiny_values(m, "ffn_down.bias", l), m->n_embd, m->n_ff,
                 v);
    free(up);
    free(gate);
}

// x[n][E] through one layer.
static inline void plain_layer(double *x, size_t n, struct tiny *m, size_t l, const struct plain_variant *v) {
    size_t e = m->n_embd;
    const float *w1 = tiny_values(m, "attn_norm.weight", l), *b1 = tiny_values(m, "attn_norm.bias", l);
    const float *w2 = tiny_values(m, "ffn_norm.weight", l), *b2 = tiny_values(m, "ffn_norm.bias", l);
    double *qkv = malloc(n * 3 * e * sizeof *qkv), *h = malloc(e * sizeof *h), *y = malloc(e * sizeof *y);
    double *h2 = malloc(e * sizeof *h2);
    for (size_t t = 0; t < n; t++) {
        plain_norm(h, x + t * e, w1, b1, e, v);
        plain_linear(qkv + t * 3 * e, h, tiny_values(m, "attn_qkv.weight", l), tiny_values(m, "attn_qkv.bias", l),
                     3 * e, e, v);
    }
    for (size_t t = 0; t < n; t++) {
        double *row = x + t * e;
        plain_norm(h2, row, v->one_norm ? w1 : w2, v->one_norm ? b1 : b2, e, v);
        plain_attention(h, qkv, t, n, m, l, v);
        plain_linear(y, h, tiny_values(m, "attn_output.weight", l), tiny_values(m, "attn_output.bias", l), e, e,
                     v);
        if (v->norms_after) plain_norm(y, y, w2, b2, e, v);
        for (size_t i = 0; i < e; i++) row[i] += y[i];
        if (!v->parallel) plain_norm(h2, row, w2, b2, e, v);
        plain_mlp(y, h2, m, l, v);
        for (size_t i = 0; i < e; i++) row[i] += y[i];
        if (v->norms_after) plain_norm(row, row, w1, b1, e, v);
    }
    free(qkv);
    free(h);
    free(h2);
    free(y);
}

// logits[n][V] of every position.
static inline void plain_forward(double *logits, struct tiny *m, const int32_t *ids, size_t n,
                                 const struct plain_variant *v) {
    size_t e = m->n_embd;
    const float *tokens = tiny_values(m, "token_embd.weight", SIZE_MAX);
    const float *head = tiny_values(m, "output.weight", SIZE_MAX);
    const float *positions = tiny_values(m, "position_embd.weight", SIZE_MAX);
    const float *w = tiny_values(m, "output_norm.weight", SIZE_MAX), *b = tiny_values(m, "output_norm.bias", SIZE_MAX);
    double *x = malloc(n * e * sizeof *x), *h = malloc(e * sizeof *h);
    for (size_t t = 0; t < n; t++)
        for (size_t i = 0; i < e; i++)
            x[t * e + i] = (double)tokens[(size_t)ids[t] * e + i] + (double)positions[t * e + i];
    for (size_t l = 0; l < m->n_layer; l++) plain_layer(x, n, m, l, v);
    for (size_t t = 0; t < n; t++) {
        plain_norm(h, x + t * e, w, b, e, v);
        plain_linear(logits + t * m->n_vocab, h, head ? head : tokens, NULL, m->n_vocab, e, v);
    }
    free(x);
    free(h);
}

#endif
