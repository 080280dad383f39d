// SPDX-License-Identifier: MIT
// Tokenizers: text to token ids, and back. What a model's file asks for is done in this order: added tokens are taken
// out of the text, what lies between them is normalized, split into words, and each word is segmented into tokens.
//
// One kind so far: byte-level BPE, as GPT-2 introduced it (Radford et al. 2019, section 2.2). Any byte string encodes,
// invalid UTF-8 and NUL included, and nearly always the tokens' bytes are the text again (quill_tokenizer_info.lossless
// says whether this is a law). A tokenizer is immutable after it was opened and may be shared by any number of threads.
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
// Errors: QUILL_E_MODEL (missing, damaged, of a kind that is not supported), QUILL_E_SYSTEM (memory).
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

// The bytes a token stands for by itself; length in *n (0 for a special token unless `special` is
// QUILL_SPECIAL_PARSE). Borrowed from the tokenizer; not NUL-terminated. An id outside 0..quill_n_vocab-1 gives NULL
// and 0. This is for showing a token; the text of several is what a decoder makes of them.
const char *quill_token_bytes(const quill_tokenizer *tokenizer, int32_t id, quill_special special, size_t *n);

// The text of a run of tokens, token by token: what a token adds may depend on those before it. For byte-level BPE it
// adds its own bytes; only where the tokenizer puts a space in front of a text (add_prefix_space), the first token's
// leading space is dropped. Nothing is allocated, nothing fails, and a copy goes on by itself. One thread at a time.
// The members are private.
typedef struct quill_decoder {
    const quill_tokenizer *tokenizer; // borrowed: it must outlive the decoder
    quill_special special;
    bool begun;                       // some bytes were decoded
} quill_decoder;
// `special` is as in quill_token_bytes. Text that goes on from other tokens begins with those: take them, and leave
// their bytes.
void quill_decoder_begin(quill_decoder *decoder, const quill_tokenizer *tokenizer, quill_special special);
// The bytes that are certain now; length in *n. They are not NUL-terminated, and they live until the next call with
// this decoder or the end of the tokenizer. Bytes may be held back until a later token or the end settles them
// (byte-level BPE holds back none), so that a token may add nothing and the next one more than its own. UTF-8
// characters may be torn. An id outside 0..quill_n_vocab-1 adds nothing.
const char *quill_decoder_take(quill_decoder *decoder, int32_t id, size_t *n);
// The bytes still held back; the text is over, and the next token begins another.
const char *quill_decoder_end(quill_decoder *decoder, size_t *n);

int32_t quill_n_vocab(const quill_tokenizer *tokenizer);
int32_t quill_token_bos(const quill_tokenizer *tokenizer);              // -1: none
int32_t quill_token_eos(const quill_tokenizer *tokenizer);              // the first one; -1: none
bool quill_token_is_eos(const quill_tokenizer *tokenizer, int32_t id);  // a model may have several
bool quill_token_is_special(const quill_tokenizer *tokenizer, int32_t id);
bool quill_adds_bos(const quill_tokenizer *tokenizer);                  // the model wants BOS in front of a prompt

// For reports; strings are borrowed from the tokenizer.
typedef struct quill_tokenizer_info {
    const char *model;    // kind of the tokenizer, "bpe"
    const char *pre;      // BPE: name of the pre-tokenizer, "gpt-2"; "custom" when the file brought its own pattern
    size_t n_merges;      // BPE
    const int32_t *eos;   // [n_eos]
    size_t n_eos;
    size_t memory;        // bytes held
    bool pre_missing;     // BPE: the file names no pre-tokenizer; gpt-2 was assumed
    bool nfc_left_out;    // the file asks for normalization form C; text is encoded as it is, so that it comes back
    const char *ignored;  // BOS and EOS in the files that no token is: they count as absent; NULL: there are none
    bool lossless;        // every text that encodes with QUILL_SPECIAL_AS_TEXT is decoded to the same bytes
} quill_tokenizer_info;
void quill_tokenizer_describe(const quill_tokenizer *tokenizer, quill_tokenizer_info *info);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif
#endif
