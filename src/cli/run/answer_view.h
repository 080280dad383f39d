// SPDX-License-Identifier: MIT
// Answers of a chat, taken apart while they are generated, and which of their parts are shown.
#ifndef QUILL_CLI_RUN_ANSWER_VIEW_H
#define QUILL_CLI_RUN_ANSWER_VIEW_H

#include "base/buffer.h"
#include "cli/io/json_out.h"
#include "quill/chat.h"

// What all answers to a prompt have in common.
struct answer_form {
    const quill_chat_prompt *prompt; // borrowed
    bool with_tools, reasoning;      // reasoning: it is shown too
    struct buffer message;           // the last answer as a message, a line of a transcript without its newline
};

typedef quill_status answer_show_fn(void *user, const char *text, size_t n, bool dimmed);

struct answer_view {
    struct answer_form *form;
    quill_answer *answer;
    answer_show_fn *show; // called with what is shown; the reasoning is dimmed
    void *user;
    bool reasoned; // reasoning was shown, and nothing behind it
};

// Begins an answer; `view` holds zeros or an earlier one. answer_view_free also after a failure.
QUILL_MUST_CHECK quill_status answer_view_begin(struct answer_view *view, struct answer_form *form,
                                                answer_show_fn *show, void *user, quill_error *err);
QUILL_MUST_CHECK quill_status answer_view_take(struct answer_view *view, const char *text, size_t n, quill_error *err);
QUILL_MUST_CHECK quill_status answer_view_end(struct answer_view *view, quill_error *err);
bool answer_view_keep(const struct answer_view *view); // sets form->message, after the end; false: no memory
// {"role":"assistant","content":"...","reasoning":null,"tool_calls":[]}, after the end; NULL: no memory.
json_t *answer_view_object(const struct answer_view *view);
void answer_view_free(struct answer_view *view); // leaves zeros

#endif
