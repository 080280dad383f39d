// SPDX-License-Identifier: MIT
// The tokens with which models of code are asked for what stands between two texts.
#ifndef QUILL_TOKENIZER_INFILL_H
#define QUILL_TOKENIZER_INFILL_H

#include "token_table.h"

struct infill {
    int32_t before, after; // in front of the text before the gap, and of the text behind it; -1: none
    int32_t middle;        // in front of what is to be written; -1: the model has no such token
    bool after_first;      // the text behind the gap comes first
};

// Comes after the segmenter (marks.h).
void infill_find(struct infill *infill, const struct token_table *vocab, const struct vocab_spec *spec);
static inline bool infill_is_possible(const struct infill *infill) { return infill->before >= 0; }

#endif
