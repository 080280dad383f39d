// SPDX-License-Identifier: MIT
#ifndef QUILL_CHAT_TEMPLATE_H
#define QUILL_CHAT_TEMPLATE_H

#include "base/arena.h"
#include "chat/jinja/jinja.h"
#include "quill/chat.h"

struct special_token {
    struct str name, text; // "bos_token", "<s>"
    struct special_token *next;
};

struct quill_chat_template {
    struct arena arena;
    struct jinja *program;
    struct special_token *tokens;
    const char *name;
    struct str text;
};

#endif
