// SPDX-License-Identifier: MIT
// Tool calls in the forms in which models write them.
#ifndef QUILL_CHAT_ANSWER_CALLS_H
#define QUILL_CHAT_ANSWER_CALLS_H

#include "base/arena.h"
#include "base/str.h"
#include "quill/chat.h"

struct calls {
    struct arena *arena;
    quill_tool_call *list; // [n]
    size_t n, cap;
    bool no_memory;
};

// Each adds the calls in a text, which must be nothing else; false: it is something else (nothing is added), or no
// memory.
// {"name", "arguments" or "parameters"}, one, several, or a list.
bool calls_from_json(struct calls *calls, struct str text);
// What follows [TOOL_CALLS]: a list, or name{...}.
bool calls_from_mistral(struct calls *calls, struct str text);
// <function=name><parameter=key>value</parameter></function>
bool calls_from_xml(struct calls *calls, struct str text);
// One call; its arguments are JSON, or a text. id n 0: one is made up.
bool calls_add(struct calls *calls, struct str name, struct str arguments, struct str id);

#endif
