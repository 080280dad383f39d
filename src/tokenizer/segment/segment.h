// SPDX-License-Identifier: MIT
// How a piece of a text becomes tokens: the step in which tokenizers differ most. One row for each algorithm.
#ifndef QUILL_TOKENIZER_SEGMENT_H
#define QUILL_TOKENIZER_SEGMENT_H

#include "base/error.h"
#include "quill/tokenizer.h"
#include "tokenizer/pieces.h"
#include "tokenizer/token_table.h"

struct segmenter {
    const char *name; // for quill_tokenizer_info
    // Creates *model, which keeps `vocab`, and marks the tokens in it that any text may yield (TOKEN_FROM_TEXT). If no
    // token will be looked up by its bytes, it may call token_table_forget. QUILL_E_MODEL: a part of the spec is wrong,
    // or this segmenter does not support it. On failure *model is NULL.
    quill_status (*create)(void **model, struct token_table *vocab, const struct vocab_spec *spec, quill_error *err);
    void (*free)(void *model); // NULL is fine
    size_t (*memory)(const void *model);
    // Appends the tokens of a piece to `out`. They depend only on its bytes. *room is working memory for one thread at
    // a time, kept from piece to piece; it starts as NULL.
    quill_status (*encode_piece)(const void *model, void **room, quill_ids *out, struct piece piece, quill_error *err);
    void (*trim_room)(void *room); // frees memory that only a very long piece needed; NULL is fine
    void (*free_room)(void *room); // NULL is fine
};

extern const struct segmenter bpe_segmenter; // byte-level BPE
extern const struct segmenter bpe_chars_segmenter;
extern const struct segmenter spm_segmenter; // SentencePiece's BPE
extern const struct segmenter unigram_segmenter;

#endif
