// SPDX-License-Identifier: MIT
// Lines as the terminal itself edits them.
#ifndef QUILL_CLI_TALK_LINE_PLAIN_H
#define QUILL_CLI_TALK_LINE_PLAIN_H

#include "line.h"

enum line_end line_plain_read(const char *prompt, struct buffer *line);
void line_break(void); // what comes next is on a line of its own

#endif
