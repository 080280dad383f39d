// SPDX-License-Identifier: MIT
// Prompt files with %chat: their examples are turns of the user and the assistant, put together by a chat template.
#ifndef QUILL_CLI_PROMPT_PROMPT_CHAT_H
#define QUILL_CLI_PROMPT_PROMPT_CHAT_H

#include "prompt_file.h"
#include "quill/chat.h"

struct prompt_chat {
    const struct prompt_file *file;
    const quill_chat_template *template; // NULL: the verb knows no chats
    const char *variables; // of the template, as JSON; NULL: none
    bool no_thinking;
    const quill_text *defined; // [slots.n] values of -D, for slots that an example does not fill
    const quill_text *values;  // [slots.n] of the question
    const size_t *shots;       // [n_shots] indices of examples
    size_t n_shots;
};

// The system turn is %system, and behind it the text in front of %shot; a file without %shot is one turn of the user. A
// turn has no blanks at its end. Errors: QUILL_E_USAGE (no template), those of quill_chat_render.
QUILL_MUST_CHECK quill_status prompt_chat_render(const struct prompt_chat *p, struct rendered *r, quill_error *err);
QUILL_MUST_CHECK quill_status prompt_chat_encode(struct prompt_ids *out, const quill_tokenizer *tokenizer,
                                                 const struct rendered *r, quill_error *err);

#endif
