// SPDX-License-Identifier: MIT
#include "conversation.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/destination.h"
#include "base/error.h"
#include "cli/io/inputs.h"
#include "cli/io/output.h"
#include "cli/io/report.h"
#include "cli/prompt/read.h"
#include "cli/run/chat_use.h"
#include "cli/run/model_source.h"

enum { USUAL_PREDICT = 2048 }; // without -n

// ---- options ----

static quill_status check_options(struct options *o, quill_error *err) {
    if (!o->output.json && o->output.logprobs >= 0) return fail(err, QUILL_E_USAGE, "--logprobs needs --json");
    if (!o->output.json && o->output.prompt_logprobs) return fail(err, QUILL_E_USAGE, "--prompt-logprobs needs --json");
    if (o->output.json && o->output.null) return fail(err, QUILL_E_USAGE, "--json and -0 exclude each other");
    if (o->chat.transcript && o->sampling.samples > 1)
        return fail(err, QUILL_E_USAGE, "--continue and --samples exclude each other: only one answer can go on");
    if (o->chat.transcript && (*o->chat.transcript == 0 || strcmp(o->chat.transcript, "-") == 0))
        return fail(err, QUILL_E_USAGE, "--continue: expected a file, found '%s'", o->chat.transcript);
    if (!options_given(o, OPTION_OF(length.predict))) o->length.predict = USUAL_PREDICT;
    return QUILL_OK;
}

// YYYY-MM-DD, a day that there is.
static quill_status read_date(struct tm *date, const char *text, quill_error *err) {
    int digits = 0, numbers[3] = {0}, part = 0;
    for (const char *p = text; *p; p++) {
        if (*p == '-' && part < 2 && digits == (part ? 2 : 4)) part++, digits = 0;
        else if (*p >= '0' && *p <= '9' && digits < 4) numbers[part] = 10 * numbers[part] + (*p - '0'), digits++;
        else part = 3;
        if (part == 3) break;
    }
    *date = (struct tm){.tm_year = numbers[0] - 1900, .tm_mon = numbers[1] - 1, .tm_mday = numbers[2]};
    const struct tm typed = *date;
    if (part == 2 && digits == 2 && timegm(date) != (time_t)-1 && date->tm_mday == typed.tm_mday &&
        date->tm_mon == typed.tm_mon && numbers[0] > 0)
        return QUILL_OK;
    return fail(err, QUILL_E_USAGE, "--date: expected YYYY-MM-DD, found '%s'", QUOTED(str_of(text)));
}

// ---- files ----

static quill_status read_text(struct conversation *c, const char *path, const char *use, struct buffer *text,
                              quill_error *err) {
    quill_status s = stdin_claim_by(c->o, path, use, err);
    if (!s && strcmp(path, "-") == 0) say_reading(c->o, STDIN_FILENO, use);
    return s ? s : read_file(text, path, (uint64_t)c->o->prompt.max_bytes, err);
}

static const char *shown_name(const char *path) { return strcmp(path, "-") == 0 ? "stdin" : path; }

static quill_status read_messages(struct conversation *c, quill_chat *chat, const char *path, const char *use,
                                  quill_error *err) {
    struct buffer text = {0};
    quill_status s = read_text(c, path, use, &text, err);
    if (!s) s = quill_chat_read(chat, text.p ? text.p : "", text.n, shown_name(path), err);
    buffer_free(&text);
    return s;
}

static void see_transcript(struct conversation *c, struct stat *info) {
    if (stat(c->o->chat.transcript, info) != 0) *info = (struct stat){0};
}

// A transcript that is not there yet has no messages.
static quill_status read_transcript(struct conversation *c, quill_error *err) {
    const char *path = c->o->chat.transcript;
    if (!path) return QUILL_OK;
    see_transcript(c, &c->last_seen);
    if (c->last_seen.st_nlink == 0 && errno == ENOENT) return QUILL_OK;
    quill_status s = read_messages(c, c->chat, path, "the conversation", err);
    inputs_set_transcript(path);
    return s;
}

static quill_status read_tools(struct conversation *c, quill_error *err) {
    const char *path = c->o->chat.tools;
    quill_status s = path ? read_text(c, path, "the tools", &c->tools, err) : QUILL_OK;
    if (s || !path || c->tools.n) return s;
    return fail(err, QUILL_E_USAGE, "%s: expected a list of tools, found nothing", QUOTED(str_of(shown_name(path))));
}

// Under a constraint a text is what was asked for from its first byte on, so the model cannot think before it.
static quill_status set_variables(const struct options *o, bool constrained, quill_chat *chat, quill_error *err) {
    static const char off[] = "false";
    const char *json = o->chat.variables;
    quill_status s = quill_chat_set_variables(chat, json, json ? strlen(json) : 0, "--chat-template-kwargs", err);
    return s || !constrained ? s : quill_chat_set_variable(chat, "enable_thinking", off, sizeof off - 1, err);
}

static quill_status set_up(const struct conversation *c, quill_chat *chat, quill_error *err) {
    const struct options *o = c->o;
    quill_status s = QUILL_OK;
    if (c->tools.n) s = quill_chat_set_tools(chat, c->tools.p, c->tools.n, shown_name(o->chat.tools), err);
    return s ? s : set_variables(o, c->production.samples.request.constraint, chat, err);
}

quill_status conversation_begin(struct conversation *c, struct options *o, quill_error *err) {
    *c = (struct conversation){.o = o, .production = {.out = {.fd = -1}, .samples = {.started = clock_ms()}},
                               .transcript = {.fd = -1}};
    quill_status s = check_options(o, err);
    if (!s && o->chat.date) s = read_date(&c->date, o->chat.date, err);
    if (!s) s = stdin_claim_by(o, o->choose.file, "the choices", err);
    if (!s) s = request_build(&c->production.samples.request, &c->parts, o, err);
    if (!s) s = quill_chat_create(&c->chat, err);
    if (!s) s = read_transcript(c, err);
    if (!s && o->chat.messages) s = read_messages(c, c->chat, o->chat.messages, "the messages", err);
    if (!s) s = read_tools(c, err);
    if (!s && o->chat.system) s = quill_chat_set_system(c->chat, o->chat.system, strlen(o->chat.system), err);
    return s ? s : set_up(c, c->chat, err);
}

// ---- the question ----

quill_status conversation_ask(struct conversation *c, quill_error *err) {
    const struct options *o = c->o;
    const bool has_text = o->prompt.text || o->prompt.files.n || o->operands.n;
    struct buffer text = {0};
    quill_status s = QUILL_OK;
    if (has_text || !o->chat.messages) s = prompt_read(&text, o, err);
    if (!s && (has_text || !o->chat.messages))
        s = quill_chat_add(c->chat, "user", text.p ? text.p : "", text.n, err);
    buffer_free(&text);
    const size_t n = quill_chat_n_messages(c->chat);
    if (s) return s;
    if (n == 0) return fail(err, QUILL_E_USAGE, "--messages: expected messages, found none");
    quill_chat_message last;
    quill_chat_message_at(c->chat, n - 1, &last);
    if (last.n_role != 9 || memcmp(last.role, "assistant", 9) != 0) return QUILL_OK;
    return fail(err, QUILL_E_USAGE, "the last message is an answer of the assistant; what is to be answered? see -p");
}

// ---- the prompt ----

// A template that does not name the tools leaves them out without a word, as transformers does.
static void note_tools(const struct conversation *c) {
    size_t n;
    const char *text = quill_chat_template_text(c->template, &n);
    const bool wanted = !c->o->talk.quiet && (c->o->talk.verbose || isatty(STDERR_FILENO));
    if (wanted && quill_chat_has_tools(c->chat) && !memmem(text, n, "tools", 5))
        report("--tools: the chat template makes no use of them");
}

quill_status conversation_open(struct conversation *c, quill_error *err) {
    struct samples *samples = &c->production.samples;
    c->production.load_started = clock_ms();
    quill_status s = open_model(&c->model, c->o, err);
    if (!s)
        s = open_chat_template(&c->template, c->model, c->o, quill_chat_has_tools(c->chat), err);
    if (!s) s = request_encode(&samples->request, &c->parts, quill_model_tokenizer(c->model), c->o, err);
    if (!s) note_tools(c);
    samples->o = c->o;
    samples->ids = &c->ids;
    samples->model = c->model;
    c->production.cache = !c->o->cache.off;
    return s;
}

static quill_chat_options chat_options(const struct conversation *c) {
    return (quill_chat_options){.now = c->o->chat.date ? &c->date : NULL};
}

quill_status conversation_render(struct conversation *c, quill_error *err) {
    const quill_chat_options options = chat_options(c);
    quill_ids ids = {0};
    quill_chat_prompt_free(&c->rendered);
    quill_status s = quill_chat_render(c->template, c->chat, &options, &c->rendered, err);
    if (!s) s = quill_chat_encode(&c->rendered, quill_model_tokenizer(c->model), &ids, err);
    if (!s && ids.n == 0) s = fail(err, QUILL_E_USAGE, "the chat template makes an empty text of these messages");
    free(c->ids.ids);
    c->ids = (struct prompt_ids){.ids = ids.ids, .n = ids.n};
    return s;
}

quill_status conversation_count(struct conversation *c, size_t left_out, size_t *n, quill_error *err) {
    const quill_chat_options options = chat_options(c);
    quill_chat_prompt prompt = {0};
    quill_ids ids = {0};
    quill_status s = quill_chat_fit(c->template, c->chat, &options, quill_model_tokenizer(c->model), SIZE_MAX,
                                    &left_out, &prompt, &ids, err);
    *n = ids.n;
    quill_chat_prompt_free(&prompt);
    quill_ids_free(&ids);
    return s;
}

quill_status conversation_fit(struct conversation *c, size_t most, size_t *left_out, quill_error *err) {
    const quill_chat_options options = chat_options(c);
    quill_ids ids = {0};
    quill_chat_prompt_free(&c->rendered);
    quill_status s = quill_chat_fit(c->template, c->chat, &options, quill_model_tokenizer(c->model), most, left_out,
                                    &c->rendered, &ids, err);
    free(c->ids.ids);
    c->ids = (struct prompt_ids){.ids = ids.ids, .n = ids.n};
    return s;
}

// ---- changes ----

quill_status conversation_load(struct conversation *c, const char *path, quill_error *err) {
    quill_chat *chat;
    quill_status s = quill_chat_create(&chat, err);
    if (!s) s = read_messages(c, chat, path, "the conversation", err);
    if (!s) inputs_set_transcript(path);
    if (!s) s = set_up(c, chat, err);
    if (s) return quill_chat_free(chat), s;
    quill_chat_free(c->chat);
    c->chat = chat;
    return QUILL_OK;
}

quill_status conversation_switch(struct conversation *c, const char *path, quill_error *err) {
    struct options *o = c->o;
    const char *before = o->model.path;
    quill_model *model = NULL;
    quill_chat_template *template = NULL;
    if (o->model.lora.n) return fail(err, QUILL_E_USAGE, "--lora: the adapters are those of the first model");
    o->model.path = path;
    quill_status s = open_model(&model, o, err);
    if (!s) s = open_chat_template(&template, model, o, quill_chat_has_tools(c->chat), err);
    if (s) {
        quill_model_free(model);
        o->model.path = before;
        return s;
    }
    quill_session_free(c->production.session);
    c->production.session = NULL;
    quill_chat_template_free(c->template);
    quill_model_free(c->model);
    c->model = model;
    c->template = template;
    c->production.samples.model = model;
    return request_encode(&c->production.samples.request, &c->parts, quill_model_tokenizer(model), o, err);
}

quill_status conversation_rebuild(struct conversation *c, quill_error *err) {
    struct request_parts parts = {0};
    quill_request request;
    quill_status s = request_build(&request, &parts, c->o, err);
    if (!s) s = request_encode(&request, &parts, quill_model_tokenizer(c->model), c->o, err);
    if (!s) s = set_variables(c->o, request.constraint, c->chat, err);
    if (s) return request_parts_free(&parts), s;
    request_parts_free(&c->parts);
    c->parts = parts;
    c->production.samples.request = request;
    return QUILL_OK;
}

// ---- the answers ----

void conversation_answers(struct conversation *c) {
    struct samples *samples = &c->production.samples;
    const bool constrained = samples->request.constraint != NULL;
    samples->request.special_text = true;
    samples->answers = &c->answers;
    c->answers.prompt = constrained ? NULL : &c->rendered;
    c->answers.with_tools = quill_chat_has_tools(c->chat) && !constrained;
    c->answers.reasoning = options_given(c->o, OPTION_OF(chat.reasoning))
                               ? c->o->chat.reasoning == REASONING_SHOW
                               : isatty(STDOUT_FILENO) && !c->o->output.path && !c->o->output.json;
}

// ---- the transcript ----

bool conversation_write(const struct conversation *c, struct buffer *out) {
    bool ok = true;
    for (size_t i = 0; ok && i < quill_chat_n_messages(c->chat); i++) {
        quill_chat_message m;
        quill_chat_message_at(c->chat, i, &m);
        ok = buffer_add(out, m.json, m.n_json) && buffer_add_byte(out, '\n');
    }
    return ok;
}

quill_status conversation_save_begin(struct conversation *c, quill_error *err) {
    const char *path = c->o->chat.transcript;
    quill_status s = path ? inputs_check_transcript(path, err) : QUILL_OK;
    return path && !s ? save_begin(&c->transcript, path, output_watch, err) : s;
}

// Another talk that goes on with the same file would lose what it has written.
static quill_status check_unchanged(struct conversation *c, quill_error *err) {
    struct stat now;
    const struct stat *then = &c->last_seen;
    see_transcript(c, &now);
    if (now.st_nlink == 0 || !S_ISREG(now.st_mode)) return QUILL_OK;
    if (then->st_nlink && now.st_dev == then->st_dev && now.st_ino == then->st_ino && now.st_size == then->st_size &&
        now.st_mtim.tv_sec == then->st_mtim.tv_sec && now.st_mtim.tv_nsec == then->st_mtim.tv_nsec)
        return QUILL_OK;
    return fail(err, QUILL_E_SYSTEM, "%s: changed since it was read; the answer is not in it",
                QUOTED(str_of(c->o->chat.transcript)));
}

void conversation_was_saved(struct conversation *c, const char *path) {
    struct file_id id, own;
    if (c->o->chat.transcript && file_id_of(&id, path) && file_id_of(&own, c->o->chat.transcript) &&
        file_id_equal(id, own))
        see_transcript(c, &c->last_seen);
}

quill_status conversation_save(struct conversation *c, quill_error *err) {
    struct buffer lines = {0};
    const struct buffer *answer = &c->answers.message;
    if (!c->o->chat.transcript) return QUILL_OK;
    const bool ok = conversation_write(c, &lines) && buffer_add(&lines, answer->p, answer->n) &&
                    (answer->n == 0 || buffer_add_byte(&lines, '\n'));
    quill_status s = ok ? save_write(&c->transcript, lines.p, lines.n, err) : fail_memory(err);
    if (!s) s = check_unchanged(c, err);
    if (!s) s = save_commit(&c->transcript, err);
    if (!s) see_transcript(c, &c->last_seen);
    buffer_free(&lines);
    return s;
}

void conversation_free(struct conversation *c) {
    save_abort(&c->transcript);
    production_free(&c->production);
    quill_chat_template_free(c->template);
    quill_model_free(c->model);
    quill_chat_free(c->chat);
    quill_chat_prompt_free(&c->rendered);
    free(c->ids.ids);
    buffer_free(&c->answers.message);
    buffer_free(&c->tools);
    request_parts_free(&c->parts);
}
