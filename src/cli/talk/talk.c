// SPDX-License-Identifier: MIT
#include "talk.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "cli/io/report.h"
#include "cli/io/signals.h"
#include "cli/run/model_source.h"

enum { USUAL_CTX = 8192 }; // positions without -c, if the model has so many

// ---- what is shown ----

void talk_say(struct talk *t, const char *format, ...) {
    char text[2048];
    quill_error unused;
    struct output *out = &t->c->production.out;
    const bool dim = colors_wanted((enum color_when)t->c->o->output.color, out->terminal);
    va_list args;
    va_start(args, format);
    const int n = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (n < 0) return;
    quill_status s = output_end_line(out, &unused);
    if (!s && dim) s = output_write_raw(out, "\x1b[2m", &unused); // ECMA-48 SGR: faint, normal
    if (!s) s = output_write(out, text, strlen(text), &unused);
    if (!s && dim) s = output_write_raw(out, "\x1b[0m", &unused);
    if (!s) s = output_write(out, "\n", 1, &unused);
    if (!s) s = output_flush(out, &unused);
    if (s) t->ended = true;
}

bool talk_confirm(struct talk *t, const char *question) {
    struct buffer line = {0};
    const bool typed = line_reader_read(t->lines, question, &line) == LINE_WHOLE;
    const struct str word = buffer_str(&line);
    const bool yes = str_is(word, "y") || str_is(word, "Y") || str_is(word, "yes") || str_is(word, "Yes");
    buffer_free(&line);
    return typed && yes;
}

void talk_complain(const quill_error *err) {
    quill_error named = *err;
    options_name_error(&named);
    report("%s", named.text);
}

// ---- answers ----

struct held_answer {
    struct talk *t;
    int status;
};

static quill_status run_held(void *arg, quill_error *err) {
    struct held_answer *held = arg;
    held->status = samples_run(&held->t->c->production.samples, err);
    return QUILL_OK;
}

// Part of the context is for the answer.
static size_t prompt_room(const struct talk *t) {
    const int64_t n_ctx = t->c->production.samples.n_ctx, predict = t->c->o->length.predict;
    const int64_t quarter = n_ctx / 4;
    return (size_t)(n_ctx - (predict >= 0 && predict < quarter ? predict : quarter));
}

static int generate(struct talk *t, quill_error *err) {
    struct conversation *c = t->c;
    struct samples *samples = &c->production.samples;
    const size_t left_out = t->left_out;
    int status = (int)conversation_fit(c, prompt_room(t), &t->left_out, err);
    if (status) return status;
    if (t->left_out > left_out)
        talk_say(t, "(the context of %d tokens is full: the oldest %zu message%s left out from now on)",
                 (int)samples->n_ctx, t->left_out, t->left_out == 1 ? " is" : "s are");
    samples->started = clock_ms();
    samples->request.seed = (samples->request.seed + t->retries) & QUILL_SEED_MAX;
    conversation_answers(c);
    c->answers.message.n = 0;
    progress_start(&c->production.bar, c->o->talk.quiet);
    struct held_answer held = {t, 0};
    status = (int)hold_session(c->production.session, run_held, &held, err);
    progress_clear(&c->production.bar);
    t->last = (struct answered){samples->total, clock_ms() - samples->started};
    samples_free(samples);
    *samples = t->idle;
    return status ? status : held.status;
}

// The transcript of --continue grows with every answer.
static void save_transcript(struct talk *t) {
    quill_error err;
    t->c->answers.message.n = 0; // it is one of the messages already
    quill_status s = conversation_save_begin(t->c, &err);
    if (!s) s = conversation_save(t->c, &err);
    save_abort(&t->c->transcript);
    if (s) talk_complain(&err);
}

static bool is_empty(const struct buffer *message) {
    static const char empty[] = "{\"role\":\"assistant\",\"content\":\"\"}";
    return message->n == sizeof empty - 1 && memcmp(message->p, empty, message->n) == 0;
}

static bool has_answer(const struct talk *t) {
    const struct buffer *message = &t->c->answers.message;
    return message->n && !(is_empty(message) && t->last.total.stop == QUILL_STOP_SIGNAL);
}

void talk_answer(struct talk *t) {
    quill_error err = {0}, unused;
    struct conversation *c = t->c;
    size_t question;
    int status = generate(t, &err);
    if (output_end_line(&c->production.out, &unused) || output_flush(&c->production.out, &unused)) t->ended = true;
    const bool stopped = signals_take_interrupt();
    if (has_answer(t)) {
        const struct buffer *message = &c->answers.message;
        quill_error problem;
        if (quill_chat_add_json(c->chat, message->p, message->n, "the answer", &problem)) talk_complain(&problem);
        if (is_empty(message)) talk_say(t, "(the answer is empty)");
        if (t->last.total.stop == QUILL_STOP_LENGTH && c->o->length.predict > 0)
            talk_say(t, "(the answer was cut off after %zu token%s: /set predict N)", t->last.total.generated_tokens,
                     PLURAL(t->last.total.generated_tokens));
    } else if (talk_question(t, NULL, &question)) {
        quill_chat_truncate(c->chat, question);
    }
    if (stopped) talk_say(t, "(stopped)");
    else if (status && err.text[0] && !signals_pending()) talk_complain(&err);
    if (!t->ended) save_transcript(t);
}

void talk_ask(struct talk *t, const struct buffer *text) {
    quill_error err;
    t->retries = 0;
    if (quill_chat_add(t->c->chat, "user", text->p ? text->p : "", text->n, &err)) talk_complain(&err);
    else talk_answer(t);
}

bool talk_question(const struct talk *t, struct buffer *text, size_t *index) {
    quill_chat_message m;
    for (size_t n = quill_chat_n_messages(t->c->chat); n-- > 0;) {
        quill_chat_message_at(t->c->chat, n, &m);
        if (m.n_role != 4 || memcmp(m.role, "user", 4) != 0) continue;
        *index = n;
        return !text || buffer_add(text, m.content ? m.content : "", m.content ? m.n_content : 0);
    }
    return false;
}

char *talk_keep(struct talk *t, const char *text) {
    char **texts = realloc(t->texts, (t->n_texts + 1) * sizeof *texts);
    if (!texts) return NULL;
    t->texts = texts;
    char *copy = strdup(text);
    if (copy) texts[t->n_texts++] = copy;
    return copy;
}

static quill_status do_nothing(void *arg, quill_error *err) {
    (void)arg, (void)err;
    return QUILL_OK;
}

quill_status talk_open_session(struct talk *t, quill_error *err) {
    struct production *p = &t->c->production;
    const int32_t limit = quill_model_n_ctx(t->c->model);
    p->n_ctx = limit < USUAL_CTX ? limit : USUAL_CTX;
    quill_status s = production_open(p, err);
    if (!s) s = hold_session(p->session, do_nothing, NULL, err); // which reads the weights, before they are waited for
    t->idle = p->samples;
    t->left_out = 0;
    return s;
}
