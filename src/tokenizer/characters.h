// SPDX-License-Identifier: MIT
// Properties of characters that tokenizers ask for, from utf8proc's tables.
#ifndef QUILL_TOKENIZER_CHARACTERS_H
#define QUILL_TOKENIZER_CHARACTERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// If p[0..n) begins with a character of Unicode's White_Space, the length of that character; else 0.
size_t white_space(const char *p, size_t n);
// The same for the character that p[0..n) ends with.
size_t white_space_before(const char *p, size_t n);

bool is_white_space(uint32_t code);
bool is_mark(uint32_t code);             // general category M
bool is_nonspacing_mark(uint32_t code);  // Mn
static inline bool is_ascii_letter(char c) { return (c | 0x20) >= 'a' && (c | 0x20) <= 'z'; }
bool is_word_character(uint32_t code);   // \w: letters, marks, digits, connectors
bool is_other(uint32_t code);            // control, format, private use: C without unassigned code points
bool is_ideograph(uint32_t code);        // as BERT's vocabulary takes them apart

// Whether p[0..n) begins, or ends, with a word character.
bool begins_with_word(const char *p, size_t n);
bool ends_with_word(const char *p, size_t n);

#endif
