// SPDX-License-Identifier: MIT
// Marks: tokens with a meaning of their own, known by their texts. They are special or added tokens, or ordinary ones
// that no text yields; an ordinary token that a text may yield is part of that text: "</s>" is HTML.
#ifndef QUILL_TOKENIZER_MARKS_H
#define QUILL_TOKENIZER_MARKS_H

#include "token_table.h"

enum { MARK_BYTES = 32 }; // the longest text that is searched for

// Sets ids[i] to the mark with the text texts[i] (NULL: none is wanted) as the vocabulary stores it; -1: there is none.
// Texts stand in brackets.
// Comes after the segmenter, which says what tokens a text may yield (TOKEN_FROM_TEXT).
void marks_find(int32_t *ids, const char *const *texts, size_t n, const struct token_table *vocab,
                const struct vocab_spec *spec);

#endif
