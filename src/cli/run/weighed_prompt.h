// SPDX-License-Identifier: MIT
// A prompt and the choices after it, as tokens.
#ifndef QUILL_CLI_RUN_WEIGHED_PROMPT_H
#define QUILL_CLI_RUN_WEIGHED_PROMPT_H

#include "cli/prompt/read.h"
#include "quill/score.h"

// One of the prompts that are weighed together; zeros are none.
struct weighed_prompt {
    struct prompt_ids ids;
    bool space;            // one stands in front of the choices
    quill_option *options; // [n] a choice each, with its log-probability when it was weighed
    int32_t *own_ids;      // of the options; NULL: they are borrowed from the choices
    bool ended;            // the end of each was weighed too
    quill_error error;     // its status QUILL_OK: none
};

#endif
