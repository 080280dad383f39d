// SPDX-License-Identifier: MIT
// Lines that a person types at a terminal: with libedit editing, history and pastes of several lines; without it
// (make LIBEDIT=no, or a dumb terminal) what the terminal itself offers.
#ifndef QUILL_CLI_TALK_LINE_H
#define QUILL_CLI_TALK_LINE_H

#include "base/buffer.h"
#include "quill/error.h"

struct line_reader;

// What ended a line. A signal other than Ctrl-C ends the input (signals_pending tells).
enum line_end { LINE_WHOLE, LINE_INTERRUPTED, LINE_NO_MORE };

// Reads from stdin and writes to stdout, which are terminals. Errors: QUILL_E_SYSTEM (memory).
QUILL_MUST_CHECK quill_status line_reader_open(struct line_reader **out, quill_error *err);
void line_reader_close(struct line_reader *r); // NULL is fine
// Shows `prompt` and reads a line without its newline into *line; a paste may have newlines inside. `line` is emptied
// first. Without memory for it LINE_NO_MORE.
enum line_end line_reader_read(struct line_reader *r, const char *prompt, struct buffer *line);
// Adds an entry that the arrow keys bring back; the last added comes first.
void line_reader_remember(struct line_reader *r, const char *text);

#endif
