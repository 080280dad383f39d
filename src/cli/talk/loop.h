// SPDX-License-Identifier: MIT
// The loop of a talk in a terminal: a message or a command, and what follows from it.
#ifndef QUILL_CLI_TALK_LOOP_H
#define QUILL_CLI_TALK_LOOP_H

#include "conversation.h"

// Whether the command line asks for a talk: no message is given, and stdin and stdout are terminals.
bool talk_is_wanted(const struct options *o);
// Talks until the person ends it. Returns the exit status.
int talk_run(struct conversation *c, quill_error *err);

#endif
