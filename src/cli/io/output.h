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
    struct save save; // for a file that appears whole; its temp is NULL if fd is written in place
    bool terminal;    // fd is a terminal
    bool filter;      // control characters are shown, not obeyed
    bool in_line;     // the last byte was not a newline
    bool records;     // a signal does not stop a flush that has begun, so it is written whole or not at all
    bool patient;     // SIGINT does not stop it either: it ends an answer of a talk, not what was said
    struct buffer pending; // not yet written
    char tail[4];     // an unfinished character on its way to a terminal
    size_t n_tail;
    struct wrap wrap; // columns 0: lines are not broken
};

// `path` NULL or "-": stdout. Names of descriptors mean the descriptor; an existing file that is not a regular one is
// written in place. With `raw` a terminal gets the bytes unchanged. Errors of all these functions: QUILL_E_SYSTEM; of
// this one also QUILL_E_USAGE (an empty path, or a file that the run reads).
QUILL_MUST_CHECK quill_status output_open(struct output *out, const char *path, bool raw, quill_error *err);
void output_wrap(struct output *out); // from now on breaks lines at spaces, on a terminal whose width is known
bool output_same(const struct output *a, const struct output *b); // both go to one file, or one stream
QUILL_MUST_CHECK quill_status output_write(struct output *out, const void *bytes, size_t n, quill_error *err);
// The same without the filter: for our own terminal sequences.
QUILL_MUST_CHECK quill_status output_write_raw(struct output *out, const char *string, quill_error *err);
// Writes the first n bytes of a file that appears whole again.
QUILL_MUST_CHECK quill_status output_replace_begin(struct output *out, const void *bytes, size_t n, quill_error *err);
QUILL_MUST_CHECK quill_status output_flush(struct output *out, quill_error *err);
// On a terminal, ends an unfinished line.
QUILL_MUST_CHECK quill_status output_end_line(struct output *out, quill_error *err);
// Flushes, closes, and moves a temporary file into place. Call output_abort afterwards, or instead to drop the output.
QUILL_MUST_CHECK quill_status output_close(struct output *out, quill_error *err);
void output_abort(struct output *out); // fine after output_close

// For other files that appear whole: their temporary files are removed if a signal ends the program.
extern const struct save_watch output_watch;

#endif
