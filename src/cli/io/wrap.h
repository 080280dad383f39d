// SPDX-License-Identifier: MIT
// Breaks lines at spaces, for a terminal, in text that comes piece by piece: if a word does not fit, its part already
// shown is erased and shown again on the next line.
#ifndef QUILL_CLI_IO_WRAP_H
#define QUILL_CLI_IO_WRAP_H

#include "base/buffer.h"

struct wrap {
    size_t columns;     // of the terminal; the last stays empty; 0: lines are not broken
    size_t column;      // column of the next character
    struct buffer word; // the part of the current word on this line
    size_t word_columns;
};

// Appends p[0..n), whole characters of valid UTF-8, to *out. false: no memory.
bool wrap_add(struct wrap *w, struct buffer *out, const char *p, size_t n);

#endif
