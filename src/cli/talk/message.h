// SPDX-License-Identifier: MIT
// Messages that a person types: of one line or several, or in an editor.
#ifndef QUILL_CLI_TALK_MESSAGE_H
#define QUILL_CLI_TALK_MESSAGE_H

#include "line.h"

// Reads a message into *text, which is empty: a line; lines that end in a backslash and one that does not; or what is
// between two """. LINE_INTERRUPTED: Ctrl-C, and what was typed is gone.
enum line_end message_read(struct line_reader *lines, struct buffer *text);

// Opens $VISUAL, else $EDITOR, else vi on a temporary file with *text, and puts what the file then has in its place,
// without newlines at its end. Errors: QUILL_E_SYSTEM.
QUILL_MUST_CHECK quill_status message_edit(struct buffer *text, quill_error *err);

#endif
