// SPDX-License-Identifier: MIT
// How a piece of a text becomes tokens: the step in which tokenizers differ most. One row for each way.
#ifndef QUILL_TOKENIZER_SEGMENT_H
#define QUILL_TOKENIZER_SEGMENT_H

#include "base/error.h"
#include "quill/tokenizer.h"
#include "tokenizer/pieces.h"
#include "tokenizer/token_table.h"

struct segmenter {
    const char *name; // as quill_tokenizer_info tells it
    // Makes *model, which keeps `vocab`, and marks the tokens in it that any text may yield (TOKEN_FROM_TEXT). If no
    // token will be looked up, the table may forget how. QUILL_E_MODEL: a part of the spec that is wrong, or that this
    // segmenter does not know. On failure *model is NULL.
    quill_status (*create)(void **model, struct token_table *vocab, const struct vocab_spec *spec, quill_error *err);
    void (*free)(void *model); // NULL is fine
    size_t (*memory)(const void *model);
    // Appends the tokens of a piece to `out`. They depend on its bytes and on nothing else. *room grows from NULL: what
    // one thread at a time works with, kept from one piece to the next.
    quill_status (*encode_piece)(const void *model, void **room, quill_ids *out, struct piece piece, quill_error *err);
    void (*trim_room)(void *room); // gives back what only a very long piece needed; NULL is fine
    void (*free_room)(void *room); // NULL is fine
};

extern const struct segmenter bpe_segmenter; // byte-level BPE

#endif
