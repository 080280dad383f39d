// SPDX-License-Identifier: MIT
// Breaking lines at spaces, for a terminal, of text that comes piece by piece: what has been shown of a word that does
// not fit is taken back and shown on the next line.
#ifndef QUILL_CLI_IO_WRAP_H
#define QUILL_CLI_IO_WRAP_H

#include "base/buffer.h"

struct wrap {
    size_t columns;     // of the terminal, of which the last stays empty; 0: lines are left as they are
    size_t column;      // where the next character goes
    struct buffer word; // what stands there of the word that is being written
    size_t word_columns;
};

// Appends p[0..n), whole characters of valid UTF-8, to *out. false: no memory.
bool wrap_add(struct wrap *w, struct buffer *out, const char *p, size_t n);

#endif
