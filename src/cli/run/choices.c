// SPDX-License-Identifier: MIT
#include "choices.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/error.h"
#include "base/utf8.h"
#include "cli/prompt/read.h"

struct str choice_cut(struct str text) {
    static const char white[] = " \t\r";
    while (text.n && memchr(white, text.p[text.n - 1], strlen(white))) text.n--;
    while (text.n && memchr(white, *text.p, strlen(white))) text.p++, text.n--;
    return text;
}

quill_status choices_add_one(struct choices *c, struct str text, quill_error *err) {
    text = choice_cut(text);
    if (text.n == 0) return fail(err, QUILL_E_USAGE, "choice %zu is empty", c->n + 1);
    struct choice *items = alloc_grow(c->items, &c->cap, c->n + 1, sizeof *items);
    if (!items) return fail_memory(err);
    c->items = items;
    items[c->n] = (struct choice){0};
    return buffer_add_str(&items[c->n++].name, text) ? QUILL_OK : fail_memory(err);
}

quill_status choices_add(struct choices *c, const char *list, quill_error *err) {
    struct buffer name = {0};
    quill_status s = QUILL_OK;
    for (const char *p = list; !s; p++) {
        bool comma = *p == '\\' && p[1] == ',';
        if (comma) p++;
        if (comma || (*p && *p != ',')) {
            if (!buffer_add_byte(&name, *p)) s = fail_memory(err);
            continue;
        }
        s = choices_add_one(c, buffer_str(&name), err);
        name.n = 0;
        if (!*p) break;
    }
    buffer_free(&name);
    return s;
}

static quill_status add_file(struct choices *c, const struct options *o, quill_error *err) {
    const char *path = o->choose.file;
    struct buffer text = {0};
    if (strcmp(path, "-") == 0) say_reading(o, STDIN_FILENO, "choices");
    quill_status s = read_file(&text, path, (uint64_t)o->prompt.max_bytes, err);
    size_t line = 1, at = utf8_mark(text.p, text.n);
    for (; !s && at < text.n; line++) {
        const char *newline = memchr(text.p + at, '\n', text.n - at);
        struct str option = {text.p + at, newline ? (size_t)(newline - text.p) - at : text.n - at};
        s = choice_cut(option).n ? choices_add_one(c, option, err)
                                 : fail(err, QUILL_E_USAGE, "%s:%zu: an empty choice", QUOTED(str_of(path)), line);
        at += option.n + 1;
    }
    buffer_free(&text);
    return s;
}

static int compare(const void *x, const void *y) {
    const struct choice *a = *(const struct choice *const *)x, *b = *(const struct choice *const *)y;
    return str_compare(buffer_str(&a->name), buffer_str(&b->name));
}

quill_status choices_check(const struct choices *c, quill_error *err) {
    if (c->n == 0) return fail(err, QUILL_E_USAGE, "no choices: give --choice A,B,C or --choices FILE");
    const struct choice **sorted = alloc_array(c->n, sizeof(const struct choice *));
    if (!sorted) return fail_memory(err);
    for (size_t i = 0; i < c->n; i++) sorted[i] = &c->items[i];
    qsort(sorted, c->n, sizeof(const struct choice *), compare);
    quill_status s = QUILL_OK;
    for (size_t i = 1; i < c->n && !s; i++)
        if (compare(&sorted[i - 1], &sorted[i]) == 0)
            s = fail(err, QUILL_E_USAGE, "the choice '%s' is given twice", QUOTED(buffer_str(&sorted[i]->name)));
    free(sorted);
    return s;
}

quill_status choices_add_given(struct choices *c, const struct options *o, quill_error *err) {
    quill_status s = QUILL_OK;
    for (size_t i = 0; i < o->choose.choices.n && !s; i++) s = choices_add(c, o->choose.choices.items[i], err);
    return !s && o->choose.file ? add_file(c, o, err) : s;
}

quill_status choices_take(struct choices *c, const struct options *o, quill_error *err) {
    quill_status s = choices_add_given(c, o, err);
    return s ? s : choices_check(c, err);
}

void choices_free(struct choices *c) {
    for (size_t i = 0; i < c->n; i++) {
        buffer_free(&c->items[i].name);
        quill_ids_free(&c->items[i].ids[0]);
        quill_ids_free(&c->items[i].ids[1]);
    }
    free(c->items);
}
