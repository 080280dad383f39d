// SPDX-License-Identifier: MIT
// Tokens that are matched verbatim in a text before it is split: added ones always, special ones on demand.
#ifndef QUILL_TOKENIZER_ADDED_H
#define QUILL_TOKENIZER_ADDED_H

#include "token_table.h"

enum { ADDED_MOST_BYTES = 1024 }; // most bytes of such a token

struct added_token {
    struct str text;  // borrowed
    int32_t id;
    int32_t parent;   // index of the longest other token that is a prefix of it; -1: none
    uint8_t how;      // TOKEN_STRIPS_LEFT, TOKEN_STRIPS_RIGHT, TOKEN_SINGLE_WORD
};

struct added {
    struct added_token *tokens; // [n] ascending by text
    size_t n;
    uint8_t *starts;            // bit set of the tokens' first two bytes; with any second byte for one-byte tokens
};

// The added and special tokens, which sets are chosen from: (*ids)[n] to free. False: no memory.
bool added_candidates(int32_t **ids, size_t *n, const struct token_table *vocab);

// Which of these a set has.
struct added_choice {
    bool added_plain, added_normalized;     // added tokens, those that are matched in normalized text
    bool special_plain, special_normalized; // special ones
    // What a token's text is in normalized text; NULL: the same. The result is kept in the arena.
    quill_status (*normal)(void *context, struct str *text, quill_error *err);
    void *context;
};
// QUILL_E_MODEL: a token is too long.
quill_status added_build(struct added *added, const struct token_table *vocab, const int32_t *ids, size_t n,
                         struct added_choice choice, const char *file, quill_error *err);
void added_free(struct added *added); // zeros are fine
size_t added_memory(const struct added *added);
// Whether a match may reach across a newline that is followed by a letter of ASCII.
bool added_crosses_lines(const struct added *added);
bool added_strips(const struct added *added); // whether matches include white space

// Finds the leftmost token in text[0..n), and the longest of those that begin there: text[begin..end) includes the
// white space that it strips. False: none.
struct added_match {
    int32_t id;
    size_t begin, end;
};
// `blanks`: a space is white space.
bool added_find(const struct added *added, const char *text, size_t n, bool blanks, struct added_match *match);

#endif
