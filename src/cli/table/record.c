// SPDX-License-Identifier: MIT
#include "record.h"

#include <string.h>

#include "base/buffer.h"
#include "cli/io/show.h"

void record_free(struct record *r) {
    buffer_free(&r->kept);
    buffer_free(&r->text);
}

// ---- fields ----

// RFC 4180: the field is quoted, and quotes in it are doubled.
static bool add_quoted(struct buffer *t, const char *p, size_t n) {
    bool ok = buffer_add_string(t, "\"");
    for (size_t i = 0; i < n && ok; i++) ok = buffer_add(t, p + i, 1) && (p[i] != '"' || buffer_add_string(t, "\""));
    return ok && buffer_add_string(t, "\"");
}

static bool add_name(struct buffer *t, enum row_form form, const char *p, size_t n) {
    if (form != ROW_CSV) return show_escaped(t, p, n);
    for (size_t i = 0; i < n; i++)
        if (strchr("\",\r\n", p[i]) && p[i]) return add_quoted(t, p, n);
    return buffer_add(t, p, n);
}

static bool add_separator(struct buffer *t, enum row_form form) {
    return buffer_add_string(t, form == ROW_CSV ? "," : "\t");
}

bool record_header(struct buffer *t, const struct record_form *form, const quill_text *names) {
    bool ok = true;
    for (size_t i = 0; i < form->n_columns && ok; i++)
        ok = add_name(t, form->input, names[i].text, names[i].n) && add_separator(t, form->input);
    return ok && add_name(t, form->input, form->out, strlen(form->out)) && buffer_add_string(t, "\n");
}

// ---- JSON ----

static bool add_without_blanks(struct buffer *t, quill_text raw) {
    bool in_string = false;
    for (size_t i = 0; i < raw.n; i++) {
        char c = raw.text[i];
        if (!in_string && strchr(" \t\r\n", c)) continue;
        if (!buffer_add(t, &c, 1)) return false;
        if (in_string && c == '\\' && ++i < raw.n && !buffer_add(t, raw.text + i, 1)) return false;
        if (c == '"') in_string = !in_string;
    }
    return true;
}

// The end of the key or value that begins at p[at], in a valid object without white space.
static size_t skip_value(const char *p, size_t at) {
    bool in_string = false;
    for (size_t depth = 0;; at++) {
        char c = p[at];
        if (in_string && c == '\\') at++;
        else if (c == '"') in_string = !in_string;
        else if (!in_string && depth == 0 && strchr(":,}", c)) return at;
        else if (!in_string && strchr("[{", c)) depth++;
        else if (!in_string && strchr("]}", c)) depth--;
    }
}

struct member {
    int at; // its place in the object; -1: new
    const char *key;
    const char *value; // JSON; NULL: omit the member
};

// Adds the kept object with new values for some members, or without them.
static bool add_object(struct buffer *t, const struct buffer *object, const struct member *set, size_t n_set) {
    const char *p = object->p;
    bool ok = buffer_add_string(t, "{"), first = true;
    for (size_t at = 1, i = 0; ok && object->n && p[at] != '}'; i++) {
        size_t colon = skip_value(p, at), end = skip_value(p, colon + 1);
        const struct member *m = NULL;
        for (size_t k = 0; k < n_set; k++)
            if (set[k].at == (int)i) m = &set[k];
        if (!m || m->value) {
            ok = (first || buffer_add_string(t, ",")) && buffer_add(t, p + at, m ? colon + 1 - at : end - at) &&
                 (!m || buffer_add_string(t, m->value));
            first = false;
        }
        at = end + (p[end] == ',');
    }
    for (size_t k = 0; k < n_set && ok; k++) {
        if (set[k].at >= 0 || !set[k].value) continue;
        ok = (first || buffer_add_string(t, ",")) && json_add(t, json_c_string(set[k].key)) &&
             buffer_add_string(t, ":") && buffer_add_string(t, set[k].value);
        first = false;
    }
    return ok && buffer_add_string(t, "}");
}

// ---- records ----

static int member_named(const struct row *row, const char *key) {
    size_t n = strlen(key);
    for (size_t i = 0; row->fields && i < row->n_fields; i++)
        if (row->names[i].n == n && memcmp(row->names[i].text, key, n) == 0) return (int)i;
    return -1;
}

bool record_begin(struct record *r, const struct record_form *form, const struct row *row) {
    r->kept.n = r->text.n = 0;
    r->out_at = r->error_at = -1;
    if (form->json || form->input == ROW_LINES) return true;
    if (form->input == ROW_JSONL) {
        r->out_at = member_named(row, form->out);
        r->error_at = member_named(row, RECORD_ERROR_KEY);
        return !row->fields || add_without_blanks(&r->kept, row->raw);
    }
    if (!form->out) return true;
    quill_text raw = row->raw;
    if (raw.n && raw.text[raw.n - 1] == '\r') raw.n--;
    const bool whole = row->fields || row->n_found;
    const size_t n = whole ? row->n_found : 1;
    bool ok = whole ? buffer_add(&r->kept, raw.text, raw.n) : add_name(&r->kept, form->input, raw.text, raw.n);
    for (size_t i = n; i < form->n_columns && ok; i++) ok = add_separator(&r->kept, form->input);
    return ok && add_separator(&r->kept, form->input);
}

static bool is_blank(char c) { return c == ' ' || c == '\t'; }

quill_text record_answer(const struct record_form *form, quill_text text) {
    if (form->keep_blanks) return text;
    while (text.n && is_blank(text.text[text.n - 1])) text.n--;
    while (text.n && is_blank(*text.text)) text.text++, text.n--;
    return text;
}

static bool end_object(struct record *r, const char *out, json_t *value, const char *error) {
    struct buffer answer = {0}, problem = {0};
    bool ok = json_add(&answer, value) && buffer_add(&answer, "", 1);
    if (error) ok = json_add(&problem, json_c_string(error)) && buffer_add(&problem, "", 1) && ok;
    const struct member set[] = {{r->out_at, out, answer.p}, {r->error_at, RECORD_ERROR_KEY, problem.p}};
    ok = ok && add_object(&r->text, &r->kept, set, 2) && buffer_add_string(&r->text, "\n");
    buffer_free(&answer);
    buffer_free(&problem);
    return ok;
}

bool record_end(struct record *r, const struct record_form *form, quill_text answer, json_t *value,
                const char *error) {
    if (form->input == ROW_JSONL) {
        if (!value) value = error ? json_null() : json_text(answer.text, answer.n);
        return end_object(r, form->out, value, error);
    }
    json_decref(value);
    if (error) answer.n = 0;
    bool ok = buffer_add(&r->text, r->kept.p, r->kept.n);
    ok = ok && (form->input == ROW_CSV ? add_quoted : show_escaped)(&r->text, answer.text, answer.n);
    return ok && buffer_add_string(&r->text, "\n");
}

bool record_end_plain(struct record *r, const struct buffer *line) {
    return buffer_add(&r->text, r->kept.p, r->kept.n) && buffer_add(&r->text, line->p, line->n) &&
           buffer_add_string(&r->text, "\n");
}

bool record_end_json(struct record *r, uint64_t number, json_t *object) {
    json_t *all = object ? json_object() : NULL;
    bool ok = all && json_put(all, "row", json_integer((json_int_t)number)) && json_object_update(all, object) == 0;
    json_decref(object);
    if (ok) return json_add(&r->text, all) && buffer_add_string(&r->text, "\n");
    json_decref(all);
    return false;
}
