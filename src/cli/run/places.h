// SPDX-License-Identifier: MIT
// Where the tokens of a text lie in it.
#ifndef QUILL_CLI_RUN_PLACES_H
#define QUILL_CLI_RUN_PLACES_H

#include <stddef.h>

#include "quill/tokenizer.h"

struct places {
    const char *text; // [n] borrowed
    size_t n, at;     // at: behind the last token
    quill_decoder decoder;
};

// `special` as the text was encoded.
void places_begin(struct places *p, const quill_tokenizer *tokenizer, const char *text, size_t n,
                  quill_special special);
// The place of the next token, which begins behind all before it; p->at is then behind this one. What the tokenizer
// took from the text lies before it (white space that a special token strips), what it put into the text has no length
// there (a space in front).
size_t places_next(struct places *p, int32_t id);

#endif
