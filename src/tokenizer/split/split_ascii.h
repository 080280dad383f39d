// SPDX-License-Identifier: MIT
// Known patterns in hand-written code, for the parts of a text that are ASCII.
#ifndef QUILL_TOKENIZER_SPLIT_SPLIT_ASCII_H
#define QUILL_TOKENIZER_SPLIT_SPLIT_ASCII_H

#include "base/str.h"
#include "tokenizer/pieces.h"

// Adds the pieces of the text from p to `end` to `pieces`, until the text ends, the list is full, or the next piece
// depends on a byte above 0x7f. Returns where it stopped. Every byte is read once; the last ones before a stop may be
// read again.
typedef const char *split_ascii_fn(const char *p, const char *end, struct pieces *pieces);

split_ascii_fn *split_ascii_of(struct str pattern); // NULL: none

#endif
