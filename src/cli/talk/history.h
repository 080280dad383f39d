// SPDX-License-Identifier: MIT
// What was typed in earlier talks: $XDG_STATE_HOME/quill/history, else ~/.local/state/quill/history, a line for each
// message (\\ \n \t \r), the oldest first.
#ifndef QUILL_CLI_TALK_HISTORY_H
#define QUILL_CLI_TALK_HISTORY_H

#include "line.h"

struct history_file {
    char *path;           // NULL: there is none
    struct buffer lines;  // of this talk
};

// Finds the file, and gives its entries to the reader. A history that cannot be read counts as empty.
void history_begin(struct history_file *h, struct line_reader *reader);
void history_add(struct history_file *h, struct line_reader *reader, const struct buffer *text);
// Adds the entries of this talk to the file, which is for the user alone; what cannot be written is lost.
void history_end_talk(struct history_file *h);

#endif
