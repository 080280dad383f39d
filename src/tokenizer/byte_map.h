// SPDX-License-Identifier: MIT
// Bytes and the printable characters that stand for them in vocabularies: GPT-2's map, a bijection of the 256 bytes and
// 256 code points below U+0144. Bytes that are printable in Latin-1 map to themselves; the 68 others map to U+0100 and
// up, in order.
#ifndef QUILL_TOKENIZER_BYTE_MAP_H
#define QUILL_TOKENIZER_BYTE_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

// The code point that stands for `byte`: 0x21..0x143.
uint32_t byte_to_code(uint8_t byte);

// Writes the bytes that `text` stands for to out, which has room for text.n, and their number to *n. False: `text` is
// invalid UTF-8, or has a character that stands for no byte; out and *n are then undefined.
bool bytes_of_text(char *out, size_t *n, struct str text);

#endif
