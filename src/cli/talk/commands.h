// SPDX-License-Identifier: MIT
// The commands of a talk: /help and others.
#ifndef QUILL_CLI_TALK_COMMANDS_H
#define QUILL_CLI_TALK_COMMANDS_H

#include "talk.h"

// A slash and a word of letters, and then nothing or a blank: "/usr/bin" is a message.
bool is_command(const struct buffer *text);
void command_run(struct talk *t, const struct buffer *text);

#endif
