// SPDX-License-Identifier: MIT
// SentencePiece's spelling of tokens: U+2581 stands for a space, "<0x0A>" for a byte. Within a tokenizer, text and
// tokens have spaces; U+2581 in a text means the same.
#ifndef QUILL_TOKENIZER_BLANKS_H
#define QUILL_TOKENIZER_BLANKS_H

#include "base/str.h"

#define BLANK_MARK "\xe2\x96\x81" // U+2581, lower one eighth block

// Copies text to out, which has room for text.n bytes, with a space in place of each U+2581. Returns the length.
size_t blanks_of_marks(char *out, struct str text);

bool has_blank_mark(struct str text);

// Whether text is "<0x00>" to "<0xFF>": the byte is then *byte.
bool byte_of_name(char *byte, struct str text);

#endif
