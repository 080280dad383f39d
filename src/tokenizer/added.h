// SPDX-License-Identifier: MIT
// Tokens that are matched verbatim in a text before it is split: added ones always, special ones on demand.
#ifndef QUILL_TOKENIZER_ADDED_H
#define QUILL_TOKENIZER_ADDED_H

#include "token_table.h"

enum { ADDED_MOST_BYTES = 1024 }; // most bytes of such a token

struct added_token {
    struct str text;  // borrowed from the vocabulary
    int32_t id;
    int32_t parent;   // index of the longest other token that is a prefix of it; -1: none
    uint8_t strips;   // TOKEN_STRIPS_LEFT, TOKEN_STRIPS_RIGHT
};

struct added {
    struct added_token *tokens; // [n] ascending by text
    size_t n;
    uint8_t *starts;            // bit set of the tokens' first two bytes; with any second byte for one-byte tokens
};

// The set of added tokens, and of special tokens if `special`. QUILL_E_MODEL: a token is too long.
quill_status added_build(struct added *added, const struct token_table *vocab, bool special, const char *file,
                         quill_error *err);
void added_free(struct added *added); // zeros are fine
size_t added_memory(const struct added *added);

// Finds the leftmost token in text[0..n), and the longest of those that begin there: text[begin..end) includes the
// white space that it strips. False: none.
struct added_match {
    int32_t id;
    size_t begin, end;
};
bool added_find(const struct added *added, const char *text, size_t n, struct added_match *match);

#endif
