// SPDX-License-Identifier: MIT
// Tokenizers: text to token ids, and back. The steps, as the model's file asks for them: take added tokens out of the
// text, normalize what lies between them, split it into words, and segment each word into tokens.
//
// Kinds, and whether the tokens of a text are decoded to the same bytes (quill_tokenizer_info.lossless: always):
//   bpe   Byte-level BPE, as GPT-2 introduced it (Radford et al. 2019, section 2.2). Any byte string encodes, invalid
//         UTF-8 and NUL included, and comes back; unless the tokenizer puts a space in front of texts, which is lost
//         where the text had one already, or normalizes them. BPE of characters (GPT-1's, and SentencePiece's in
//         tokenizer.json): a text comes back as it was normalized, if its characters have tokens; as for spm.
//   spm   SentencePiece's BPE, Llama's. A text comes back if it has no U+2581, which is the same as a space here, and
//         each of its characters has a token or the tokens of its bytes (nearly every such vocabulary has all bytes).
//         A space that is put in front of what follows an added token stays.
//   unigram  as spm; also, most such vocabularies normalize texts.
// A tokenizer is immutable once opened and may be shared by any number of threads.
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

// Opens only the tokenizer of a GGUF file or a Hugging Face directory; no tensor is read.
// Errors: QUILL_E_MODEL (missing, damaged, of a kind that is not supported), QUILL_E_SYSTEM (memory).
QUILL_MUST_CHECK quill_status quill_tokenizer_open(quill_tokenizer **out, const char *path, quill_error *err);
// The same from a GGUF file in memory. data[0..size) is borrowed until the tokenizer is freed; `name` is for messages.
QUILL_MUST_CHECK quill_status quill_tokenizer_open_memory(quill_tokenizer **out, const void *data, size_t size,
                                                          const char *name, quill_error *err);
void quill_tokenizer_free(quill_tokenizer *tokenizer);

typedef enum quill_special {
    QUILL_SPECIAL_AS_TEXT, // special tokens are plain text: the right choice for text from outside
    QUILL_SPECIAL_PARSE,   // special tokens in the text become themselves
} quill_special;

// Appends the ids of text[0..n) to `out`. No BOS or EOS is added. On failure `out` is unchanged.
// Errors: QUILL_E_SYSTEM (memory, a word of 2 GiB), QUILL_E_MODEL (a byte or character that no token stands for).
QUILL_MUST_CHECK quill_status quill_encode(const quill_tokenizer *tokenizer, quill_ids *out, const void *text, size_t n,
                                           quill_special special, quill_error *err);

// quill_encode for a text that continues an earlier one: no space is put in front of it, whatever the tokenizer does
// with whole texts.
QUILL_MUST_CHECK quill_status quill_encode_continued(const quill_tokenizer *tokenizer, quill_ids *out, const void *text,
                                                     size_t n, quill_special special, quill_error *err);

// The first place after text[0..from), and before the end, where text[0..n) can be cut: quill_encode of what is in
// front of it and quill_encode_continued of the rest give the ids of the whole. So threads can share a long text. n:
// there is none that is easily found. Places are found between lines, for byte-level BPE with the pre-tokenizers of
// GPT-2, GPT-4, Llama 3, Qwen and their kin.
size_t quill_encode_cut(const quill_tokenizer *tokenizer, const void *text, size_t n, size_t from);

// quill_encode with QUILL_SPECIAL_PARSE, except within values[n_values]: these parts come from outside and are plain
// text. They are ascending and do not overlap. The text is encoded as a whole: a word may cross the border of a value.
// Errors: those of quill_encode.
typedef struct quill_span {
    size_t at, n;
} quill_span;
QUILL_MUST_CHECK quill_status quill_encode_values(const quill_tokenizer *tokenizer, quill_ids *out, const void *text,
                                                  size_t n, const quill_span *values, size_t n_values,
                                                  quill_error *err);

// Appends the prompt that asks a model of code for what stands between two texts (fill in the middle): before[n_before]
// are the ids of the text before the gap, after[0..n_after) is the text behind it. Tokens of the model's own separate
// them, in the order in which it was trained. No BOS is added. On failure `out` is unchanged.
// Errors: QUILL_E_USAGE (the tokenizer has no such tokens: quill_tokenizer_info.infill), those of quill_encode.
QUILL_MUST_CHECK quill_status quill_encode_infill(const quill_tokenizer *tokenizer, quill_ids *out,
                                                  const int32_t *before, size_t n_before, const void *after,
                                                  size_t n_after, quill_special special, quill_error *err);

// The bytes that a single token stands for; their length in *n (0 for a special token unless `special` is
// QUILL_SPECIAL_PARSE). Borrowed from the tokenizer; not NUL-terminated. An id outside 0..quill_n_vocab-1 gives NULL
// and 0. Use this to show one token; for the text of several, use a decoder.
const char *quill_token_bytes(const quill_tokenizer *tokenizer, int32_t id, quill_special special, size_t *n);

// Decodes tokens one by one: what a token adds may depend on those before it. A token adds its own bytes, except that
// the first token's leading space is dropped if the tokenizer puts a space in front of every text, and the space behind
// the last word where words end with one (GPT-1). Nothing is allocated and nothing fails. A copy is a decoder of its
// own. One thread at a time. The members are private.
typedef struct quill_decoder {
    const quill_tokenizer *tokenizer; // borrowed: it must outlive the decoder
    quill_special special;
    bool begun;                       // at least one byte was decoded
    bool held;                        // a space is held back
} quill_decoder;
// Begins a text. `special` is as in quill_token_bytes. To continue a text of earlier tokens, take those tokens first
// and discard their bytes.
void quill_decoder_begin(quill_decoder *decoder, const quill_tokenizer *tokenizer, quill_special special);
// Takes a token and returns the bytes that are now certain; their length in *n. They are not NUL-terminated, and stay
// valid until the next call with this decoder or until the tokenizer is freed. A decoder may hold bytes back until a
// later token or the end settles them (GPT-1's: the space behind a word), so a token may add nothing and the next one
// more than its own bytes. The bytes may end within a UTF-8 character. An id outside 0..quill_n_vocab-1 adds nothing.
const char *quill_decoder_take(quill_decoder *decoder, int32_t id, size_t *n);
// Ends the text and returns the bytes still held back; the next token begins another text.
const char *quill_decoder_end(quill_decoder *decoder, size_t *n);

int32_t quill_n_vocab(const quill_tokenizer *tokenizer);
int32_t quill_token_bos(const quill_tokenizer *tokenizer);              // -1: none
// The first end-of-text token that the model's files name; -1: none.
int32_t quill_token_eos(const quill_tokenizer *tokenizer);
// Whether a token ends a text: those that the files name, and tokens that models of chats and of code end a turn, a
// file or an infill with, known by their texts ("<|im_end|>", "<|eot_id|>", "<|file_sep|>" ...).
bool quill_token_is_eos(const quill_tokenizer *tokenizer, int32_t id);
// Whether an id has no token: it is outside 0..quill_n_vocab-1, skipped by the vocabulary, or marked as unused. A model
// may have logits for such ids; generation never draws them.
bool quill_token_is_unused(const quill_tokenizer *tokenizer, int32_t id);
bool quill_token_is_special(const quill_tokenizer *tokenizer, int32_t id);
bool quill_adds_bos(const quill_tokenizer *tokenizer);                  // the model wants BOS in front of a prompt

// For reports; strings are borrowed from the tokenizer.
typedef struct quill_tokenizer_info {
    const char *model;    // kind of the tokenizer: "bpe", "spm", "unigram"
    const char *pre;      // BPE: name of the pre-tokenizer, "gpt-2"; "custom": the file has its own pattern; else NULL
    size_t n_merges;      // BPE
    const int32_t *eos;   // [n_eos] ids that quill_token_is_eos knows, borrowed; those that the files name come first
    size_t n_eos;
    const int32_t *suppressed; // [n_suppressed] ids that the files say are never to be drawn, borrowed
    size_t n_suppressed;
    const int32_t *appended; // [n_appended] ids that the files put behind a text, for embeddings (embed.h), borrowed;
    size_t n_appended;       // a text that is to go on does without them
    size_t memory;        // bytes held
    bool pre_missing;     // BPE: the file names no pre-tokenizer; gpt-2 was assumed
    bool nfc_left_out;    // the file asks for normalization form C; it is not applied, so that text decodes unchanged
    const char *ignored;  // the files' BOS and EOS that are not tokens; they count as absent. NULL: none
    bool infill;          // quill_encode_infill works
    bool lossless;        // every text encoded with QUILL_SPECIAL_AS_TEXT decodes to the same bytes
} quill_tokenizer_info;
void quill_tokenizer_describe(const quill_tokenizer *tokenizer, quill_tokenizer_info *info);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif
#endif
