// SPDX-License-Identifier: MIT
#include "chat_use.h"

#include "base/error.h"

quill_status chat_use_check(const struct prompt_use *use, const struct options *o, quill_error *err) {
    const bool is_chat = prompt_use_is_chat(use);
    if (!is_chat && o->chat.template)
        return fail(err, QUILL_E_USAGE, "--chat-template needs a prompt file with %%chat, or the verb chat");
    if (is_chat && (o->prompt.suffix || o->prompt.heal))
        return fail(err, QUILL_E_USAGE, "%s:%zu: %%chat and --%s exclude each other", QUOTED(str_of(use->file->name)),
                    use->file->chat_line, o->prompt.suffix ? "suffix" : "heal");
    return QUILL_OK;
}

quill_status chat_use_open(quill_chat_template **out, struct prompt_use *use, const quill_model *model,
                           const struct options *o, bool constrained, quill_error *err) {
    quill_status s = quill_chat_template_open(out, model, o->chat.template, false, err);
    use->template = *out;
    use->no_thinking = constrained;
    return s;
}
