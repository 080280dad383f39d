// SPDX-License-Identifier: MIT
#include "commands.h"

#include <string.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/nearest.h"
#include "cli/io/inputs.h"
#include "cli/io/output.h"
#include "cli/prompt/read.h"
#include "cli/run/model_source.h"
#include "message.h"
#include "settings.h"

// ---- the talk ----

static quill_status run_retry(struct talk *t, const char *argument, quill_error *err) {
    size_t index;
    (void)argument;
    if (!talk_question(t, NULL, &index)) return fail(err, QUILL_E_USAGE, "/retry: there is no question yet");
    quill_chat_truncate(t->c->chat, index + 1);
    t->retries++; // the same seed would give the same answer
    talk_answer(t);
    return QUILL_OK;
}

static quill_status run_edit(struct talk *t, const char *argument, quill_error *err) {
    struct buffer text = {0}, before = {0};
    size_t index = quill_chat_n_messages(t->c->chat);
    const bool fresh = strcmp(argument, "new") == 0;
    if (*argument && !fresh)
        return fail(err, QUILL_E_USAGE, "/edit: expected nothing or 'new', found '%s'", QUOTED(str_of(argument)));
    const bool again = !fresh && talk_question(t, &text, &index);
    quill_status s = buffer_add(&before, text.p, text.n) ? message_edit(&text, err) : fail_memory(err);
    const bool same = again && text.n == before.n && (text.n == 0 || memcmp(text.p, before.p, text.n) == 0);
    if (!s && (text.n == 0 || same)) {
        talk_say(t, "(nothing was changed)");
    } else if (!s) {
        quill_chat_truncate(t->c->chat, index);
        history_add(&t->history, t->lines, &text);
        talk_ask(t, &text);
    }
    buffer_free(&text);
    buffer_free(&before);
    return s;
}

// The file of --continue is that of the talk, and another talk takes its place: the person is asked.
static bool may_give_up(struct talk *t) {
    const char *path = t->c->o->chat.transcript;
    if (!path || quill_chat_n_messages(t->c->chat) == 0) return true;
    talk_say(t, "(%s will have the new talk in place of this one)", QUOTED(str_of(path)));
    if (talk_confirm(t, "Go on? [y/N] ")) return true;
    talk_say(t, "(nothing was changed)");
    return false;
}

static quill_status run_reset(struct talk *t, const char *argument, quill_error *err) {
    quill_chat_message m;
    (void)argument, (void)err;
    size_t keep = 0;
    if (!may_give_up(t)) return QUILL_OK;
    if (quill_chat_n_messages(t->c->chat) > 0) {
        quill_chat_message_at(t->c->chat, 0, &m);
        keep = m.n_role == 6 && memcmp(m.role, "system", 6) == 0;
    }
    quill_chat_truncate(t->c->chat, keep);
    t->left_out = 0;
    talk_say(t, keep ? "(the talk begins anew; the system message stays)" : "(the talk begins anew)");
    return QUILL_OK;
}

static quill_status run_system(struct talk *t, const char *argument, quill_error *err) {
    const bool none = strcmp(argument, "none") == 0;
    if (*argument) return quill_chat_set_system(t->c->chat, none ? NULL : argument, strlen(argument), err);
    quill_chat_message m = {0};
    if (quill_chat_n_messages(t->c->chat) > 0) quill_chat_message_at(t->c->chat, 0, &m);
    if (m.n_role == 6 && memcmp(m.role, "system", 6) == 0)
        talk_say(t, "%.*s", (int)(m.n_content < 2000 ? m.n_content : 2000), m.content ? m.content : "");
    else talk_say(t, "(there is no system message)");
    return QUILL_OK;
}

static quill_status run_quit(struct talk *t, const char *argument, quill_error *err) {
    (void)argument, (void)err;
    t->ended = true;
    return QUILL_OK;
}

// ---- files ----

// ~/FILE is below $HOME.
static bool path_of(struct buffer *path, const char *argument) {
    const char *home = environment_variable("HOME");
    const bool at_home = argument[0] == '~' && argument[1] == '/' && home;
    return (!at_home || buffer_add_string(path, home)) && buffer_add_string(path, argument + at_home) &&
           buffer_add_byte(path, 0);
}

// Whether a file has more than the beginning of `lines`, so that something is lost where they replace it.
static bool would_lose(const char *path, struct str lines) {
    struct stat info;
    struct buffer old = {0};
    quill_error unused;
    if (stat(path, &info) != 0 || !S_ISREG(info.st_mode)) return false;
    const bool is_read = (uint64_t)info.st_size <= lines.n && read_file(&old, path, lines.n, &unused) == QUILL_OK;
    const bool lost = !is_read || !str_starts(lines, buffer_str(&old));
    inputs_set_transcript(path); // it may be replaced again
    buffer_free(&old);
    return lost;
}

static quill_status write_lines(const char *path, struct str lines, quill_error *err) {
    struct save save = {.fd = -1};
    quill_status s = save_begin(&save, path, output_watch, err);
    if (!s) s = save_write(&save, lines.p, lines.n, err);
    if (!s) s = save_commit(&save, err);
    save_abort(&save);
    return s;
}

static quill_status save_to(struct talk *t, const char *path, quill_error *err) {
    struct buffer lines = {0};
    const char *name = QUOTED(str_of(path));
    quill_status s = inputs_check_transcript(path, err);
    bool wanted = true;
    if (!s && !conversation_write(t->c, &lines)) s = fail_memory(err);
    if (!s && would_lose(path, buffer_str(&lines))) {
        talk_say(t, "(%s is there already, with something else in it)", name);
        wanted = talk_confirm(t, "Replace it? [y/N] ");
    }
    if (!s && wanted) s = write_lines(path, buffer_str(&lines), err);
    if (!s && wanted) conversation_was_saved(t->c, path);
    buffer_free(&lines);
    const size_t n = quill_chat_n_messages(t->c->chat);
    if (!s && wanted) talk_say(t, "(%zu message%s in %s)", n, n == 1 ? " is" : "s are", name);
    if (!wanted) talk_say(t, "(nothing was saved)");
    return s;
}

static quill_status load_from(struct talk *t, const char *path, quill_error *err) {
    if (!may_give_up(t)) return QUILL_OK;
    quill_status s = conversation_load(t->c, path, err);
    t->left_out = 0;
    const size_t n = quill_chat_n_messages(t->c->chat);
    if (!s) talk_say(t, "(%zu message%s from %s)", n, PLURAL(n), QUOTED(str_of(path)));
    return s;
}

static quill_status with_path(struct talk *t, const char *argument, const char *name,
                              quill_status (*use)(struct talk *, const char *, quill_error *), quill_error *err) {
    struct buffer path = {0};
    if (*argument == 0) return fail(err, QUILL_E_USAGE, "%s: expected the name of a file", name);
    quill_status s = path_of(&path, argument) ? use(t, path.p, err) : fail_memory(err);
    buffer_free(&path);
    return s;
}

static quill_status run_save(struct talk *t, const char *argument, quill_error *err) {
    return with_path(t, argument, "/save", save_to, err);
}

static quill_status run_load(struct talk *t, const char *argument, quill_error *err) {
    return with_path(t, argument, "/load", load_from, err);
}

// ---- numbers ----

static quill_status run_tokens(struct talk *t, const char *argument, quill_error *err) {
    (void)argument;
    const size_t n_ctx = (size_t)t->idle.n_ctx;
    size_t n = 0;
    quill_status s = QUILL_OK;
    if (quill_chat_n_messages(t->c->chat) > 0) s = conversation_count(t->c, t->left_out, &n, err);
    if (s) return s;
    if (t->left_out) talk_say(t, "%zu of %zu tokens, without the oldest %zu message%s", n, n_ctx, t->left_out,
                             PLURAL(t->left_out));
    else talk_say(t, "%zu of %zu tokens", n, n_ctx);
    return QUILL_OK;
}

static quill_status run_stats(struct talk *t, const char *argument, quill_error *err) {
    const struct samples_total *a = &t->last.total;
    (void)argument;
    if (a->n == 0) return fail(err, QUILL_E_USAGE, "/stats: there is no answer yet");
    const double seconds = 1e-3 * a->generate_ms;
    talk_say(t, "prompt %zu token%s: cached %zu, computed %zu; generated %zu (%.1f/s); first token %.0f ms, stop %s",
             a->prompt_tokens, PLURAL(a->prompt_tokens), a->cached_tokens, a->prompt_tokens - a->cached_tokens,
             a->generated_tokens, seconds > 0 ? (double)a->generated_tokens / seconds : 0, a->first_token_ms,
             quill_stop_name(a->stop));
    return QUILL_OK;
}

// ---- the model ----

static quill_status run_model(struct talk *t, const char *argument, quill_error *err) {
    struct conversation *c = t->c;
    quill_model_info info;
    if (*argument) {
        char *path = talk_keep(t, argument);
        quill_status s = path ? conversation_switch(c, path, err) : fail_memory(err);
        if (s) return s;
        s = talk_open_session(t, err);
        if (s) t->ended = true; // there is none to go on with
        if (s) return s;
    }
    quill_model_describe(c->model, &info);
    talk_say(t, "%s (%s), template %s, context %d", QUOTED(str_of(info.name ? info.name : info.file)), info.family,
             quill_chat_template_name(c->template), (int)t->idle.n_ctx);
    return QUILL_OK;
}

// ---- all of them ----

static quill_status run_help(struct talk *t, const char *argument, quill_error *err);

static const struct command {
    const char *name, *operand, *help;
    quill_status (*run)(struct talk *t, const char *argument, quill_error *err);
} commands[] = {
    {"/help", "", "this list", run_help},
    {"/retry", "", "another answer to the last question", run_retry},
    {"/edit", "[new]", "change the last question in $EDITOR, or write a new one", run_edit},
    {"/reset", "", "forget the talk", run_reset},
    {"/system", "[TEXT]", "show the system message, or set it (none: there is none)", run_system},
    {"/save", "FILE", "write the talk as JSON lines", run_save},
    {"/load", "FILE", "go on with such a talk", run_load},
    {"/tokens", "", "how much of the context is used", run_tokens},
    {"/stats", "", "numbers of the last answer", run_stats},
    {"/model", "[NAME]", "show the model, or go on with another", run_model},
    {"/set", "[NAME [VALUE]]", "an option, as on the command line: /set temp 0; alone, its default", settings_run},
    {"/quit", "", "end the talk, as Ctrl-D does", run_quit},
};
enum { N_COMMANDS = sizeof commands / sizeof *commands };

static quill_status run_help(struct talk *t, const char *argument, quill_error *err) {
    (void)argument, (void)err;
    for (int i = 0; i < N_COMMANDS; i++)
        talk_say(t, "%-8s%-15s%s", commands[i].name, commands[i].operand, commands[i].help);
    talk_say(t, "A message goes on after a line that ends in \\, and between two \"\"\". Ctrl-C stops an answer.");
    return QUILL_OK;
}

static size_t word_of(const struct buffer *text) {
    size_t n = 1;
    while (n < text->n && text->p[n] >= 'a' && text->p[n] <= 'z') n++;
    return n;
}

bool is_command(const struct buffer *text) {
    if (text->n == 0 || text->p[0] != '/') return false;
    const size_t n = word_of(text);
    return n == text->n || text->p[n] == ' ' || text->p[n] == '\t';
}

static quill_status run(struct talk *t, struct str word, const char *argument, quill_error *err) {
    struct nearest search = {.typed = word};
    for (int i = 0; i < N_COMMANDS; i++) {
        if (str_is(word, commands[i].name)) return commands[i].run(t, argument, err);
        nearest_offer(&search, str_of(commands[i].name));
    }
    if (!search.best.p) return fail(err, QUILL_E_USAGE, "unknown command '%s'; see /help", QUOTED(word));
    return fail(err, QUILL_E_USAGE, "unknown command '%s'; did you mean '%.*s'?", QUOTED(word), (int)search.best.n,
                search.best.p);
}

void command_run(struct talk *t, const struct buffer *text) {
    struct buffer argument = {0};
    quill_error err = {0};
    const size_t n = word_of(text);
    size_t begin = n, end = text->n;
    while (begin < end && (text->p[begin] == ' ' || text->p[begin] == '\t')) begin++;
    while (end > begin && (text->p[end - 1] == ' ' || text->p[end - 1] == '\t')) end--;
    quill_status s = QUILL_OK;
    if (memchr(text->p, 0, text->n)) s = fail(&err, QUILL_E_USAGE, "a NUL byte in a command");
    else if (!buffer_add(&argument, text->p + begin, end - begin) || !buffer_add_byte(&argument, 0))
        s = fail_memory(&err);
    if (!s) s = run(t, (struct str){text->p, n}, argument.p, &err);
    if (s) talk_complain(&err);
    buffer_free(&argument);
}
