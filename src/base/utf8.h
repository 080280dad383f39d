// SPDX-License-Identifier: MIT
// UTF-8 as the Unicode Standard defines it (15.0, table 3-7): no surrogates, no overlong forms, at most U+10FFFF.
#ifndef QUILL_BASE_UTF8_H
#define QUILL_BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

// One step over p[0..n), n > 0: the length of a valid character (1..4, its code point in *code unless NULL), or minus
// the length (1..3) of the invalid piece that one U+FFFD replaces ("maximal subpart", section 3.9).
int utf8_step(const char *p, size_t n, uint32_t *code);

// How many bytes at the beginning of p[0..n) are valid.
size_t utf8_valid_run(const char *p, size_t n);

// True if more bytes could complete p[0..n) to a character (n 1..3).
bool utf8_is_beginning(const char *p, size_t n);

// How many bytes at the end of p[0..n) begin an unfinished character: 0..3.
size_t utf8_unfinished_tail(const char *p, size_t n);

// Writes `code` (a scalar value) and returns its length, 1..4.
int utf8_write(char out[4], uint32_t code);

// The length of the byte order mark that p[0..n) begins with: 0 or 3.
static inline size_t utf8_mark(const char *p, size_t n) { return n >= 3 && memcmp(p, "\xef\xbb\xbf", 3) == 0 ? 3 : 0; }

#define UTF8_REPLACEMENT "\xef\xbf\xbd" // U+FFFD

#endif
