// SPDX-License-Identifier: MIT
// Messages, tools and variables, as values of templates.
#ifndef QUILL_CHAT_CONVERSATION_H
#define QUILL_CHAT_CONVERSATION_H

#include "chat/jinja/values.h"
#include "quill/chat.h"

struct message {
    struct dict *value;        // as templates are given it
    struct dict *with_text;    // the same, but arguments of tool calls are JSON in strings; or the same dict
    struct str json;           // as it was added, on one line
    struct str role, content;  // content.p NULL: it is no string
};

struct quill_chat {
    struct arena arena;
    struct message *messages; // [n]
    size_t n, cap;
    struct value tools;       // V_LIST, or V_NONE
    struct dict *variables;
    size_t bytes;             // of tools and variables as JSON
};

size_t chat_bytes(const struct quill_chat *chat); // of all JSON: limits of templates grow with it

#endif
