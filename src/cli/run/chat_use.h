// SPDX-License-Identifier: MIT
// Prompt files with %chat: the template that they need.
#ifndef QUILL_CLI_RUN_CHAT_USE_H
#define QUILL_CLI_RUN_CHAT_USE_H

#include "cli/options/options.h"
#include "cli/prompt/prompt_use.h"

// QUILL_E_USAGE if options do not go together with %chat, or need it. `use` may be NULL.
QUILL_MUST_CHECK quill_status chat_use_check(const struct prompt_use *use, const struct options *o, quill_error *err);
// Opens the model's template, or that of --chat-template, whose file is then one that the run reads. Errors: those of
// quill_chat_template_open.
QUILL_MUST_CHECK quill_status open_chat_template(quill_chat_template **out, const quill_model *model,
                                                 const struct options *o, bool with_tools, quill_error *err);
// Opens the template, which `use` then borrows. `constrained`: its answers are. Errors: those of
// quill_chat_template_open.
QUILL_MUST_CHECK quill_status chat_use_open(quill_chat_template **out, struct prompt_use *use, const quill_model *model,
                                            const struct options *o, bool constrained, quill_error *err);

#endif
