// SPDX-License-Identifier: MIT
#include "examples.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/error.h"
#include "cli/io/inputs.h"

enum { MOST_VALUES = 1 << 20 }; // examples times slots

// ---- files ----

const char *path_problem(const char *path, size_t n) {
    if (n == 0) return "expected a file name";
    if (memchr(path, 0, n)) return "a NUL byte in a file name";
    if (*path == '/') return "a prompt file reads only below its own folder, not an absolute path";
    for (size_t at = 0; at < n;) {
        const char *slash = memchr(path + at, '/', n - at);
        size_t end = slash ? (size_t)(slash - path) : n;
        if (end - at == 2 && memcmp(path + at, "..", 2) == 0)
            return "a prompt file reads only below its own folder, without '..'";
        at = end + 1;
    }
    return NULL;
}

// Opens folder/path for reading, one directory at a time, so that no symbolic link leads elsewhere.
static int open_below(const char *folder, const char *path) {
    int at = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    char *names = strdup(path), *rest = names;
    if (!names && at >= 0) close(at), at = -1, errno = ENOMEM;
    while (at >= 0 && rest) {
        const char *name = rest;
        rest = strchr(rest, '/');
        if (rest) *rest++ = 0;
        if (*name == 0) name = ".";
        int flags = O_RDONLY | O_CLOEXEC | O_NOFOLLOW | (rest ? O_DIRECTORY : O_NOCTTY | O_NONBLOCK);
        int next = openat(at, name, flags), problem = errno;
        close(at);
        at = next;
        errno = problem;
    }
    int problem = errno;
    free(names);
    errno = problem;
    return at;
}

quill_status open_named(int *fd, const char *name, const char *folder, size_t line, const char *directive,
                        const char *path, quill_error *err) {
    const char *const shown = QUOTED(str_of(name));
    if (!folder) return fail(err, QUILL_E_USAGE, "%s:%zu: %s FILE in a prompt that is no file", shown, line, directive);
    *fd = open_below(folder, path);
    struct stat info;
    if (*fd < 0 && (errno == ELOOP || errno == EMLINK || errno == ENOTDIR))
        return fail(err, QUILL_E_USAGE, "%s:%zu: %s: '%s' leads through a symbolic link or no folder", shown, line,
                    directive, QUOTED(str_of(path)));
    if (*fd < 0 || fstat(*fd, &info) != 0)
        return fail(err, QUILL_E_SYSTEM, "%s:%zu: cannot open '%s': %s", shown, line, QUOTED(str_of(path)),
                    strerror(errno));
    if (!S_ISREG(info.st_mode))
        return fail(err, QUILL_E_USAGE, "%s:%zu: %s: '%s' is no regular file", shown, line, directive,
                    QUOTED(str_of(path)));
    return inputs_add_descriptor(*fd, err);
}

static enum row_form form_of(const char *path) {
    const char *dot = strrchr(path, '.');
    if (dot && strcmp(dot, ".csv") == 0) return ROW_CSV;
    return dot && (strcmp(dot, ".jsonl") == 0 || strcmp(dot, ".ndjson") == 0) ? ROW_JSONL : ROW_TSV;
}

// ---- rows ----

// The state of reading the examples.
struct reading {
    struct examples *out;
    const struct examples_source *from;
};

static quill_status no_answer(const struct reading *r, uint64_t line, const char *what, quill_error *err) {
    return fail(err, QUILL_E_USAGE, "%s:%zu: the examples have no %s '%s', which is the answer",
                QUOTED(str_of(r->out->name)), (size_t)line, what,
                QUOTED(str_of(r->from->slots->names[r->from->answer])));
}

static quill_status add_example(const struct reading *r, const struct row *row, quill_error *err) {
    struct examples *out = r->out;
    const struct slots *slots = r->from->slots;
    if ((out->n & (out->n - 1)) == 0) { // full at 0, 1, 2, 4, ...
        size_t room = out->n ? 2 * out->n : 1;
        struct example *items = realloc(out->items, room * sizeof *items);
        if (!items) return fail_memory(err);
        out->items = items;
    }
    if ((out->n + 1) * slots->n > MOST_VALUES)
        return fail(err, QUILL_E_USAGE, "%s:%zu: more than %zu examples", QUOTED(str_of(out->name)), (size_t)row->line,
                    out->n);
    struct example *e = &out->items[out->n++];
    *e = (struct example){.line = (size_t)row->line, .values = calloc(slots->n, sizeof *e->values)};
    size_t total = 1;
    for (size_t i = 0; i < row->n_fields; i++) total += row->fields[i].n;
    if (!e->values || !buffer_reserve(&e->bytes, total)) return fail_memory(err); // so that the values do not move
    for (size_t i = 0; i < slots->n; i++) {
        const quill_text *value = row_value(row, slots->names[i], strlen(slots->names[i]));
        if (!value) continue;
        e->values[i] = (quill_text){e->bytes.p + e->bytes.n, value->n};
        if (!buffer_add(&e->bytes, value->text, value->n)) return fail_memory(err);
    }
    return e->values[r->from->answer].text ? QUILL_OK : no_answer(r, row->line, "key", err);
}

static quill_status read_all(const struct reading *r, struct rows *rows, uint64_t names_line, quill_error *err) {
    size_t n;
    const quill_text *names = rows_names(rows, &n);
    const char *answer = r->from->slots->names[r->from->answer];
    bool found = !names;
    for (size_t i = 0; i < n; i++)
        found |= names[i].n == strlen(answer) && memcmp(names[i].text, answer, names[i].n) == 0;
    if (!found) return no_answer(r, names_line, "column", err);
    const struct row *row;
    quill_status s = rows_next(rows, &row, err);
    for (; !s && row; s = s ? s : rows_next(rows, &row, err)) s = add_example(r, row, err);
    return s;
}

quill_status examples_read(struct examples *out, const struct examples_source *source,
                           const struct examples_block *block, quill_error *err) {
    const struct reading reading = {out, source};
    int fd = -1;
    struct rows *rows = NULL;
    struct buffer name = {0};
    quill_status s = QUILL_OK;
    if (block->path) {
        bool here = !source->folder || strcmp(source->folder, ".") == 0;
        bool ok = (here || (buffer_add_string(&name, source->folder) && buffer_add(&name, "/", 1))) &&
                  buffer_add_string(&name, block->path) && buffer_add(&name, "", 1);
        s = ok ? open_named(&fd, source->name, source->folder, out->line, "%examples", block->path, err)
               : fail_memory(err);
    } else if (!buffer_add_string(&name, source->name) || !buffer_add(&name, "", 1)) {
        s = fail_memory(err);
    }
    out->name = name.p;
    struct row_source rows_source = {
        .form = block->path ? form_of(block->path) : block->form,
        .skip_empty = true,
        .name = out->name,
        .first_line = block->path ? 1 : block->first_line,
        .fd = fd,
        .memory = block->path     ? NULL
                  : block->rows.p ? block->rows.p
                                  : "",
        .n_memory = block->rows.n,
    };
    if (!s) s = rows_open(&rows, &rows_source, err);
    if (!s) s = read_all(&reading, rows, rows_source.first_line, err);
    rows_close(rows);
    if (fd >= 0) close(fd);
    return s;
}

void examples_free(struct examples *e) {
    for (size_t i = 0; i < e->n; i++) {
        free(e->items[i].values);
        buffer_free(&e->items[i].bytes);
    }
    free(e->items);
    free(e->name);
    *e = (struct examples){0};
}
