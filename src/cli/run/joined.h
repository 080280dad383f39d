// SPDX-License-Identifier: MIT
// Encodes prompt and option as one text, for --no-space.
#ifndef QUILL_CLI_RUN_JOINED_H
#define QUILL_CLI_RUN_JOINED_H

#include "choices.h"
#include "cli/prompt/prompt_use.h"
#include "weighed_prompt.h"

// Sets ids, options and own_ids of p, which is empty: the prompt is encoded with each option after it. The common
// beginning of these texts is the prompt's; of the other tokens, those whose last byte lies in the option count.
// `special`: the prompt may hold special tokens, but not in its values.
QUILL_MUST_CHECK quill_status joined_encode(struct weighed_prompt *p, const quill_tokenizer *tokenizer,
                                            const struct rendered *prompt, bool special, const struct choices *choices,
                                            quill_error *err);

#endif
