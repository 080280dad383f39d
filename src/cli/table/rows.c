// SPDX-License-Identifier: MIT
#include "rows.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/error.h"
#include "base/utf8.h"
#include "cli/io/signals.h"
#include "row_fields.h"

enum csv_state { CSV_START, CSV_PLAIN, CSV_QUOTED, CSV_CLOSED };

struct rows {
    struct row_source source;
    size_t limit;
    struct buffer buffer;   // bytes read from the descriptor
    const char *data;       // [n] the buffer, or the memory
    size_t n, at;           // data[at..n) was not yet returned
    size_t scanned;         // data[at..at+scanned) holds no end of the row
    uint64_t before;        // bytes before data[0]
    enum csv_state state;   // there
    bool ended;             // nothing follows data[0..n)
    bool begun;             // the byte order mark was skipped
    uint64_t line, number;  // of the next row
    struct row_fields names, fields;
    bool named;
    size_t n_columns;       // of a table: from its names, or from its rows so far
    struct row row;
};

// ---- bytes ----

static quill_status fill(struct rows *r, quill_error *err) {
    enum { STEP = 1 << 16 };
    if (r->at > 0) {
        memmove(r->buffer.p, r->buffer.p + r->at, r->buffer.n - r->at);
        r->buffer.n -= r->at;
        r->before += r->at;
        r->at = 0;
    }
    bool room = buffer_reserve(&r->buffer, STEP);
    r->data = r->buffer.p;
    r->n = r->buffer.n;
    if (!room) return fail_memory(err);
    ssize_t got;
    do got = read(r->source.fd, r->buffer.p + r->buffer.n, STEP);
    while (got < 0 && errno == EINTR && !signals_pending());
    if (got < 0 && errno != EINTR) return fail_errno(err, QUILL_E_SYSTEM, r->source.name, "read", errno);
    if (got <= 0) r->ended = true;
    else r->n = r->buffer.n += (size_t)got;
    return QUILL_OK;
}

// Takes one byte of CSV; true: it ends the row. A row that RFC 4180 does not allow ends with its line.
static bool csv_step(enum csv_state *state, char c) {
    if (*state == CSV_QUOTED) {
        if (c == '"') *state = CSV_CLOSED;
        return false;
    }
    if (c == '\n') return true;
    if (c == ',') *state = CSV_START;
    else if (c == '"') *state = *state == CSV_PLAIN ? CSV_PLAIN : CSV_QUOTED;
    else *state = CSV_PLAIN;
    return false;
}

// Whether all of the row at data[at..n) has been read; then `scanned` is its length without the newline.
static bool find_end(struct rows *r) {
    const char *p = r->data ? r->data + r->at : NULL;
    size_t n = r->n - r->at;
    if (!r->begun && n && *p == '\xef' && n < 3 && !r->ended) return false;
    if (!r->begun && n) {
        const size_t mark = utf8_mark(p, n);
        r->begun = true;
        r->at += mark, p += mark, n -= mark;
    }
    if (r->source.form != ROW_CSV) {
        const char *newline = n > r->scanned ? memchr(p + r->scanned, '\n', n - r->scanned) : NULL;
        r->scanned = newline ? (size_t)(newline - p) : n;
        return newline || r->ended;
    }
    for (; r->scanned < n; r->scanned++)
        if (csv_step(&r->state, p[r->scanned])) return true;
    return r->ended;
}

static quill_status longer(const struct rows *r, quill_error *err) {
    return fail(err, QUILL_E_USAGE, "%s:%" PRIu64 ": a row of more than %zu bytes", QUOTED(str_of(r->source.name)),
                r->line, r->limit);
}

// Drops the rest of a line that is too long; *found false: a signal came.
static quill_status skip_line(struct rows *r, bool *found, quill_error *err) {
    r->row.raw = (quill_text){"", 0};
    for (;;) {
        *found = !signals_pending();
        if (!*found) return QUILL_OK;
        const char *newline = r->n > r->at ? memchr(r->data + r->at, '\n', r->n - r->at) : NULL;
        r->at = newline ? (size_t)(newline - r->data) + 1 : r->n;
        if (newline || r->ended) break;
        quill_status s = fill(r, err);
        if (s) return s;
    }
    quill_status s = longer(r, err);
    r->line++;
    r->scanned = 0;
    r->state = CSV_START;
    return s;
}

// The bytes of the next row; *found false: there is none.
static quill_status next_raw(struct rows *r, bool *found, quill_error *err) {
    *found = false;
    while (!find_end(r)) {
        if (r->scanned > r->limit || signals_pending()) break;
        quill_status s = fill(r, err);
        if (s) return s;
    }
    if (signals_pending() || (r->at == r->n && r->ended)) return QUILL_OK;
    *found = true;
    r->row = (struct row){.number = r->number, .line = r->line};
    if (r->scanned > r->limit) return skip_line(r, found, err);
    const char *p = r->data + r->at;
    r->row.raw = (quill_text){p, r->scanned};
    r->at += r->scanned + (r->at + r->scanned < r->n); // the last line may lack its newline
    r->line++;
    if (r->source.form == ROW_CSV)
        for (size_t i = 0; i < r->row.raw.n; i++) r->line += p[i] == '\n';
    r->scanned = 0;
    r->state = CSV_START;
    return QUILL_OK;
}

// ---- rows ----

static quill_status split_line(const struct rows *r, struct row_fields *out, quill_error *err) {
    const char *p = r->row.raw.text, *end = p + r->row.raw.n;
    for (;;) {
        const char *tab = r->source.split_lines && p < end ? memchr(p, '\t', (size_t)(end - p)) : NULL;
        quill_status s = row_fields_add(out, p, (size_t)((tab ? tab : end) - p), err);
        if (s || !tab) return s;
        p = tab + 1;
    }
}

static quill_status split(struct rows *r, struct row_fields *out, quill_error *err) {
    char where[128];
    row_fields_clear(out);
    snprintf(where, sizeof where, "%s:%" PRIu64, QUOTED(str_of(r->source.name)), r->row.line);
    switch (r->source.form) {
    case ROW_LINES: return split_line(r, out, err);
    case ROW_TSV: return row_fields_tsv(out, r->row.raw, where, err);
    case ROW_CSV: return row_fields_csv(out, r->row.raw, where, err);
    case ROW_JSONL: break;
    }
    return row_fields_json(out, r->row.raw, where, err);
}

// Whether an empty line is to be skipped. With two or more columns it is not a row, since one field is too few.
static bool is_skipped(const struct rows *r) {
    const quill_text raw = r->row.raw;
    const bool table = r->source.form == ROW_TSV || r->source.form == ROW_CSV;
    if (raw.n > 1 || (raw.n == 1 && *raw.text != '\r')) return false;
    return r->source.skip_empty || (table && r->n_columns >= 2);
}

static quill_status read_names(struct rows *r, quill_error *err) {
    bool found;
    quill_status s;
    do s = next_raw(r, &found, err);
    while (!s && found && is_skipped(r));
    if (!s && !found)
        s = signals_pending() ? QUILL_OK
                              : fail(err, QUILL_E_USAGE, "%s: expected a first row with the names of the columns",
                                     QUOTED(str_of(r->source.name)));
    if (!s && found) s = split(r, &r->names, err);
    for (size_t i = 0; !s && i < r->names.n; i++) {
        const quill_text *name = &r->names.texts[i];
        char shown[100];
        snprintf(shown, sizeof shown, "%s", QUOTED(((struct str){name->text, name->n})));
        if (name->n == 0)
            s = fail(err, QUILL_E_USAGE, "%s:%" PRIu64 ": column %zu has no name", QUOTED(str_of(r->source.name)),
                     r->row.line, i + 1);
        for (size_t k = 0; !s && k < i; k++)
            if (r->names.texts[k].n == name->n && memcmp(r->names.texts[k].text, name->text, name->n) == 0)
                s = fail(err, QUILL_E_USAGE, "%s:%" PRIu64 ": two columns named '%s'", QUOTED(str_of(r->source.name)),
                         r->row.line, shown);
    }
    r->named = !s && found;
    r->n_columns = r->names.n;
    return s;
}

quill_status rows_open(struct rows **out, const struct row_source *source, quill_error *err) {
    *out = NULL;
    struct rows *r = calloc(1, sizeof *r);
    if (!r) return fail_memory(err);
    r->source = *source;
    r->limit = source->limit ? source->limit : source->form == ROW_JSONL ? (size_t)8 << 20 : (size_t)64 << 20;
    r->line = source->first_line ? source->first_line : 1;
    r->number = 1;
    r->n_columns = source->n_columns;
    if (source->memory) {
        r->data = source->memory;
        r->n = source->n_memory;
        r->ended = true;
    }
    bool names = (source->form == ROW_TSV || source->form == ROW_CSV) && !source->no_header;
    quill_status s = names ? read_names(r, err) : QUILL_OK;
    if (s) rows_close(r);
    else *out = r;
    return s;
}

void rows_close(struct rows *rows) {
    if (!rows) return;
    row_fields_free(&rows->names);
    row_fields_free(&rows->fields);
    buffer_free(&rows->buffer);
    free(rows);
}

const quill_text *rows_names(const struct rows *rows, size_t *n) {
    *n = rows->named ? rows->names.n : 0;
    return rows->named ? rows->names.texts : NULL;
}

quill_status rows_next(struct rows *r, const struct row **row, quill_error *err) {
    bool found;
    quill_status s;
    *row = NULL;
    do s = next_raw(r, &found, err);
    while (!s && found && is_skipped(r));
    if (!found) return s;
    r->number++;
    *row = &r->row;
    if (!s) s = split(r, &r->fields, err);
    if (!s) r->row.n_found = r->fields.n;
    if (!s && r->fields.n > r->n_columns && !r->named) r->n_columns = r->fields.n;
    if (!s && r->named && r->fields.n != r->names.n)
        s = fail(err, QUILL_E_USAGE, "%s:%" PRIu64 ": expected %zu fields as in the first row, found %zu",
                 QUOTED(str_of(r->source.name)), r->row.line, r->names.n, r->fields.n);
    if (s == QUILL_E_SYSTEM) *row = NULL;
    if (s) return s;
    r->row.fields = r->fields.texts;
    r->row.n_fields = r->fields.n;
    r->row.names = r->named ? r->names.texts : r->fields.names;
    return QUILL_OK;
}

bool rows_ready(struct rows *r) {
    quill_error err;
    while (!find_end(r) && r->scanned <= r->limit && !signals_pending()) {
        struct pollfd event = {.fd = r->source.fd, .events = POLLIN};
        if (poll(&event, 1, 0) <= 0) return false;
        if (fill(r, &err)) return true; // rows_next will report it
    }
    return true;
}

void rows_progress(const struct rows *r, uint64_t *done, uint64_t *all) {
    struct stat info;
    *done = r->before + r->at;
    *all = fstat(r->source.fd, &info) == 0 && S_ISREG(info.st_mode) ? (uint64_t)info.st_size : 0;
    if (*done > *all) *all = 0; // not read from its beginning, or growing
}

const quill_text *row_value(const struct row *row, const char *name, size_t n) {
    for (size_t i = 0; row->names && i < row->n_fields; i++)
        if (row->names[i].n == n && memcmp(row->names[i].text, name, n) == 0) return &row->fields[i];
    return NULL;
}
