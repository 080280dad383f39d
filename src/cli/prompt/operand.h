// SPDX-License-Identifier: MIT
// Operands that are files: the same in every verb that takes a prompt.
#ifndef QUILL_CLI_PROMPT_OPERAND_H
#define QUILL_CLI_PROMPT_OPERAND_H

#include "cli/options/options.h"

// An operand that looks like a file (its name ends in ".prompt", or holds a slash and no space) is a prompt file: it
// becomes o->file.path, as if -F had named it. With `any_name`, a single operand need not look like one if a regular
// file has its name. QUILL_E_SYSTEM: it looks like a file but there is none; it is never taken as a text.
QUILL_MUST_CHECK quill_status operand_take_file(struct options *o, bool any_name, quill_error *err);

#endif
