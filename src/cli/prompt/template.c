// SPDX-License-Identifier: MIT
#include "template.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/buffer.h"
#include "base/error.h"

// ---- slots ----

int slots_find(const struct slots *slots, const char *name, size_t n) {
    for (size_t i = 0; i < slots->n; i++)
        if (strlen(slots->names[i]) == n && memcmp(slots->names[i], name, n) == 0) return (int)i;
    return -1;
}

void slots_free(struct slots *slots) {
    for (size_t i = 0; i < slots->n; i++) free(slots->names[i]);
    free(slots->names);
    *slots = (struct slots){0};
}

static quill_status slots_add(struct slots *slots, int *slot, const char *name, size_t n, quill_error *err) {
    *slot = slots_find(slots, name, n);
    if (*slot >= 0) return QUILL_OK;
    char **names = realloc(slots->names, (slots->n + 1) * sizeof *names);
    if (!names) return fail_memory(err);
    slots->names = names;
    names[slots->n] = strndup(name, n);
    if (!names[slots->n]) return fail_memory(err);
    *slot = (int)slots->n++;
    return QUILL_OK;
}

// ---- parsing ----

struct parse {
    struct template *out;
    struct slots *slots;
    const char *name;
    size_t line;
};

static quill_status add_part(struct parse *p, struct part part, quill_error *err) {
    struct template *t = p->out;
    struct part *parts = alloc_grow(t->parts, &t->cap, t->n + 1, sizeof *parts);
    if (!parts) return fail_memory(err);
    t->parts = parts;
    parts[t->n++] = part;
    return QUILL_OK;
}

static quill_status add_literal(struct parse *p, const char *text, size_t n, quill_error *err) {
    struct template *t = p->out;
    if (n == 0) return QUILL_OK;
    struct part *last = t->n ? &t->parts[t->n - 1] : NULL;
    if (!buffer_add(&t->literal, text, n)) return fail_memory(err);
    if (!last || last->slot >= 0)
        return add_part(p, (struct part){.slot = -1, .at = t->literal.n - n, .n = n, .line = p->line}, err);
    last->n += n;
    return QUILL_OK;
}

// text[0..n) follows the {{ of a slot; *used: its length up to and including }}.
static quill_status add_slot(struct parse *p, const char *text, size_t n, size_t *used, quill_error *err) {
    enum { LONGEST = 200, MOST = 100 };
    size_t end = 0;
    while (end < n && end < LONGEST && (unsigned char)text[end] >= ' ' && !strchr("{}\x7f", text[end])) end++;
    if (end + 1 >= n || text[end] != '}' || text[end + 1] != '}')
        return fail(err, QUILL_E_USAGE, "%s:%zu: expected {{name}}, found '%s'; a literal {{ is written {{{{",
                    QUOTED(str_of(p->name)), p->line, QUOTED(((struct str){text - 2, (end < n ? end : n) + 2})));
    *used = end + 2;
    while (end && *text == ' ') text++, end--;
    while (end && text[end - 1] == ' ') end--;
    if (end == 0)
        return fail(err, QUILL_E_USAGE, "%s:%zu: a slot without a name; a literal {{ is written {{{{",
                    QUOTED(str_of(p->name)), p->line);
    struct part part = {.line = p->line};
    quill_status s = slots_add(p->slots, &part.slot, text, end, err);
    if (!s && p->slots->n > MOST)
        s = fail(err, QUILL_E_USAGE, "%s:%zu: more than %d slots", QUOTED(str_of(p->name)), p->line, (int)MOST);
    return s ? s : add_part(p, part, err);
}

static size_t braces(const char *text, size_t n) {
    size_t run = 0;
    while (run < n && text[run] == '{') run++;
    return run;
}

quill_status template_add(struct template *t, struct slots *slots, const char *text, size_t n, const char *name,
                          size_t line, quill_error *err) {
    struct parse p = {t, slots, name, line};
    quill_status s = QUILL_OK;
    for (size_t i = 0; i < n && !s;) {
        const char *brace = memchr(text + i, '{', n - i);
        size_t plain = brace ? (size_t)(brace - (text + i)) : n - i;
        s = add_literal(&p, text + i, plain, err);
        for (size_t k = i; k < i + plain; k++) p.line += text[k] == '\n';
        i += plain;
        size_t run = braces(text + i, n - i);
        if (s || run == 0) continue;
        size_t used = run >= 4 ? 4 : 1; // the first of three braces is text
        if (run == 2)
            s = add_slot(&p, text + i + 2, n - i - 2, &used, err), used += 2;
        else
            s = add_literal(&p, "{{", run >= 4 ? 2 : 1, err);
        i += used;
    }
    return s;
}

void template_free(struct template *t) {
    free(t->parts);
    buffer_free(&t->literal);
    *t = (struct template){0};
}

bool template_uses(const struct template *t, size_t n_parts, int slot) {
    for (size_t i = 0; i < n_parts; i++)
        if (t->parts[i].slot == slot) return true;
    return false;
}

bool template_is_blank(const struct template *t) {
    for (size_t i = 0; i < t->n; i++)
        if (t->parts[i].slot >= 0) return false;
    for (size_t i = 0; i < t->literal.n; i++)
        if (!strchr(" \t\r\n", t->literal.p[i]) || t->literal.p[i] == 0) return false;
    return true;
}

static void shorten(struct template *t) {
    t->literal.n--;
    if (--t->parts[t->n - 1].n == 0) t->n--;
}

// The last byte if the template ends in literal text; else 0.
static char last_byte(const struct template *t) {
    return t->n && t->parts[t->n - 1].slot < 0 ? t->literal.p[t->literal.n - 1] : 0;
}

void template_drop_newline(struct template *t) {
    if (last_byte(t) == '\n') shorten(t);
}

bool template_copy(struct template *out, const struct template *t, size_t n_parts) {
    out->parts = alloc_grow(NULL, &out->cap, n_parts + 1, sizeof *out->parts);
    if (!out->parts) return false;
    if (n_parts) memcpy(out->parts, t->parts, n_parts * sizeof *out->parts);
    out->n = n_parts;
    size_t n = 0;
    for (size_t i = 0; i < n_parts; i++) n += t->parts[i].slot < 0 ? t->parts[i].n : 0;
    return buffer_add(&out->literal, t->literal.p, n);
}

bool template_drop_blanks(struct template *t, struct buffer *blanks) {
    size_t n = 0;
    const struct part *last = t->n ? &t->parts[t->n - 1] : NULL;
    while (last && last->slot < 0 && n < last->n && strchr(" \t", t->literal.p[t->literal.n - 1 - n]) &&
           t->literal.p[t->literal.n - 1 - n])
        n++;
    if (n && !buffer_add(blanks, t->literal.p + t->literal.n - n, n)) return false;
    while (n--) shorten(t);
    return true;
}

// ---- rendering ----

void rendered_free(struct rendered *r) {
    buffer_free(&r->text);
    free(r->values);
    *r = (struct rendered){0};
}

bool rendered_add(struct rendered *r, const char *p, size_t n, bool value) {
    if (n == 0) return true;
    if (value) {
        quill_span *values = alloc_grow(r->values, &r->cap_values, r->n_values + 1, sizeof *values);
        if (!values) return false;
        r->values = values;
        values[r->n_values] = (quill_span){r->text.n, n};
    }
    if (!buffer_add(&r->text, p, n)) return false;
    r->n_values += value;
    return true;
}

bool template_render(struct rendered *r, const struct template *t, size_t begin, size_t end,
                     const quill_text *values) {
    bool ok = true;
    for (size_t i = begin; i < end && ok; i++) {
        const struct part *part = &t->parts[i];
        if (part->slot < 0)
            ok = rendered_add(r, t->literal.p + part->at, part->n, false);
        else
            ok = rendered_add(r, values[part->slot].text, values[part->slot].n, true);
    }
    return ok;
}
