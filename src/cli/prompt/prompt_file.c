// SPDX-License-Identifier: MIT
// Parses prompt files: lines go to the instruction, the shot, the rows of the examples or the text after them;
// directives between them are removed.
#include "prompt_file.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/error.h"
#include "base/utf8.h"
#include "cli/io/json_out.h"
#include "installed.h"
#include "read.h"

enum section { IN_PREAMBLE, IN_SHOT, IN_EXAMPLES, IN_TAIL };

struct reading {
    struct prompt_file *f;
    enum section section;
    size_t line;
    struct buffer argument; // of the current directive, followed by a NUL
    struct template tail;
    struct examples_block block; // of %examples
    bool separator_set, ended;   // %sep was given; %examples has its %end
};

__attribute__((format(printf, 3, 4))) static quill_status wrong(const struct reading *r, quill_error *err,
                                                               const char *format, ...) {
    va_list args;
    char text[300];
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    return fail(err, QUILL_E_USAGE, "%s:%zu: %s", QUOTED(str_of(r->f->name)), r->line, text);
}

// ---- directives ----

// Reads into r->argument: a JSON string if it is in double quotes, else the bytes unchanged.
static quill_status read_argument(struct reading *r, const char *p, size_t n, quill_error *err) {
    r->argument.n = 0;
    bool ok;
    if (n && *p == '"') {
        json_error_t problem;
        json_t *string = json_loadb(p, n, JSON_DECODE_ANY | JSON_ALLOW_NUL, &problem);
        if (!string && json_error_code(&problem) != json_error_out_of_memory)
            return wrong(r, err, "expected a JSON string, found '%s': %s", QUOTED(((struct str){p, n})),
                         QUOTED(str_of(problem.text)));
        ok = string && buffer_add(&r->argument, json_string_value(string), json_string_length(string));
        json_decref(string);
    } else {
        ok = buffer_add(&r->argument, p, n);
    }
    ok = ok && buffer_add(&r->argument, "", 1);
    r->argument.n -= ok;
    return ok ? QUILL_OK : fail_memory(err);
}

static quill_status read_set(struct reading *r, const char *p, size_t n, quill_error *err) {
    size_t word = 0, blank;
    while (word < n && p[word] != ' ' && p[word] != '\t') word++;
    for (blank = word; blank < n && (p[blank] == ' ' || p[blank] == '\t');) blank++;
    const struct option_row *row = option_find(p, word, EVERY_VERB); // an untrusted file may not set every option
    if (!row || !row->settable)
        return wrong(r, err, "%%set: '%s' is no option that a prompt file may set", QUOTED(((struct str){p, word})));
    quill_status s = read_argument(r, p + blank, n - blank, err);
    if (s) return s;
    const bool flag = row->kind == OPTION_FLAG;
    if (flag && blank < n) return wrong(r, err, "%%set %s takes no value", row->name);
    if (!flag && r->argument.n == 0) return wrong(r, err, "%%set %s needs a value", row->name);
    if (row != OPTION_OF(length.stops) && memchr(r->argument.p, 0, r->argument.n))
        return wrong(r, err, "%%set %s: a NUL byte", row->name);
    const bool is_text = row == OPTION_OF(constraint.json_schema) && is_schema_text(r->argument.p);
    const char *problem = row->is_path && !is_text ? path_problem(r->argument.p, r->argument.n) : NULL;
    if (problem) return wrong(r, err, "%%set %s: %s", row->name, problem);
    enum { MOST_SETTINGS = 1000 };
    if (r->f->n_settings == MOST_SETTINGS) return wrong(r, err, "more than %d lines with %%set", (int)MOST_SETTINGS);
    struct setting *settings = realloc(r->f->settings, (r->f->n_settings + 1) * sizeof *settings);
    if (!settings) return fail_memory(err);
    r->f->settings = settings;
    settings[r->f->n_settings++] = (struct setting){.row = row, .value = r->argument, .line = r->line};
    r->argument = (struct buffer){0};
    return QUILL_OK;
}

static quill_status read_separator(struct reading *r, const char *p, size_t n, quill_error *err) {
    if (n == 0) return wrong(r, err, "%%sep needs a value, as in %%sep \"\\n\"");
    if (r->separator_set) return wrong(r, err, "a second %%sep");
    quill_status s = read_argument(r, p, n, err);
    r->separator_set = true;
    if (!s && !buffer_add(&r->f->separator, r->argument.p, r->argument.n)) s = fail_memory(err);
    return s;
}

static quill_status read_shot(struct reading *r, const char *p, size_t n, quill_error *err) {
    if (n) return wrong(r, err, "%%shot takes no value: '%s'", QUOTED(((struct str){p, n})));
    if (r->f->shot_line) return wrong(r, err, "a second %%shot; the first is in line %zu", r->f->shot_line);
    r->f->shot_line = r->line;
    r->section = IN_SHOT;
    return QUILL_OK;
}

static bool is(const struct buffer *t, const char *word) {
    return t->n == strlen(word) && memcmp(t->p, word, t->n) == 0;
}

static quill_status read_examples(struct reading *r, const char *p, size_t n, quill_error *err) {
    if (r->f->examples.line) return wrong(r, err, "a second %%examples; the first is in line %zu", r->f->examples.line);
    quill_status s = read_argument(r, p, n, err);
    if (s) return s;
    r->f->examples.line = r->line;
    r->section = IN_EXAMPLES;
    r->block.first_line = r->line + 1;
    if (r->argument.n == 0 || is(&r->argument, "tsv")) return QUILL_OK;
    if (is(&r->argument, "csv")) r->block.form = ROW_CSV;
    else if (is(&r->argument, "jsonl")) r->block.form = ROW_JSONL;
    else {
        const char *bad = path_problem(r->argument.p, r->argument.n);
        if (bad) return wrong(r, err, "%%examples: %s: '%s'", bad, QUOTED(str_of(r->argument.p)));
        r->block.path = strdup(r->argument.p);
        if (!r->block.path) return fail_memory(err);
    }
    return QUILL_OK;
}

static quill_status read_end(struct reading *r, const char *p, size_t n, quill_error *err) {
    if (n) return wrong(r, err, "%%end takes no value: '%s'", QUOTED(((struct str){p, n})));
    if (r->section != IN_SHOT && r->section != IN_EXAMPLES) return wrong(r, err, "%%end without %%shot or %%examples");
    r->ended |= r->section == IN_EXAMPLES;
    r->section = IN_TAIL;
    return QUILL_OK;
}

static quill_status read_chat(struct reading *r, const char *p, size_t n, quill_error *err) {
    if (n) return wrong(r, err, "%%chat takes no value: '%s'", QUOTED(((struct str){p, n})));
    r->f->chat_line = r->line;
    return QUILL_OK;
}

static quill_status read_system(struct reading *r, const char *p, size_t n, quill_error *err) {
    if (n == 0) return wrong(r, err, "%%system needs a text");
    if (r->f->system_line) return wrong(r, err, "a second %%system; the first is in line %zu", r->f->system_line);
    quill_status s = read_argument(r, p, n, err);
    r->f->system_line = r->line;
    return s || buffer_add(&r->f->system, r->argument.p, r->argument.n) ? s : fail_memory(err);
}

static const struct directive {
    const char *name;
    quill_status (*read)(struct reading *r, const char *p, size_t n, quill_error *err);
} directives[] = {
    {"set", read_set}, {"sep", read_separator}, {"shot", read_shot}, {"examples", read_examples}, {"end", read_end},
    {"chat", read_chat}, {"system", read_system},
};

// line[0..n) begins with % and a lower-case letter.
static quill_status read_directive(struct reading *r, const char *line, size_t n, quill_error *err) {
    while (n && strchr("\r\n \t", line[n - 1]) && line[n - 1]) n--;
    size_t word = 1;
    while (word < n && ((line[word] >= 'a' && line[word] <= 'z') || line[word] == '-')) word++;
    size_t blank = word;
    while (blank < n && (line[blank] == ' ' || line[blank] == '\t')) blank++;
    for (size_t i = 0; i < sizeof directives / sizeof *directives; i++) {
        const struct directive *d = &directives[i];
        if (strlen(d->name) != word - 1 || memcmp(d->name, line + 1, word - 1) != 0) continue;
        if (blank == word && blank < n) break;
        if (r->section == IN_EXAMPLES && d->read != read_end)
            return wrong(r, err, "%%%s within %%examples, which ends with %%end", d->name);
        return d->read(r, line + blank, n - blank, err);
    }
    return wrong(r, err, "unknown directive '%s'; a literal %% at the beginning of a line is written %%%%",
                 QUOTED(((struct str){line, n})));
}

// ---- lines ----

// Reads a line of text, including its newline.
static quill_status read_text(struct reading *r, const char *line, size_t n, quill_error *err) {
    struct prompt_file *f = r->f;
    struct template *t = r->section == IN_SHOT ? &f->shot : r->section == IN_TAIL ? &r->tail : &f->preamble;
    if (r->section != IN_EXAMPLES) return template_add(t, &f->slots, line, n, f->name, r->line, err);
    bool blank = n == 0 || (n <= 2 && line[n - 1] == '\n' && (n == 1 || *line == '\r'));
    if (r->block.path && !blank) return wrong(r, err, "expected %%end after %%examples FILE");
    return buffer_add(&r->block.rows, line, n) ? QUILL_OK : fail_memory(err);
}

static quill_status read_line(struct reading *r, const char *line, size_t n, quill_error *err) {
    if (r->line == 1 && n >= 2 && memcmp(line, "#!", 2) == 0) return QUILL_OK;
    if (n < 2 || *line != '%') return read_text(r, line, n, err);
    if (line[1] == '#') return r->section == IN_EXAMPLES ? read_text(r, "\n", 1, err) : QUILL_OK; // lines count
    if (line[1] == '%') return read_text(r, line + 1, n - 1, err);
    if (line[1] >= 'a' && line[1] <= 'z') return read_directive(r, line, n, err);
    return read_text(r, line, n, err);
}

// ---- the whole ----

// The shot's last slot is the answer; the text after it, and the separator, end an answer.
static quill_status find_answer(struct reading *r, quill_error *err) {
    struct prompt_file *f = r->f;
    size_t last = f->shot.n;
    while (last && f->shot.parts[last - 1].slot < 0) last--;
    r->line = f->shot_line;
    if (last-- == 0) return wrong(r, err, "%%shot has no slot; its last slot is the answer");
    const struct part *answer = &f->shot.parts[last];
    f->answer = answer->slot;
    f->answer_line = answer->line;
    r->line = answer->line;
    if (template_uses(&f->shot, last, f->answer))
        return wrong(r, err, "the answer {{%s}} occurs before the end of the shot",
                     QUOTED(str_of(f->slots.names[f->answer])));
    bool ok = true;
    if (last + 1 < f->shot.n) {
        const struct part *rest = &f->shot.parts[last + 1];
        ok = buffer_add(&f->stop, f->shot.literal.p + rest->at, rest->n);
    }
    ok = ok && buffer_add(&f->stop, f->separator.p, f->separator.n);
    ok = ok && template_copy(&f->query, &f->shot, last) && template_drop_blanks(&f->query, &f->answer_lead);
    return ok ? QUILL_OK : fail_memory(err);
}

static quill_status finish(struct reading *r, quill_error *err) {
    struct prompt_file *f = r->f;
    r->line = f->examples.line;
    if (r->section == IN_EXAMPLES && !r->block.path) return wrong(r, err, "%%examples without %%end");
    if (f->examples.line && !f->shot_line) return wrong(r, err, "%%examples without %%shot");
    r->line = f->system_line;
    if (f->system_line && !f->chat_line) return wrong(r, err, "%%system without %%chat");
    if (!r->separator_set && !buffer_add_string(&f->separator, "\n\n")) return fail_memory(err);
    template_drop_newline(&f->preamble);
    template_drop_newline(&f->shot);
    template_drop_newline(&r->tail);
    quill_status s = f->shot_line ? find_answer(r, err) : QUILL_OK;
    if (!s && f->shot_line && template_is_blank(&f->preamble)) template_free(&f->preamble);
    if (!s && !template_is_blank(&r->tail)) {
        template_free(&f->query);
        f->query = r->tail;
        r->tail = (struct template){0};
    }
    const struct examples_source source = {f->name, f->folder, &f->slots, f->answer};
    if (!s && f->examples.line) s = examples_read(&f->examples, &source, &r->block, err);
    return s;
}

// The first line whose ending differs from those before it; 0: all end alike. *crlf: they end in "\r\n".
static size_t find_mixed_end(const char *text, size_t n, bool *crlf) {
    size_t line = 0;
    *crlf = false;
    for (size_t at = 0; at < n; at++) {
        if (text[at] != '\n') continue;
        const bool this_one = at && text[at - 1] == '\r';
        if (++line == 1) *crlf = this_one;
        else if (this_one != *crlf) return line;
    }
    return 0;
}

// A file whose lines all end in "\r\n" means the same as with "\n".
static quill_status read_lines(struct reading *r, const char *text, size_t n, quill_error *err) {
    quill_status s = QUILL_OK;
    struct buffer line = {0};
    bool crlf;
    r->f->mixed_line = find_mixed_end(text, n, &crlf);
    crlf = crlf && !r->f->mixed_line;
    for (size_t at = utf8_mark(text, n); at < n && !s;) {
        const char *newline = memchr(text + at, '\n', n - at);
        size_t end = newline ? (size_t)(newline - text) + 1 : n;
        r->line++;
        line.n = 0;
        if (!crlf || !newline) s = read_line(r, text + at, end - at, err);
        else if (!buffer_add(&line, text + at, end - at - 2) || !buffer_add(&line, "\n", 1)) s = fail_memory(err);
        else s = read_line(r, line.p, line.n, err);
        at = end;
    }
    buffer_free(&line);
    return s;
}

quill_status prompt_file_parse(struct prompt_file **out, const char *name, const char *folder, const char *text,
                               size_t n, quill_error *err) {
    *out = NULL;
    struct prompt_file *f = calloc(1, sizeof *f);
    if (!f) return fail_memory(err);
    struct reading r = {.f = f, .block.form = ROW_TSV};
    f->answer = -1;
    f->name = strdup(name);
    f->folder = folder ? strdup(folder) : NULL;
    quill_status s = f->name && (f->folder || !folder) ? QUILL_OK : fail_memory(err);
    if (!s) s = read_lines(&r, text, n, err);
    if (!s) s = finish(&r, err);
    buffer_free(&r.argument);
    template_free(&r.tail);
    buffer_free(&r.block.rows);
    free(r.block.path);
    if (s) prompt_file_free(f);
    else *out = f;
    return s;
}

quill_status prompt_file_open(struct prompt_file **out, const char *path, uint64_t limit, quill_error *err) {
    *out = NULL;
    struct buffer text = {0};
    bool is_stdin = strcmp(path, "-") == 0;
    char installed[PATH_MAX];
    if (!is_stdin && installed_prompt(installed, path)) path = installed;
    const char *slash = strrchr(path, '/');
    char *folder = slash ? strndup(path, slash == path ? 1 : (size_t)(slash - path)) : strdup(".");
    quill_status s = folder ? read_file(&text, path, limit, err) : fail_memory(err);
    if (!s)
        s = prompt_file_parse(out, is_stdin ? "stdin" : path, is_stdin ? NULL : folder, text.p, text.n, err);
    free(folder);
    buffer_free(&text);
    return s;
}

void prompt_file_free(struct prompt_file *f) {
    if (!f) return;
    for (size_t i = 0; i < f->n_settings; i++) buffer_free(&f->settings[i].value);
    template_free(&f->preamble);
    template_free(&f->shot);
    template_free(&f->query);
    slots_free(&f->slots);
    buffer_free(&f->answer_lead);
    buffer_free(&f->separator);
    buffer_free(&f->system);
    buffer_free(&f->stop);
    free(f->settings);
    examples_free(&f->examples);
    free(f->folder);
    free(f->name);
    free(f);
}
