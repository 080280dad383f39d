// SPDX-License-Identifier: MIT
// What a piece begins as where merges are of characters: the token of each character, else the tokens of its bytes,
// else the unknown token, else nothing.
#ifndef QUILL_TOKENIZER_SEGMENT_BPE_SYMBOLS_H
#define QUILL_TOKENIZER_SEGMENT_BPE_SYMBOLS_H

#include "bpe_build.h"

struct symbols {
    const struct bpe *bpe;
    struct piece piece;
    size_t at;
    size_t bytes; // how many of the bytes before `at` are yet to be told
};

// The next symbol's token and the bytes that it covers. False: there is none.
bool next_symbol(struct symbols *symbols, int32_t *id, size_t *length);

#endif
