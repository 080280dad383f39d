// SPDX-License-Identifier: MIT
// Byte-level BPE tokenizers, as GPT-2 introduced them (Radford et al. 2019, section 2.2).
//
// Any byte string encodes, and the bytes of the tokens, joined, are the text again: invalid UTF-8 and NUL included.
// A tokenizer is immutable after it was opened and may be shared by any number of threads.
#ifndef QUILL_TOKENIZER_H
#define QUILL_TOKENIZER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "error.h"

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

typedef struct quill_tokenizer quill_tokenizer;

// A growable list of token ids. Start from zeros; quill_ids_free releases it and leaves zeros.
typedef struct quill_ids {
    int32_t *ids; // [n]
    size_t n, cap;
} quill_ids;
void quill_ids_free(quill_ids *list);

// Opens the tokenizer of a GGUF file or a Hugging Face directory, and nothing else of it: no tensor is looked at.
// Errors: QUILL_E_MODEL (missing, damaged, not byte-level), QUILL_E_SYSTEM (memory).
QUILL_MUST_CHECK quill_status quill_tokenizer_open(quill_tokenizer **out, const char *path, quill_error *err);
// The same from a GGUF file in memory. `data` is borrowed until the tokenizer is freed; `name` is for messages.
QUILL_MUST_CHECK quill_status quill_tokenizer_open_memory(quill_tokenizer **out, const void *data, size_t size,
                                                          const char *name, quill_error *err);
void quill_tokenizer_free(quill_tokenizer *tokenizer);

typedef enum quill_special {
    QUILL_SPECIAL_AS_TEXT, // special tokens are plain text: the right choice for text from outside
    QUILL_SPECIAL_PARSE,   // special tokens in the text become themselves
} quill_special;

// Appends the ids of text[0..n) to `out`. No BOS or EOS is added. On failure `out` holds what it held before.
QUILL_MUST_CHECK quill_status quill_encode(const quill_tokenizer *tokenizer, quill_ids *out, const void *text, size_t n,
                                           quill_special special, quill_error *err);

// A text in which special tokens become themselves, except in some parts of it: values from outside, which never hold
// one. values[n_values] are ascending and do not overlap. The text is encoded as a whole: words cross their borders.
typedef struct quill_span {
    size_t at, n;
} quill_span;
QUILL_MUST_CHECK quill_status quill_encode_values(const quill_tokenizer *tokenizer, quill_ids *out, const void *text,
                                                  size_t n, const quill_span *values, size_t n_values,
                                                  quill_error *err);

// The bytes a token stands for; length in *n (0 for a special token unless `special` is QUILL_SPECIAL_PARSE). Borrowed
// from the tokenizer; not NUL-terminated. An id outside 0..quill_n_vocab-1 gives NULL and 0.
const char *quill_token_bytes(const quill_tokenizer *tokenizer, int32_t id, quill_special special, size_t *n);

int32_t quill_n_vocab(const quill_tokenizer *tokenizer);
int32_t quill_token_bos(const quill_tokenizer *tokenizer);              // -1: none
int32_t quill_token_eos(const quill_tokenizer *tokenizer);              // the first one; -1: none
bool quill_token_is_eos(const quill_tokenizer *tokenizer, int32_t id);  // a model may have several
bool quill_token_is_special(const quill_tokenizer *tokenizer, int32_t id);
bool quill_adds_bos(const quill_tokenizer *tokenizer);                  // the model wants BOS in front of a prompt

// For reports; strings are borrowed from the tokenizer.
typedef struct quill_tokenizer_info {
    const char *model;    // "bpe"
    const char *pre;      // name of the pre-tokenizer, "gpt-2"; "custom" when the file brought its own pattern
    size_t n_merges;
    const int32_t *eos;   // [n_eos]
    size_t n_eos;
    size_t memory;        // bytes held
    bool pre_missing;     // the file names no pre-tokenizer; gpt-2 was assumed
    bool nfc_left_out;    // the file asks for normalization form C; text is encoded as it is, so that it comes back
} quill_tokenizer_info;
void quill_tokenizer_describe(const quill_tokenizer *tokenizer, quill_tokenizer_info *info);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif
#endif
