// SPDX-License-Identifier: MIT
#include "chat_use.h"

#include <string.h>

#include "base/error.h"
#include "cli/io/inputs.h"

// Reads the variables, so that a mistake is one line before the model is opened.
static quill_status check_variables(const char *json, quill_error *err) {
    quill_chat *chat = NULL;
    quill_status s = quill_chat_create(&chat, err);
    if (!s) s = quill_chat_set_variables(chat, json, strlen(json), "--chat-template-kwargs", err);
    quill_chat_free(chat);
    return s;
}

quill_status chat_use_check(const struct prompt_use *use, const struct options *o, quill_error *err) {
    const bool is_chat = prompt_use_is_chat(use);
    if (!is_chat && (o->chat.template || o->chat.variables))
        return fail(err, QUILL_E_USAGE, "--chat-template%s needs a prompt file with %%chat, or the verb chat",
                    o->chat.template ? "" : "-kwargs");
    if (is_chat && (o->prompt.suffix || o->prompt.heal))
        return fail(err, QUILL_E_USAGE, "%s:%zu: %%chat and --%s exclude each other", QUOTED(str_of(use->file->name)),
                    use->file->chat_line, o->prompt.suffix ? "suffix" : "heal");
    return o->chat.variables ? check_variables(o->chat.variables, err) : QUILL_OK;
}

quill_status open_chat_template(quill_chat_template **out, const quill_model *model, const struct options *o,
                                bool with_tools, quill_error *err) {
    *out = NULL;
    quill_status s = inputs_add(o->chat.template, err);
    return s ? s : quill_chat_template_open(out, model, o->chat.template, with_tools, err);
}

quill_status chat_use_open(quill_chat_template **out, struct prompt_use *use, const quill_model *model,
                           const struct options *o, bool constrained, quill_error *err) {
    quill_status s = open_chat_template(out, model, o, false, err);
    use->template = *out;
    use->variables = o->chat.variables;
    use->no_thinking = constrained;
    return s;
}
