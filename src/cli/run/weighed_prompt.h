// SPDX-License-Identifier: MIT
// A prompt and the choices after it, as tokens.
#ifndef QUILL_CLI_RUN_WEIGHED_PROMPT_H
#define QUILL_CLI_RUN_WEIGHED_PROMPT_H

#include "cli/prompt/read.h"
#include "quill/score.h"

// One of the prompts weighed together; zeros: none.
struct weighed_prompt {
    struct prompt_ids ids;
    bool space;            // a space precedes each choice
    quill_option *options; // [n] one per choice, with its log-probability once weighed
    int32_t *own_ids;      // ids of the options; NULL: borrowed from the choices
    bool ended;            // the end of each choice was weighed too
    quill_error error;     // its status QUILL_OK: none
};

#endif
