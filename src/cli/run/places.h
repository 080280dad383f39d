// SPDX-License-Identifier: MIT
// The places of tokens in their text.
#ifndef QUILL_CLI_RUN_PLACES_H
#define QUILL_CLI_RUN_PLACES_H

#include <stddef.h>

#include "quill/tokenizer.h"

struct places {
    const char *text; // [n] borrowed
    size_t n, at;     // at: the end of the last token
    quill_decoder decoder;
};

// `special` as the text was encoded.
void places_begin(struct places *p, const quill_tokenizer *tokenizer, const char *text, size_t n,
                  quill_special special);
// Returns the place of the next token, which begins after all before it; p->at becomes its end. Bytes that the
// tokenizer removed from the text (white space that a special token strips) lie before it; bytes that it added (a space
// in front) have no length.
size_t places_next(struct places *p, int32_t id);

#endif
