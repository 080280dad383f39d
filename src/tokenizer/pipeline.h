// SPDX-License-Identifier: MIT
// A tokenizer from the inside. A text passes, in this order:
//   added tokens   are taken out of it (added.h)
//   normalizer     changes what lies between them (normalize.h)
//   splitter       cuts that into pieces (split/pretokenize.h)
//   segmenter      makes a piece tokens (segment/segment.h)
// and comes back through the decoder (decode.c).
#ifndef QUILL_TOKENIZER_PIPELINE_H
#define QUILL_TOKENIZER_PIPELINE_H

#include <stdatomic.h>

#include "added.h"
#include "normalize.h"
#include "quill/tokenizer.h"
#include "tokenizer/segment/segment.h"
#include "tokenizer/split/pretokenize.h"

struct encoder; // what one call of quill_encode works with: a cache of words and room

// The encoder that no call is using: a call takes it, and puts it back warm. A call at the same time makes its own.
struct encoder_shelf {
    _Atomic(struct encoder *) encoder;
};

enum decoder_kind {
    DECODE_JOINED,         // the bytes of the tokens, one after the other
    DECODE_WITHOUT_PREFIX, // the same without the space in front of the text
};

struct quill_tokenizer {
    struct token_table vocab;
    struct added as_text, parsed;      // added tokens: those found in every text; these and the special ones
    struct normalizer normalizer;
    struct splitter *splitter;
    const struct segmenter *segmenter;
    void *segments;                    // made by the segmenter
    enum decoder_kind decoder;
    struct encoder_shelf *shelf;
    char *pre;                         // the name of the pre-tokenizer
    size_t n_merges;
    int32_t *eos;                      // [n_eos]
    size_t n_eos;
    int32_t bos;
    char *ignored;                     // NULL: nothing was
    bool adds_bos, pre_missing;
};

#endif
