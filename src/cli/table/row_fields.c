// SPDX-License-Identifier: MIT
#include "row_fields.h"

#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/error.h"

enum { MOST_FIELDS = 4096, MOST_DEPTH = 100 };

void row_fields_clear(struct row_fields *f) {
    json_decref(f->object);
    f->object = NULL;
    f->n = 0;
    f->decoded.n = 0;
}

void row_fields_free(struct row_fields *f) {
    json_decref(f->object);
    free(f->texts);
    free(f->names);
    buffer_free(&f->decoded);
    *f = (struct row_fields){0};
}

quill_status row_fields_add(struct row_fields *f, const char *p, size_t n, quill_error *err) {
    if ((f->n & (f->n - 1)) == 0) { // full at 0, 1, 2, 4, ...
        quill_text *texts = realloc(f->texts, (f->n ? 2 * f->n : 1) * sizeof *texts);
        if (!texts) return fail_memory(err);
        f->texts = texts;
    }
    f->texts[f->n++] = (quill_text){p, n};
    return QUILL_OK;
}

// Adds decoded[start..) as a field. Decoded bytes are never longer than the row, so one reservation holds them all and
// fields do not move.
static quill_status end_field(struct row_fields *f, size_t start, const char *where, quill_error *err) {
    if (f->n == MOST_FIELDS) return fail(err, QUILL_E_USAGE, "%s: more than %d fields", where, (int)MOST_FIELDS);
    return row_fields_add(f, f->decoded.p + start, f->decoded.n - start, err);
}

static void put(struct row_fields *f, char c) { f->decoded.p[f->decoded.n++] = c; }

static quill_text without_cr(quill_text row) {
    if (row.n && row.text[row.n - 1] == '\r') row.n--;
    return row;
}

// ---- TSV ----

// The character that a backslash and `next` stand for; 0: the backslash is itself.
static char escaped(char next) {
    switch (next) {
    case '\\': return '\\';
    case 'n': return '\n';
    case 't': return '\t';
    case 'r': return '\r';
    default: return 0;
    }
}

quill_status row_fields_tsv(struct row_fields *f, quill_text row, const char *where, quill_error *err) {
    row = without_cr(row);
    if (!buffer_reserve(&f->decoded, row.n + 1)) return fail_memory(err);
    size_t start = 0;
    for (size_t i = 0; i < row.n; i++) {
        char c = row.text[i];
        char known = c == '\\' && i + 1 < row.n ? escaped(row.text[i + 1]) : 0;
        if (c == '\t') {
            quill_status s = end_field(f, start, where, err);
            if (s) return s;
            start = f->decoded.n;
        } else {
            put(f, known ? known : c);
            i += known != 0;
        }
    }
    return end_field(f, start, where, err);
}

// ---- CSV, RFC 4180 ----

// Decodes the quoted field whose content begins at row.text[*at]; sets *at after the closing quote. False: there is no
// closing quote.
static bool unquote(struct row_fields *f, quill_text row, size_t *at) {
    while (*at < row.n) {
        char c = row.text[(*at)++];
        bool doubled = c == '"' && *at < row.n && row.text[*at] == '"';
        if (c == '"' && !doubled) return true;
        *at += doubled;
        put(f, c);
    }
    return false;
}

quill_status row_fields_csv(struct row_fields *f, quill_text row, const char *where, quill_error *err) {
    row = without_cr(row);
    if (!buffer_reserve(&f->decoded, row.n + 1)) return fail_memory(err);
    for (size_t i = 0;; i++) {
        size_t start = f->decoded.n;
        if (i < row.n && row.text[i] == '"') {
            i++;
            if (!unquote(f, row, &i))
                return fail(err, QUILL_E_USAGE, "%s: the quote that opens field %zu is never closed", where, f->n + 1);
            if (i < row.n && row.text[i] != ',')
                return fail(err, QUILL_E_USAGE, "%s: expected ',' behind the quoted field %zu", where, f->n + 1);
        }
        for (; i < row.n && row.text[i] != ','; i++) {
            if (row.text[i] == '"')
                return fail(err, QUILL_E_USAGE, "%s: a quote within field %zu, which is not quoted", where, f->n + 1);
            put(f, row.text[i]);
        }
        quill_status s = end_field(f, start, where, err);
        if (s || i >= row.n) return s;
    }
}

// ---- JSON ----

// Jansson recurses, and allows 2048 levels.
static bool too_deep(quill_text row) {
    size_t depth = 0;
    bool in_string = false;
    for (size_t i = 0; i < row.n; i++) {
        char c = row.text[i];
        if (in_string && c == '\\') i++;
        else if (c == '"') in_string = !in_string;
        else if (!in_string && (c == '[' || c == '{') && ++depth > MOST_DEPTH) return true;
        else if (!in_string && (c == ']' || c == '}') && depth) depth--;
    }
    return false;
}

// Returns the end of the value that begins at row.text[at] in valid JSON. Copies its bytes to `decoded` without white
// space, so that numbers stay as written.
static size_t copy_value(struct row_fields *f, quill_text row, size_t at, bool keep) {
    size_t depth = 0;
    bool in_string = false;
    for (; at < row.n; at++) {
        char c = row.text[at];
        if (!in_string && depth == 0 && (c == ',' || c == '}')) break;
        if (!in_string && strchr(" \t\r\n", c)) continue;
        if (keep) put(f, c);
        if (in_string && c == '\\') {
            at++;
            if (keep) put(f, row.text[at]);
        } else if (c == '"') {
            in_string = !in_string;
        } else if (!in_string) {
            depth += c == '[' || c == '{';
            depth -= c == ']' || c == '}';
        }
    }
    return at;
}

static size_t skip_blanks(quill_text row, size_t at) {
    while (at < row.n && strchr(" \t\r\n", row.text[at])) at++;
    return at;
}

// The place of the value whose key begins with the quote at row.text[at].
static size_t skip_key(quill_text row, size_t at) {
    for (at++; at < row.n && row.text[at] != '"'; at++) at += row.text[at] == '\\';
    at = skip_blanks(row, at + 1);
    return skip_blanks(row, at + 1); // the colon
}

static quill_status add_members(struct row_fields *f, quill_text row, const char *where, quill_error *err) {
    size_t at = skip_blanks(row, 0) + 1;
    const char *key;
    json_t *value;
    json_object_foreach(f->object, key, value) { // in the order of the text
        at = skip_key(row, skip_blanks(row, at));
        size_t start = f->decoded.n;
        bool is_string = json_is_string(value);
        at = copy_value(f, row, at, !is_string) + 1;
        quill_status s = end_field(f, start, where, err);
        if (s) return s;
        if (is_string) f->texts[f->n - 1] = (quill_text){json_string_value(value), json_string_length(value)};
        f->names[f->n - 1] = (quill_text){key, strlen(key)};
    }
    return QUILL_OK;
}

// Makes the number p[0..n) small but keeps its form and length: one digit before the point, zeros for an exponent.
static void shrink(char *p, size_t n) {
    const size_t first = *p == '-';
    bool exponent = false;
    for (size_t i = first + 1; i < n; i++) {
        if (p[i] == 'e' || p[i] == 'E') exponent = true;
        else if (exponent && p[i] >= '1' && p[i] <= '9') p[i] = '0';
        else if (p[i] == '.' && i > first + 1) p[i] = '0';
    }
    const bool digits = p[first] != '0' && first + 2 < n && p[first + 1] >= '0' && p[first + 1] <= '9' &&
                        p[first + 2] >= '0' && p[first + 2] <= '9';
    if (digits) p[first + 1] = '.';
}

static bool is_of_number(char c) { return (c >= '0' && c <= '9') || strchr("+-.eE", c); }

// Numbers that a double cannot hold are only copied, so the object is parsed with small numbers in their place.
static json_t *load_shrunk(quill_text row, size_t flags, json_error_t *problem) {
    char *copy = malloc(row.n);
    if (!copy) return NULL;
    memcpy(copy, row.text, row.n);
    bool in_string = false;
    for (size_t i = 0; i < row.n; i++) {
        size_t n = 0;
        if (in_string && copy[i] == '\\') i++;
        else if (copy[i] == '"') in_string = !in_string;
        else if (!in_string && (copy[i] == '-' || (copy[i] >= '0' && copy[i] <= '9')))
            while (i + n < row.n && copy[i + n] && is_of_number(copy[i + n])) n++;
        if (n) shrink(copy + i, n), i += n - 1;
    }
    json_t *object = json_loadb(copy, row.n, flags, problem);
    free(copy);
    return object;
}

quill_status row_fields_json(struct row_fields *f, quill_text row, const char *where, quill_error *err) {
    const size_t flags = JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL | JSON_DECODE_INT_AS_REAL;
    json_error_t problem;
    if (too_deep(row)) return fail(err, QUILL_E_USAGE, "%s: JSON of more than %d levels", where, MOST_DEPTH);
    // Jansson sometimes reports a failed allocation as a mistake in the text; a real mistake also occurs the second
    // time.
    for (int i = 0; i < 2 && !f->object; i++) f->object = json_loadb(row.text, row.n, flags, &problem);
    if (!f->object && json_error_code(&problem) == json_error_numeric_overflow)
        f->object = load_shrunk(row, flags, &problem);
    if (!f->object && json_error_code(&problem) == json_error_out_of_memory) return fail_memory(err);
    if (!f->object)
        return fail(err, QUILL_E_USAGE, "%s: expected a JSON object: %s, at byte %d", where,
                    QUOTED(str_of(problem.text)), problem.position);
    size_t n = json_object_size(f->object);
    if (!json_is_object(f->object))
        return fail(err, QUILL_E_USAGE, "%s: expected a JSON object, found another value", where);
    if (n > MOST_FIELDS) return fail(err, QUILL_E_USAGE, "%s: more than %d keys", where, (int)MOST_FIELDS);
    quill_text *names = realloc(f->names, (n + 1) * sizeof *names);
    if (!names) return fail_memory(err);
    f->names = names;
    if (!buffer_reserve(&f->decoded, row.n + 1)) return fail_memory(err);
    return add_members(f, row, where, err);
}
