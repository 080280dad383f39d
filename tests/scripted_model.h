// SPDX-License-Identifier: MIT
// A GPT-2 whose likeliest next token at every position is known by hand, so that tests can say which tokens come.
//
// Embeddings of tokens are 0 and that of position p is the unit vector e_p; the block adds nothing. The final norm
// makes about 7.9 of the one and -0.1 of the 63 zeros, and the output matrix has a 1 for the token in column p that is
// to follow position p, so that token's logit is 7.9 (less 0.1 for each other position it follows), that of the other
// tokens of the script a little below 0, and that of all other tokens 0.
#ifndef QUILL_TESTS_SCRIPTED_MODEL_H
#define QUILL_TESTS_SCRIPTED_MODEL_H

#include "gguf_bytes.h"

#include "base/utf8.h"
#include "quill/model.h"

enum { SCRIPT_CTX = 64, SCRIPT_EOS = 256, SCRIPT_VOCAB = 256 + 1 + SCRIPT_CTX };

struct scripted {
    struct buffer file; // borrowed by the model
    quill_model *model;
};

// A byte as byte-level vocabularies write it (Radford et al. 2019, encoder.py): printable ones as they are.
static inline void put_mapped(struct buffer *b, const char *bytes) {
    struct buffer text = {0};
    for (const unsigned char *p = (const unsigned char *)bytes; *p; p++) {
        uint32_t code = 256;
        bool plain = (*p > 32 && *p < 127) || (*p > 160 && *p != 173);
        for (uint32_t i = 0; i < *p; i++) code += !((i > 32 && i < 127) || (i > 160 && i != 173));
        char utf8[4];
        put(&text, utf8, (size_t)utf8_write(utf8, plain ? *p : code));
    }
    put64(b, text.n);
    put(b, text.p, text.n);
    buffer_free(&text);
}

// A piece that is no byte and did not come before has a token of its own; a vocabulary holds no token twice.
static inline bool is_new_piece(const char *const *pieces, size_t n, size_t i) {
    if (i >= n || !pieces[i] || strlen(pieces[i]) == 1) return false;
    for (size_t k = 0; k < i; k++)
        if (pieces[k] && strcmp(pieces[k], pieces[i]) == 0) return false;
    return true;
}

// What else the file says of its tokens.
struct script_traits {
    size_t padding;             // so many of the last rows of the embedding have no token
    const int32_t *suppressed;  // [n_suppressed]
    size_t n_suppressed;
    const int32_t *eos;         // [n_eos] besides SCRIPT_EOS
    size_t n_eos;
    int32_t unused;             // an id of type 5; 0: none
};

// A piece in angle brackets is a control token, and written as it is.
static inline bool is_control(const char *piece) { return piece && piece[0] == '<'; }

static inline uint32_t script_type(const char *const *pieces, size_t n, int32_t id,
                                   const struct script_traits *traits) {
    const size_t place = (size_t)(id - SCRIPT_EOS - 1);
    if (traits->unused && id == traits->unused) return 5;
    return id == SCRIPT_EOS || (id > SCRIPT_EOS && place < n && is_control(pieces[place])) ? 3 : 1;
}

static inline void put_ids(struct buffer *b, const char *key, const int32_t *ids, size_t n) {
    put_key(b, key, ARRAY), put_array(b, I32, n);
    for (size_t i = 0; i < n; i++) put32(b, (uint32_t)ids[i]);
}

// Ids: a byte's own value, SCRIPT_EOS, and from SCRIPT_EOS + 1 on one for each position.
static inline void put_vocabulary(struct buffer *b, const char *const *pieces, size_t n,
                                  const struct script_traits *traits) {
    const size_t n_tokens = SCRIPT_VOCAB - traits->padding;
    put_key(b, "tokenizer.ggml.model", STRING), put_name(b, "gpt2");
    put_key(b, "tokenizer.ggml.pre", STRING), put_name(b, "gpt-2");
    put_key(b, "tokenizer.ggml.tokens", ARRAY), put_array(b, STRING, n_tokens);
    put64(b, 2), put(b, "\xc4\x80", 2); // byte 0, which no C string holds
    for (int i = 1; i < 256; i++) put_mapped(b, (const char[2]){(char)i, 0});
    put_name(b, "<|endoftext|>");
    for (size_t i = 0; i < SCRIPT_CTX - traits->padding; i++) {
        char unused[32];
        snprintf(unused, sizeof unused, "<unused%zu>", i);
        if (!is_new_piece(pieces, n, i)) put_name(b, unused);
        else if (is_control(pieces[i])) put_name(b, pieces[i]);
        else put_mapped(b, pieces[i]);
    }
    put_key(b, "tokenizer.ggml.token_type", ARRAY), put_array(b, I32, n_tokens);
    for (size_t id = 0; id < n_tokens; id++) put32(b, script_type(pieces, n, (int32_t)id, traits));
    put_key(b, "tokenizer.ggml.merges", ARRAY), put_array(b, STRING, 0);
    put_u32(b, "tokenizer.ggml.eos_token_id", SCRIPT_EOS);
    put_ids(b, "tokenizer.ggml.eos_token_ids", traits->eos, traits->n_eos);
    put_ids(b, "tokenizer.ggml.suppress_tokens", traits->suppressed, traits->n_suppressed);
}

// The id of a piece: EOS for NULL, a byte's own id, or the first piece that is equal.
static inline int32_t script_id(const char *const *pieces, size_t i) {
    if (!pieces[i]) return SCRIPT_EOS;
    if (strlen(pieces[i]) == 1) return (unsigned char)pieces[i][0];
    size_t first = 0;
    while (!pieces[first] || strcmp(pieces[first], pieces[i]) != 0) first++;
    return SCRIPT_EOS + 1 + (int32_t)first;
}

enum { SCRIPT_FF = 32 };
static const struct script_tensor {
    const char *name;
    uint32_t n_dims;
    uint64_t inner, outer;
    float fill; // every value; the output matrix and the positions are written apart
} script_tensors[] = {
    {"token_embd.weight", 2, SCRIPT_CTX, SCRIPT_VOCAB, 0},
    {"position_embd.weight", 2, SCRIPT_CTX, SCRIPT_CTX, 0},
    {"output.weight", 2, SCRIPT_CTX, SCRIPT_VOCAB, 0},
    {"output_norm.weight", 1, SCRIPT_CTX, 1, 1},
    {"output_norm.bias", 1, SCRIPT_CTX, 1, 0},
    {"blk.0.attn_norm.weight", 1, SCRIPT_CTX, 1, 1},
    {"blk.0.attn_norm.bias", 1, SCRIPT_CTX, 1, 0},
    {"blk.0.attn_qkv.weight", 2, SCRIPT_CTX, 3 * SCRIPT_CTX, 0},
    {"blk.0.attn_qkv.bias", 1, 3 * SCRIPT_CTX, 1, 0},
    {"blk.0.attn_output.weight", 2, SCRIPT_CTX, SCRIPT_CTX, 0},
    {"blk.0.attn_output.bias", 1, SCRIPT_CTX, 1, 0},
    {"blk.0.ffn_norm.weight", 1, SCRIPT_CTX, 1, 1},
    {"blk.0.ffn_norm.bias", 1, SCRIPT_CTX, 1, 0},
    {"blk.0.ffn_up.weight", 2, SCRIPT_CTX, SCRIPT_FF, 0},
    {"blk.0.ffn_up.bias", 1, SCRIPT_FF, 1, 0},
    {"blk.0.ffn_down.weight", 2, SCRIPT_FF, SCRIPT_CTX, 0},
    {"blk.0.ffn_down.bias", 1, SCRIPT_CTX, 1, 0},
};
enum { SCRIPT_TENSORS = sizeof script_tensors / sizeof *script_tensors };

// The script begins after position 0: pieces[i] follows position i. After the last one comes EOS. `one` is the 1 of the
// output matrix: smaller numbers make the script less certain.
static inline struct scripted scripted_open_with(const char *const *pieces, size_t n, float one,
                                                 const struct script_traits *traits) {
    struct scripted m = {0};
    struct buffer *b = &m.file;
    put_header(b, 3, SCRIPT_TENSORS, 15);
    put_key(b, "general.architecture", STRING), put_name(b, "gpt2");
    put_u32(b, "gpt2.context_length", SCRIPT_CTX);
    put_u32(b, "gpt2.embedding_length", SCRIPT_CTX);
    put_u32(b, "gpt2.block_count", 1);
    put_u32(b, "gpt2.feed_forward_length", SCRIPT_FF);
    put_u32(b, "gpt2.attention.head_count", 2);
    put_key(b, "gpt2.attention.layer_norm_epsilon", F32), put32(b, f32_bits(1e-5f));
    put_vocabulary(b, pieces, n, traits);
    uint64_t offset = 0;
    for (int i = 0; i < SCRIPT_TENSORS; i++) {
        const struct script_tensor *t = &script_tensors[i];
        put_tensor(b, t->name, t->n_dims, t->inner, t->outer, 0, offset);
        offset += t->inner * t->outer * sizeof(float);
    }
    pad(b, 32);
    for (int i = 0; i < SCRIPT_TENSORS; i++) {
        const struct script_tensor *t = &script_tensors[i];
        for (uint64_t row = 0; row < t->outer; row++)
            for (uint64_t col = 0; col < t->inner; col++) {
                float value = t->fill;
                if (i == 1) value = row == col;
                if (i == 2 && row == (uint64_t)(col < n ? script_id(pieces, col) : SCRIPT_EOS)) value = one;
                put32(b, f32_bits(value));
            }
    }
    quill_error err;
    assert_ok(quill_model_open_memory(&m.model, b->p, b->n, "script", NULL, &err), err);
    return m;
}

static inline struct scripted scripted_open(const char *const *pieces, size_t n, float one) {
    return scripted_open_with(pieces, n, one, &(struct script_traits){0});
}

static inline void scripted_close(struct scripted *m) {
    quill_model_free(m->model);
    buffer_free(&m->file);
}

#endif
