// SPDX-License-Identifier: MIT
// The forms in which bytes and numbers are shown.
#ifndef QUILL_CLI_IO_SHOW_H
#define QUILL_CLI_IO_SHOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"

// Each appends to *b. False: no memory; the buffer is then unchanged or ends early.
bool show_number(struct buffer *b, uint64_t number); // decimal
// A number with `places` decimal places; -inf, inf and nan.
bool show_decimal(struct buffer *b, double value, int places);
bool show_float(struct buffer *b, float value); // the fewest digits that read back as the same float; nan, inf, -inf
// A field of a line: escapes \\ \n \t \r, everything else unchanged.
bool show_escaped(struct buffer *b, const char *p, size_t n);

enum visible {
    VISIBLE_TERMINAL, // newline and tab stay; characters a terminal obeys (is_obeyed) and invalid UTF-8 become \xHH
    VISIBLE_PIECE,    // a field of a line: \\ \n \t \r; control characters and invalid UTF-8 become \xHH
};
bool show_visible(struct buffer *b, const char *p, size_t n, enum visible how);

// Invalid UTF-8 becomes U+FFFD.
bool show_utf8(struct buffer *b, const char *p, size_t n);

// Replaces \n \t \r \\ \" \xHH in string[0..n); *bad: offset of an unknown escape, or n.
bool show_unescaped(struct buffer *b, const char *string, size_t n, size_t *bad);

#endif
