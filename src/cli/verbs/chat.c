// SPDX-License-Identifier: MIT
// quill chat: one answer of a chat model, or a talk in a terminal.
#include "base/error.h"
#include "cli/io/signals.h"
#include "cli/options/commands.h"
#include "cli/prompt/read.h"
#include "cli/run/model_source.h"
#include "cli/talk/loop.h"

static quill_status show_prompt(const struct conversation *c, quill_error *err) {
    const struct buffer text = {.p = c->rendered.text, .n = c->rendered.n};
    return prompt_show(c->o, &text, err);
}

static int answer(struct conversation *c, quill_error *err) {
    quill_status s = conversation_ask(c, err);
    if (!s) s = conversation_open(c, err);
    if (!s) s = conversation_render(c, err);
    if (!s && c->o->file.show_prompt) return (int)show_prompt(c, err);
    if (!s) s = production_open(&c->production, err);
    if (!s) s = conversation_save_begin(c, err);
    if (s) return (int)s;
    conversation_answers(c);
    int status = production_run(&c->production, err);
    if (!status && !signals_pending()) status = (int)conversation_save(c, err);
    return status;
}

int cmd_chat(struct options *o, quill_error *err) {
    struct conversation c;
    int status = (int)environment_apply(o, err);
    if (status) return status;
    status = (int)conversation_begin(&c, o, err);
    if (!status) status = talk_is_wanted(o) ? talk_run(&c, err) : answer(&c, err);
    conversation_free(&c);
    return status;
}
