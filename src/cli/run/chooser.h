// SPDX-License-Identifier: MIT
// What choose, ask and shots need: choices, a prompt and a model.
#ifndef QUILL_CLI_RUN_CHOOSER_H
#define QUILL_CLI_RUN_CHOOSER_H

#include "weighing.h"

struct chooser {
    struct choices choices;
    struct weighing weighing; // borrows from the others
    struct prompt_use *use;   // NULL: a plain prompt
    quill_model *model;
    quill_session *session;
};

// Reads a prompt file (-F, or the operand), or the prompt of -p, -f, PROMPT and stdin.
QUILL_MUST_CHECK quill_status chooser_read_prompt(struct chooser *c, struct options *o, quill_error *err);
// Opens the model of the options, and a session for the choices, which must be set.
QUILL_MUST_CHECK quill_status chooser_open_model(struct chooser *c, const struct options *o, quill_error *err);
void chooser_free(struct chooser *c); // zeros are fine

#endif
