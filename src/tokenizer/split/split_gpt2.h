// SPDX-License-Identifier: MIT
// GPT-2's split in hand-written code, for the parts of a text that are ASCII.
#ifndef QUILL_TOKENIZER_SPLIT_SPLIT_GPT2_H
#define QUILL_TOKENIZER_SPLIT_SPLIT_GPT2_H

#include "tokenizer/pieces.h"

// The pattern in its usual spelling. Some files omit the last alternative; the pieces are the same.
#define GPT2_PATTERN "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+"
#define GPT2_PATTERN_SHORT "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)"

// Adds the pieces of the text from p to `end` to `pieces`, until the text ends, the list is full, or the next piece
// depends on a byte above 0x7f. Returns where it stopped. Every byte is read once; the last ones before a stop may be
// read again.
const char *split_gpt2_ascii(const char *p, const char *end, struct pieces *pieces);

#endif
