// SPDX-License-Identifier: MIT
// A tokenizer from the inside, and its way from text to ids.
#ifndef QUILL_TOKENIZER_ENCODE_H
#define QUILL_TOKENIZER_ENCODE_H

#include <stdatomic.h>

#include "added.h"
#include "token_table.h"
#include "tokenizer/segment/bpe.h"
#include "tokenizer/split/pretokenize.h"

struct encoder; // what one call of quill_encode works with: a cache of words and room

// The encoder that no call is using: a call takes it, and puts it back warm. A call at the same time makes its own.
struct encoder_shelf {
    _Atomic(struct encoder *) encoder;
};

struct quill_tokenizer {
    struct token_table vocab;
    struct bpe bpe;
    struct added as_text, parsed; // what is found in a text before the split
    struct splitter *splitter;
    struct encoder_shelf *shelf;
    char *pre;                // the name of the pre-tokenizer
    int32_t *eos;                 // [n_eos]
    size_t n_eos;
    int32_t bos;
    bool adds_bos, ignore_merges, pre_missing, nfc;
};

void encoder_free(struct encoder *encoder); // NULL is fine

#endif
