// SPDX-License-Identifier: MIT
// GPT-2's split by hand, for as far as it can be told from ASCII alone.
#ifndef QUILL_TOKENIZER_SPLIT_SPLIT_GPT2_H
#define QUILL_TOKENIZER_SPLIT_SPLIT_GPT2_H

#include "tokenizer/pieces.h"

// The pattern in its usual spelling; the last alternative is left out by some, which makes no difference to the pieces.
#define GPT2_PATTERN "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+"
#define GPT2_PATTERN_SHORT "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)"

// Adds the pieces of p[0..end - p) to `pieces`, until the text ends, the list is full, or a byte above 0x7f has a say
// in the next piece. Returns where it stopped. Every byte is looked at once, the last ones of a stop again.
const char *split_gpt2_ascii(const char *p, const char *end, struct pieces *pieces);

#endif
