// SPDX-License-Identifier: MIT
// Where results go: stdout, or a file that appears whole or not at all. Every write and the final close are checked.
#ifndef QUILL_CLI_IO_OUTPUT_H
#define QUILL_CLI_IO_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"
#include "base/save.h"
#include "quill/error.h"
#include "wrap.h"

struct output {
    int fd;           // -1: not open
    const char *name; // for messages
    struct save save; // of a file that appears whole; its temp is NULL where fd is written in place
    bool terminal;    // fd is one
    bool filter;      // control characters are shown, not obeyed
    bool in_line;     // the last byte was no newline
    bool records;     // a signal does not end a flush that has begun: what is flushed is there whole or not at all
    struct buffer pending; // not yet written
    char tail[4];     // an unfinished character on its way to a terminal
    size_t n_tail;
    struct wrap wrap; // its columns are 0: lines are left as they are
};

// `path` NULL or "-": stdout. Names of descriptors mean the descriptor, and a file that exists and is no regular one is
// written in place. With `raw` a terminal gets the bytes as they are. Errors of all: QUILL_E_SYSTEM; an empty path, or
// that of a file the run reads: QUILL_E_USAGE.
QUILL_MUST_CHECK quill_status output_open(struct output *out, const char *path, bool raw, quill_error *err);
void output_wrap(struct output *out); // from now on lines are broken at spaces, on a terminal whose width is known
bool output_same(const struct output *a, const struct output *b); // both go to one file, or one stream
QUILL_MUST_CHECK quill_status output_write(struct output *out, const void *bytes, size_t n, quill_error *err);
// The same, past the filter: sequences of our own for a terminal.
QUILL_MUST_CHECK quill_status output_write_raw(struct output *out, const char *string, quill_error *err);
QUILL_MUST_CHECK quill_status output_flush(struct output *out, quill_error *err);
// On a terminal, ends a line that was begun.
QUILL_MUST_CHECK quill_status output_end_line(struct output *out, quill_error *err);
// Flushes, closes, moves a temporary file in place. Afterwards, or to drop what was written: output_abort.
QUILL_MUST_CHECK quill_status output_close(struct output *out, quill_error *err);
void output_abort(struct output *out); // fine after output_close

#endif
