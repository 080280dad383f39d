// SPDX-License-Identifier: MIT
// The inside of a tokenizer. A text passes, in this order:
//   added tokens   are taken out of it (added.h)
//   normalizer     changes what lies between them (normalize.h)
//   added tokens   that are matched in normalized text are taken out of that
//   prefix         puts a space in front of the rest (prefix.h)
//   splitter       cuts that into pieces (split/pretokenize.h)
//   segmenter      turns a piece into tokens (segment/segment.h)
// The decoder turns tokens into text (decode.c).
#ifndef QUILL_TOKENIZER_PIPELINE_H
#define QUILL_TOKENIZER_PIPELINE_H

#include <stdatomic.h>

#include "added.h"
#include "base/arena.h"
#include "ends.h"
#include "infill.h"
#include "normalize.h"
#include "prefix.h"
#include "quill/tokenizer.h"
#include "tokenizer/segment/segment.h"
#include "tokenizer/split/cuts.h"
#include "tokenizer/split/pretokenize.h"

struct encoder; // the working memory of one call of quill_encode: a word cache and buffers

// Holds encoders while no call uses them: a call takes one and puts it back with its cache. A call that finds none
// creates its own.
enum { SHELF = 16 };
struct encoder_shelf {
    _Atomic(struct encoder *) encoders[SHELF];
};

enum decoder_kind {
    DECODE_JOINED,         // the bytes of the tokens, one after the other
    DECODE_WITHOUT_PREFIX, // the same without the space in front of the text
    DECODE_WORDS,          // the same without the space behind the last word
};

struct quill_tokenizer {
    struct token_table vocab;
    // Tokens matched in every text; these and the special ones; these and the special ones that are matched in
    // normalized text, where that is not done because parts of the text are values.
    struct added as_text, parsed, outside_values;
    struct added normal_as_text, normal_parsed; // tokens matched in normalized text
    struct arena normal_texts;         // of those tokens
    struct normalizer *normalizer;     // NULL: none
    struct prefix prefix;
    struct splitter *splitter;
    struct cuts *cuts;                 // NULL: none
    const struct segmenter *segmenter;
    void *segments;                    // made by the segmenter
    enum decoder_kind decoder;
    struct encoder_shelf *shelf;
    char *pre;                         // the name of the pre-tokenizer; NULL: it has none
    size_t n_merges;
    struct ends ends;
    struct infill infill;
    int32_t *suppressed;               // [n_suppressed]
    size_t n_suppressed;
    int32_t *appended;                 // [n_appended]
    size_t n_appended;
    int32_t bos;
    char *ignored;                     // NULL: nothing was
    bool adds_bos, pre_missing, nfc_left_out;
    bool cuts_lines;                   // quill_encode_cut finds places
};

#endif
