// SPDX-License-Identifier: MIT
#include "read.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/error.h"
#include "base/meminfo.h"
#include "cli/io/inputs.h"
#include "cli/io/output.h"
#include "cli/io/report.h"
#include "cli/io/show.h"
#include "cli/io/signals.h"

// Makes room for all of a regular file, or refuses it before it is read if there is no room; *limit: replaces NO_LIMIT.
static quill_status prepare(struct buffer *out, uint64_t *limit, int fd, const char *name, quill_error *err) {
    enum { STREAM_BYTES = 256 << 20 };
    struct stat info;
    char what[100];
    if (fstat(fd, &info) != 0) return fail_errno(err, QUILL_E_SYSTEM, name, "read", errno);
    const bool regular = S_ISREG(info.st_mode), unlimited = *limit == NO_LIMIT;
    if (unlimited) *limit = regular ? UINT64_MAX : STREAM_BYTES;
    if (!regular || (uint64_t)info.st_size > *limit) return QUILL_OK;
    snprintf(what, sizeof what, "%s", QUOTED(str_of(name)));
    quill_status s = meminfo_check((uint64_t)info.st_size, what, err);
    return s || buffer_reserve(out, (size_t)info.st_size + 1) ? s : fail_memory(err);
}

// Does not trust sizes: a pipe has none, and a file may grow.
quill_status read_descriptor(struct buffer *out, int fd, const char *name, uint64_t limit, quill_error *err) {
    enum { STEP = 1 << 16 };
    size_t start = out->n;
    bool unlimited = limit == NO_LIMIT;
    quill_status s = prepare(out, &limit, fd, name, err);
    if (s) return s;
    for (;;) {
        if (signals_pending()) return fail(err, QUILL_E_SYSTEM, "interrupted");
        if (out->n == out->cap && !buffer_reserve(out, STEP)) return fail_memory(err);
        ssize_t got = read(fd, out->p + out->n, out->cap - out->n);
        if (got < 0 && errno == EINTR && !signals_pending()) continue;
        if (got < 0) return fail_errno(err, QUILL_E_SYSTEM, name, "read", errno);
        if (got == 0) return QUILL_OK;
        out->n += (size_t)got;
        if (out->n - start > limit)
            return fail(err, unlimited ? QUILL_E_SYSTEM : QUILL_E_CONTEXT, "%s: longer than %" PRIu64 " bytes (%s)",
                        QUOTED(str_of(name)), limit, unlimited ? "only a file may be" : "--max-prompt-bytes");
    }
}

quill_status read_file(struct buffer *out, const char *path, uint64_t limit, quill_error *err) {
    if (strcmp(path, "-") == 0) return read_descriptor(out, STDIN_FILENO, "stdin", limit, err);
    int fd;
    quill_status s = inputs_open(&fd, path, err);
    if (s) return s;
    s = read_descriptor(out, fd, path, limit, err);
    close(fd);
    return s;
}

bool is_schema_text(const char *value) { return value[strspn(value, " \t\r\n")] == '{'; }

quill_status read_constraint(struct buffer *out, int fd, const char *name, const struct option_row *row,
                             quill_error *err) {
    enum { MOST_BYTES = 16 << 20 }; // the library allows fewer
    quill_status s = read_descriptor(out, fd, name, MOST_BYTES, err);
    if (s != QUILL_E_CONTEXT) return s;
    return fail(err, QUILL_E_USAGE, "--%s: '%s' is too large", row->name, QUOTED(str_of(name)));
}

void say_reading(const struct options *o, int fd, const char *what) {
    if (!o->talk.quiet && isatty(fd) && isatty(STDERR_FILENO))
        report("reading %s from the terminal, up to Ctrl-D", what);
}

void say_carriage_return(const struct options *o, bool *said, const char *line, size_t n) {
    const bool wanted = !o->talk.quiet && (o->talk.verbose || isatty(STDERR_FILENO));
    if (*said || !wanted || n == 0 || line[n - 1] != '\r') return;
    *said = true;
    report("'%s' ends in a carriage return, which is part of the line; tr -d '\\r' drops them all",
           QUOTED(((struct str){line, n})));
}

// Whether stdin may be read for `use`.
static quill_status check_stdin(const struct options *o, const char *use, quill_error *err) {
    if (!o->prompt.stdin_use) return QUILL_OK;
    return fail(err, QUILL_E_USAGE, "stdin is %s and cannot be %s too", o->prompt.stdin_use, use);
}

quill_status stdin_claim(struct options *o, const char *use, quill_error *err) {
    quill_status s = check_stdin(o, use, err);
    o->prompt.stdin_use = use;
    return s;
}

quill_status stdin_claim_by(struct options *o, const char *path, const char *use, quill_error *err) {
    return path && strcmp(path, "-") == 0 ? stdin_claim(o, use, err) : QUILL_OK;
}

quill_status text_operand(const struct options *o, const char **text, bool *dash, quill_error *err) {
    *text = NULL;
    *dash = false;
    for (size_t i = 0; i < o->operands.n; i++) {
        const char *operand = o->operands.items[i];
        if (strcmp(operand, "-") == 0) {
            if (*dash) return fail(err, QUILL_E_USAGE, "stdin ('-') is given twice");
            *dash = true;
        } else if (*text) {
            const char *verb = i == 1 ? verb_nearest(*text) : NULL;
            return fail(err, QUILL_E_USAGE, "more than one text: '%s' and '%s'; several words need quotes%s%s%s",
                        QUOTED(str_of(*text)), QUOTED(str_of(operand)), verb ? ", or is the verb '" : "",
                        verb ? verb : "", verb ? "' meant?" : "");
        } else {
            *text = operand;
        }
    }
    return QUILL_OK;
}

quill_status add_argument(struct buffer *out, const struct options *o, const char *source, const char *argument,
                          quill_error *err) {
    size_t n = strlen(argument), bad = n;
    bool ok = o->prompt.escape ? show_unescaped(out, argument, n, &bad) : buffer_add(out, argument, n);
    if (!ok) return fail_memory(err);
    if (bad < n)
        return fail(err, QUILL_E_USAGE, "%s: unknown escape at '%s'; -e knows \\n \\t \\r \\\\ \\\" \\xHH", source,
                    QUOTED(str_of(argument + bad)));
    return QUILL_OK;
}

// ---- assembly ----

struct assembly {
    struct buffer *out;
    const struct options *o;
    size_t n_pieces;
    bool stdin_read;
};

static quill_status begin_piece(struct assembly *a, quill_error *err) {
    return a->n_pieces++ == 0 || buffer_add(a->out, "\n", 1) ? QUILL_OK : fail_memory(err);
}

static quill_status add_file(struct assembly *a, const char *path, quill_error *err) {
    bool is_stdin = strcmp(path, "-") == 0;
    if (is_stdin && a->stdin_read) return fail(err, QUILL_E_USAGE, "stdin ('-') is given twice");
    a->stdin_read |= is_stdin;
    size_t before = a->out->n;
    quill_status s = is_stdin ? check_stdin(a->o, "the prompt", err) : QUILL_OK;
    if (!s && is_stdin) say_reading(a->o, STDIN_FILENO, "the prompt");
    if (!s) s = begin_piece(a, err);
    size_t start = a->out->n;
    uint64_t limit = (uint64_t)a->o->prompt.max_bytes;
    if (!s) s = read_file(a->out, path, limit, err);
    if (s) return s;
    if (is_stdin && a->out->n == start) { // an empty stdin counts as absent
        a->out->n = before;
        a->n_pieces--;
    } else if (!a->o->prompt.keep_newline && a->out->n > start && a->out->p[a->out->n - 1] == '\n') {
        a->out->n--;
    }
    return QUILL_OK;
}

bool stdin_has_data(void) {
    struct stat info;
    if (fstat(STDIN_FILENO, &info) != 0) return false;
    return S_ISFIFO(info.st_mode) || S_ISREG(info.st_mode) || S_ISSOCK(info.st_mode);
}

// Refuses options that only make sense with a prompt file.
static quill_status refuse_file_options(const struct options *o, quill_error *err) {
    const struct option_row *const rows[] = {OPTION_OF(file.defines), OPTION_OF(file.shots), OPTION_OF(file.shuffle)};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (options_given(o, rows[i])) return fail(err, QUILL_E_USAGE, "--%s needs a prompt file: -F", rows[i]->name);
    return QUILL_OK;
}

quill_status prompt_check_length(const struct options *o, const struct buffer *prompt, quill_error *err) {
    if (prompt->n <= (uint64_t)o->prompt.max_bytes) return QUILL_OK;
    return fail(err, QUILL_E_CONTEXT, "a prompt of more than %" PRId64 " bytes (--max-prompt-bytes)",
                o->prompt.max_bytes);
}

quill_status prompt_read(struct buffer *out, const struct options *o, quill_error *err) {
    struct assembly a = {.out = out, .o = o};
    const char *operand;
    bool dash;
    quill_status s = text_operand(o, &operand, &dash, err);
    if (!s && operand && o->prompt.text) {
        const char *verb = verb_nearest(operand);
        s = fail(err, QUILL_E_USAGE, "-p and PROMPT are both given; use one of them%s%s%s",
                 verb ? ", or is the verb '" : "", verb ? verb : "", verb ? "' meant?" : "");
    }
    if (!s) s = refuse_file_options(o, err);
    for (size_t i = 0; !s && i < o->prompt.files.n; i++) s = add_file(&a, o->prompt.files.items[i], err);

    bool alone = o->prompt.files.n == 0 && !operand && !o->prompt.text;
    bool beside = operand && !a.stdin_read && !o->prompt.stdin_use && stdin_has_data();
    if (!s && (dash || alone || beside)) s = add_file(&a, "-", err);

    const char *text = operand ? operand : o->prompt.text;
    if (!s && text) s = begin_piece(&a, err);
    if (!s && text) s = add_argument(out, o, operand ? "PROMPT" : "-p", text, err);
    if (!s) s = prompt_check_length(o, out, err);
    if (!s && a.n_pieces == 0)
        s = fail(err, QUILL_E_USAGE, "no prompt: give PROMPT, -p TEXT, -f FILE, or a text on stdin");
    return s;
}

quill_status prompt_read_stdin(struct buffer *out, const struct options *o, bool *empty, quill_error *err) {
    quill_status s = check_stdin(o, "what {{input}} stands for", err);
    if (s) return s;
    say_reading(o, STDIN_FILENO, "the input");
    s = read_file(out, "-", (uint64_t)o->prompt.max_bytes, err);
    *empty = out->n == 0;
    if (!s && !o->prompt.keep_newline && out->n && out->p[out->n - 1] == '\n') out->n--;
    return s;
}

quill_status prompt_show(const struct options *o, const struct buffer *prompt, quill_error *err) {
    struct output out = {.fd = -1};
    quill_status s = output_open(&out, o->output.path, o->output.raw, err);
    if (!s) s = output_write(&out, prompt->p, prompt->n, err);
    if (!s) s = output_end_line(&out, err);
    if (!s) s = output_close(&out, err);
    output_abort(&out);
    return s;
}

// ---- token ids ----

// The token in front of a text of n bytes; *count: 0 or 1.
static quill_status first_token(int32_t *first, size_t *count, const quill_tokenizer *tokenizer, size_t n,
                                quill_error *err) {
    *first = quill_token_bos(tokenizer);
    *count = quill_adds_bos(tokenizer) && *first >= 0;
    if (n > 0) return QUILL_OK;
    if (*first < 0) *first = quill_token_eos(tokenizer);
    if (*first < 0) return fail(err, QUILL_E_USAGE, "an empty prompt needs a BOS or EOS token; this model has neither");
    *count = 1;
    return QUILL_OK;
}

bool ids_begin(quill_ids *list, int32_t first) {
    enum { ROOM = 32 };
    *list = (quill_ids){calloc(ROOM, sizeof *list->ids), 1, ROOM};
    if (list->ids) list->ids[0] = first;
    else *list = (quill_ids){0};
    return list->ids != NULL;
}

// Begins the list with the added token, and encoding appends to it, so nothing is copied.
static quill_status begin_ids(quill_ids *list, const struct prompt_ids *out, int32_t first, quill_error *err) {
    if (!ids_begin(list, first)) return fail_memory(err);
    list->n = out->n_added;
    return QUILL_OK;
}

static void take_ids(struct prompt_ids *out, quill_ids *list, quill_status s) {
    if (s) quill_ids_free(list);
    out->ids = list->ids;
    out->n = list->n;
}

quill_status prompt_encode(struct prompt_ids *out, const quill_tokenizer *tokenizer, const char *text, size_t n,
                           bool special, bool begin, quill_error *err) {
    *out = (struct prompt_ids){0};
    int32_t first = -1;
    quill_ids list = {0};
    const quill_special how = special ? QUILL_SPECIAL_PARSE : QUILL_SPECIAL_AS_TEXT;
    quill_status s = begin ? first_token(&first, &out->n_added, tokenizer, n, err) : QUILL_OK;
    if (!s) s = begin_ids(&list, out, first, err);
    if (!s) s = quill_encode(tokenizer, &list, text ? text : "", n, how, err);
    take_ids(out, &list, s);
    return s;
}

quill_status prompt_encode_values(struct prompt_ids *out, const quill_tokenizer *tokenizer, const char *text, size_t n,
                                  const quill_span *values, size_t n_values, quill_error *err) {
    *out = (struct prompt_ids){0};
    int32_t first = -1;
    quill_ids list = {0};
    quill_status s = first_token(&first, &out->n_added, tokenizer, n, err);
    if (!s) s = begin_ids(&list, out, first, err);
    if (!s) s = quill_encode_values(tokenizer, &list, text ? text : "", n, values, n_values, err);
    take_ids(out, &list, s);
    return s;
}
