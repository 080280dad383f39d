// SPDX-License-Identifier: MIT
// Tokens that are found in a text as they are written, before it is split: added ones always, special ones on demand.
#ifndef QUILL_TOKENIZER_ADDED_H
#define QUILL_TOKENIZER_ADDED_H

#include "token_table.h"

enum { ADDED_MOST_BYTES = 1024 }; // of one such token

struct added_token {
    struct str text;  // borrowed from the vocabulary
    int32_t id;
    int32_t parent;   // index of the longest other one that it begins with; -1: none
    uint8_t strips;   // TOKEN_STRIPS_LEFT, TOKEN_STRIPS_RIGHT
};

struct added {
    struct added_token *tokens; // [n] ascending by text
    size_t n;
    uint8_t *starts;            // bit set of the two-byte beginnings; every second byte for a token of one
};

// The set of added tokens, with the special ones when `special`. QUILL_E_MODEL: one is too long.
quill_status added_build(struct added *added, const struct token_table *vocab, bool special, const char *file,
                         quill_error *err);
void added_free(struct added *added); // zeros are fine
size_t added_memory(const struct added *added);

// The leftmost token in text[0..n), the longest of those that begin there: text[begin..end), with the white space that
// it strips. False: there is none.
struct added_match {
    int32_t id;
    size_t begin, end;
};
bool added_find(const struct added *added, const char *text, size_t n, struct added_match *match);

#endif
