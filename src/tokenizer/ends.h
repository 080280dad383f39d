// SPDX-License-Identifier: MIT
// The tokens that end a text, or a turn of a chat.
#ifndef QUILL_TOKENIZER_ENDS_H
#define QUILL_TOKENIZER_ENDS_H

#include "token_table.h"

struct ends {
    int32_t *ids; // [n] those that the file names, then those known by their texts; each once
    size_t n;
    size_t n_named; // how many the file names
};

// Comes after the segmenter, which says what tokens a text may yield (TOKEN_FROM_TEXT). QUILL_E_MODEL: an id of the
// file's is not a token.
quill_status ends_find(struct ends *ends, const struct token_table *vocab, const struct vocab_spec *spec,
                       quill_error *err);
void ends_free(struct ends *ends); // zeros are fine
bool ends_have(const struct ends *ends, int32_t id);

#endif
