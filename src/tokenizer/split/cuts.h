// SPDX-License-Identifier: MIT
// Where a text can be cut although its tokenizer does not split it: between two characters that no token has side by
// side. No token crosses such a place, so both sides are encoded alone, with the same result. Short pieces are encoded
// faster, and repeat.
#ifndef QUILL_TOKENIZER_SPLIT_CUTS_H
#define QUILL_TOKENIZER_SPLIT_CUTS_H

#include "tokenizer/pieces.h"
#include "tokenizer/token_table.h"

struct cuts {
    uint8_t joined[65536 / 8]; // bit set of the pairs of bytes (first << 8 | second) that are not cut apart
};

// `everywhere`: else only before spaces, if a space is a token: a run of characters without tokens becomes one token.
void cuts_build(struct cuts *cuts, const struct token_table *vocab, bool everywhere);

// Adds the pieces of text[0..n), valid UTF-8, to `pieces`.
quill_status cut_text(const struct cuts *cuts, struct pieces *pieces, const char *text, size_t n, quill_error *err);

#endif
