// SPDX-License-Identifier: MIT
// Tiny GPT-2 models for tests: seeded random weights, written as a GGUF file in memory or as a Hugging Face directory.
#ifndef QUILL_TESTS_TINY_MODEL_H
#define QUILL_TESTS_TINY_MODEL_H

#include "test.h"

#include <math.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/bytes.h"
#include "kernels/kernels.h"

enum { TINY_TENSORS = 64, TINY_KEYS = 16 };

// As GGUF has it: matrices are [out, in]. `values` are what the file holds, rounded to its type and decoded again.
struct tiny_tensor {
    char name[48], hf_name[48]; // hf_name: "" when a directory does not hold it
    bool hf_transposed;
    int n_dims;
    size_t shape[2];
    enum dtype type;
    float *values;
};

struct tiny_key {
    char name[48];
    uint32_t type; // 4: u32, 6: f32, 8: string
    uint32_t bits;
    const char *text;
};

struct tiny {
    size_t n_embd, n_head, n_layer, n_ff, n_vocab, n_ctx;
    struct tiny_tensor tensors[TINY_TENSORS];
    size_t n_tensors;
    struct tiny_key keys[TINY_KEYS];
    size_t n_keys;
};

// ---- making one ----

// Uniform in -1..1.
static inline float tiny_random(uint64_t *seed) { return (float)(int32_t)(test_random(seed) >> 32) * 0x1p-31f; }

// Rounds the values to the type, as a file of that type would hold them.
static inline void tiny_set_type(struct tiny_tensor *t, enum dtype type) {
    size_t cols = t->shape[t->n_dims - 1], rows = t->n_dims == 2 ? t->shape[0] : 1;
    uint64_t bytes = 0;
    assert_true(dtype_bytes(type, cols, &bytes));
    uint8_t *row = malloc(bytes);
    for (size_t r = 0; r < rows; r++) {
        encode_row(type, row, t->values + r * cols, cols);
        kernels_ref.decode_row[type](t->values + r * cols, row, cols);
    }
    free(row);
    t->type = type;
}

static inline struct tiny_tensor *tiny_add(struct tiny *m, const char *name, const char *hf_name, size_t rows,
                                           size_t cols) {
    struct tiny_tensor *t = &m->tensors[m->n_tensors++];
    assert_true(m->n_tensors <= TINY_TENSORS);
    *t = (struct tiny_tensor){.n_dims = 1, .shape = {cols}, .type = DTYPE_F32};
    if (rows) t->n_dims = 2, t->shape[0] = rows, t->shape[1] = cols;
    snprintf(t->name, sizeof t->name, "%s", name);
    snprintf(t->hf_name, sizeof t->hf_name, "%s", hf_name);
    t->values = malloc((rows ? rows : 1) * cols * sizeof(float));
    return t;
}

// A matrix whose products keep the size of their input, or a vector around `middle`.
static inline void tiny_matrix(struct tiny *m, const char *name, const char *hf_name, size_t rows, size_t cols,
                               enum dtype type, uint64_t *seed) {
    struct tiny_tensor *t = tiny_add(m, name, hf_name, rows, cols);
    for (size_t i = 0; i < rows * cols; i++) t->values[i] = tiny_random(seed) * 2 / sqrtf((float)cols);
    tiny_set_type(t, type);
}

static inline void tiny_vector(struct tiny *m, const char *name, const char *hf_name, size_t n, float middle,
                               uint64_t *seed) {
    struct tiny_tensor *t = tiny_add(m, name, hf_name, 0, n);
    for (size_t i = 0; i < n; i++) t->values[i] = middle + tiny_random(seed) * 0.3f;
}

static inline void tiny_key(struct tiny *m, const char *name, uint32_t type, uint32_t bits, const char *text) {
    struct tiny_key *k = &m->keys[m->n_keys++];
    assert_true(m->n_keys <= TINY_KEYS);
    *k = (struct tiny_key){.type = type, .bits = bits, .text = text};
    snprintf(k->name, sizeof k->name, "%s", name);
}

static inline void tiny_layer(struct tiny *m, size_t l, enum dtype type, uint64_t *seed) {
    size_t e = m->n_embd, f = m->n_ff;
    const struct {
        const char *name, *hf_name;
        size_t rows, cols; // rows 0: a vector
        float middle;
    } parts[] = {
        {"attn_norm.weight", "ln_1.weight", 0, e, 1},         {"attn_norm.bias", "ln_1.bias", 0, e, 0},
        {"attn_qkv.weight", "attn.c_attn.weight", 3 * e, e, 0}, {"attn_qkv.bias", "attn.c_attn.bias", 0, 3 * e, 0},
        {"attn_output.weight", "attn.c_proj.weight", e, e, 0}, {"attn_output.bias", "attn.c_proj.bias", 0, e, 0},
        {"ffn_norm.weight", "ln_2.weight", 0, e, 1},          {"ffn_norm.bias", "ln_2.bias", 0, e, 0},
        {"ffn_up.weight", "mlp.c_fc.weight", f, e, 0},        {"ffn_up.bias", "mlp.c_fc.bias", 0, f, 0},
        {"ffn_down.weight", "mlp.c_proj.weight", e, f, 0},    {"ffn_down.bias", "mlp.c_proj.bias", 0, e, 0},
    };
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        char name[48], hf_name[48];
        snprintf(name, sizeof name, "blk.%zu.%s", l, parts[i].name);
        snprintf(hf_name, sizeof hf_name, "h.%zu.%s", l, parts[i].hf_name);
        if (!parts[i].rows) {
            tiny_vector(m, name, hf_name, parts[i].cols, parts[i].middle, seed);
            continue;
        }
        tiny_matrix(m, name, hf_name, parts[i].rows, parts[i].cols, type, seed);
        m->tensors[m->n_tensors - 1].hf_transposed = true;
    }
}

// E, H, layers, F, V and context; `type` is that of every matrix (positions stay F32).
static inline struct tiny *tiny_make(size_t n_embd, size_t n_head, size_t n_layer, size_t n_ff, size_t n_vocab,
                                     size_t n_ctx, enum dtype type, uint64_t seed) {
    struct tiny *m = calloc(1, sizeof *m);
    *m = (struct tiny){n_embd, n_head, n_layer, n_ff, n_vocab, n_ctx, .n_tensors = 0};
    tiny_key(m, "general.architecture", 8, 0, "gpt2");
    tiny_key(m, "gpt2.context_length", 4, (uint32_t)n_ctx, NULL);
    tiny_key(m, "gpt2.embedding_length", 4, (uint32_t)n_embd, NULL);
    tiny_key(m, "gpt2.block_count", 4, (uint32_t)n_layer, NULL);
    tiny_key(m, "gpt2.feed_forward_length", 4, (uint32_t)n_ff, NULL);
    tiny_key(m, "gpt2.attention.head_count", 4, (uint32_t)n_head, NULL);
    tiny_key(m, "gpt2.attention.layer_norm_epsilon", 6, f32_bits(1e-5f), NULL);
    tiny_matrix(m, "token_embd.weight", "wte.weight", n_vocab, n_embd, type, &seed);
    tiny_matrix(m, "position_embd.weight", "wpe.weight", n_ctx, n_embd, DTYPE_F32, &seed);
    for (size_t l = 0; l < n_layer; l++) tiny_layer(m, l, type, &seed);
    tiny_vector(m, "output_norm.weight", "ln_f.weight", n_embd, 1, &seed);
    tiny_vector(m, "output_norm.bias", "ln_f.bias", n_embd, 0, &seed);
    return m;
}

static inline void tiny_free(struct tiny *m) {
    for (size_t i = 0; i < m->n_tensors; i++) free(m->tensors[i].values);
    free(m);
}

static inline struct tiny_tensor *tiny_find(struct tiny *m, const char *name) {
    for (size_t i = 0; i < m->n_tensors; i++)
        if (strcmp(m->tensors[i].name, name) == 0) return &m->tensors[i];
    return NULL;
}

static inline const float *tiny_values(struct tiny *m, const char *part, size_t layer) {
    char name[48];
    if (layer == SIZE_MAX) snprintf(name, sizeof name, "%s", part);
    else snprintf(name, sizeof name, "blk.%zu.%s", layer, part);
    struct tiny_tensor *t = tiny_find(m, name);
    return t ? t->values : NULL;
}

// ---- writing it ----

static inline void put_bytes(struct buffer *b, const void *bytes, size_t n) { assert_true(buffer_add(b, bytes, n)); }
static inline void put_u32(struct buffer *b, uint32_t v) { put_bytes(b, &v, 4); }
static inline void put_u64(struct buffer *b, uint64_t v) { put_bytes(b, &v, 8); }
static inline void put_text(struct buffer *b, const char *text) {
    put_u64(b, strlen(text));
    put_bytes(b, text, strlen(text));
}

static inline size_t tiny_rows(const struct tiny_tensor *t) { return t->n_dims == 2 ? t->shape[0] : 1; }
static inline size_t tiny_cols(const struct tiny_tensor *t) { return t->shape[t->n_dims - 1]; }

// The tensor's rows in its type, transposed if wanted.
static inline void put_tensor_data(struct buffer *b, const struct tiny_tensor *t, bool transposed) {
    size_t rows = tiny_rows(t), cols = tiny_cols(t), n = transposed ? rows : cols;
    uint64_t bytes = 0;
    assert_true(dtype_bytes(t->type, n, &bytes));
    float *line = malloc(n * sizeof *line);
    uint8_t *row = malloc(bytes);
    for (size_t r = 0; r < (transposed ? cols : rows); r++) {
        for (size_t i = 0; i < n; i++) line[i] = transposed ? t->values[i * cols + r] : t->values[r * cols + i];
        encode_row(t->type, row, line, n);
        put_bytes(b, row, bytes);
    }
    free(row);
    free(line);
}

static inline struct buffer tiny_gguf(const struct tiny *m) {
    struct buffer b = {0}, data = {0};
    put_bytes(&b, "GGUF", 4);
    put_u32(&b, 3);
    put_u64(&b, m->n_tensors);
    put_u64(&b, m->n_keys);
    for (size_t i = 0; i < m->n_keys; i++) {
        put_text(&b, m->keys[i].name);
        put_u32(&b, m->keys[i].type);
        if (m->keys[i].type == 8) put_text(&b, m->keys[i].text);
        else put_u32(&b, m->keys[i].bits);
    }
    for (size_t i = 0; i < m->n_tensors; i++) {
        const struct tiny_tensor *t = &m->tensors[i];
        while (data.n % 32) put_bytes(&data, "", 1);
        put_text(&b, t->name);
        put_u32(&b, (uint32_t)t->n_dims);
        for (int d = t->n_dims; d-- > 0;) put_u64(&b, t->shape[d]); // innermost first
        put_u32(&b, dtypes[t->type].gguf);
        put_u64(&b, data.n);
        put_tensor_data(&data, t, false);
    }
    while (b.n % 32) put_bytes(&b, "", 1);
    put_bytes(&b, data.p, data.n);
    buffer_free(&data);
    return b;
}

#endif
