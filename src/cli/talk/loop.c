// SPDX-License-Identifier: MIT
#include "loop.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/error.h"
#include "cli/io/signals.h"
#include "cli/run/cache_use.h"
#include "commands.h"
#include "line_plain.h"
#include "message.h"

bool talk_is_wanted(const struct options *o) {
    const bool given = o->prompt.text || o->prompt.files.n || o->operands.n || o->chat.messages || o->file.show_prompt;
    const bool elsewhere = o->output.path || o->output.json || o->output.null || o->sampling.samples > 1;
    return !given && !elsewhere && isatty(STDIN_FILENO) && isatty(STDOUT_FILENO);
}

static void greet(struct talk *t) {
    quill_model_info info;
    quill_model_describe(t->c->model, &info);
    const char *name = info.name ? info.name : info.file;
    if (!t->c->o->talk.quiet)
        talk_say(t, "%s, context %d. /help tells the commands, Ctrl-D ends the talk.", QUOTED(str_of(name)),
                 (int)t->idle.n_ctx);
    const size_t n = quill_chat_n_messages(t->c->chat);
    if (n && !t->c->o->talk.quiet) talk_say(t, "(the talk goes on after %zu message%s)", n, PLURAL(n));
}

static void one_message(struct talk *t) {
    struct buffer text = {0};
    switch (message_read(t->lines, &text)) {
    case LINE_NO_MORE: t->ended = true; break;
    case LINE_INTERRUPTED: break;
    case LINE_WHOLE:
        signals_take_interrupt(); // a Ctrl-C that came before the line was read stops no answer to it
        if (text.n == 0) break;
        history_add(&t->history, t->lines, &text);
        if (is_command(&text)) command_run(t, &text);
        else talk_ask(t, &text);
        break;
    }
    buffer_free(&text);
}

static quill_status begin(struct talk *t, quill_error *err) {
    struct conversation *c = t->c;
    quill_status s = conversation_open(c, err);
    if (!s) s = talk_open_session(t, err);
    if (!s) s = output_open(&c->production.out, NULL, c->o->output.raw, err);
    if (!s) s = line_reader_open(&t->lines, err);
    if (s) return s;
    c->production.out.patient = true;
    if (!c->o->output.no_wrap) output_wrap(&c->production.out);
    if (!c->o->chat.no_history) history_begin(&t->history, t->lines);
    signals_catch();
    signals_take_interrupt();
    greet(t);
    return QUILL_OK;
}

int talk_run(struct conversation *c, quill_error *err) {
    struct talk t = {.c = c};
    quill_status s = begin(&t, err);
    while (!s && !t.ended && !signals_pending()) one_message(&t);
    if (!s && !signals_pending()) {
        line_break();
        if (c->ids.n) cache_store(c->production.session, c->ids.ids, c->ids.n);
    }
    line_reader_close(t.lines);
    history_end_talk(&t.history);
    for (size_t i = 0; i < t.n_texts; i++) free(t.texts[i]);
    free(t.texts);
    return (int)s;
}
