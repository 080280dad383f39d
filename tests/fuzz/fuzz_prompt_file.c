// SPDX-License-Identifier: MIT
// A prompt file: parsed, given default options and values, rendered; and the same bytes as rows of every form.
#include "fuzz.h"
#undef QUOTED // the program has its own
#include "cli/prompt/prompt_use.h"
#include "cli/table/rows.h"

// The prefix and the values lie within the text, in order.
static void check_rendered(const struct rendered *r) {
    size_t at = 0;
    CLAIM(r->n_prefix <= r->text.n);
    for (size_t i = 0; i < r->n_values; i++) {
        CLAIM(r->values[i].n > 0 && r->values[i].at >= at && r->values[i].at + r->values[i].n <= r->text.n);
        at = r->values[i].at + r->values[i].n;
    }
}

// A template for files with %chat; it stays until the process ends.
static const quill_chat_template *some_template(void) {
    static quill_chat_template *template;
    static const char text[] = "{% for m in messages %}<{{ m.role }}>{{ m.content }}{% endfor %}";
    quill_error err;
    CLAIM(template || quill_chat_template_parse(&template, text, sizeof text - 1, "t", NULL, &err) == QUILL_OK);
    return template;
}

// Takes the file.
static void use(struct prompt_file *f, struct options *o) {
    quill_error err;
    struct rendered r = {0};
    quill_text values[100]; // no file has more slots
    for (size_t i = 0; i < 100; i++) values[i] = (quill_text){"{{a}}%end\n", 10};
    memset(&err, 0x5a, sizeof err);
    struct prompt_use *u;
    quill_status s = prompt_use_begin(&u, f, o, &err);
    if (!s) u->template = some_template();
    if (!s) s = prompt_use_render(u, values, &r, &err);
    if (s) fuzz_check_error(s, &err);
    else check_rendered(&r);
    CLAIM(u || s);
    rendered_free(&r);
    prompt_use_free(u);
}

static void read_rows(const uint8_t *data, size_t size, enum row_form form) {
    struct row_source source = {.form = form, .name = "rows", .memory = (const char *)data, .n_memory = size};
    struct rows *rows = NULL;
    const struct row *row = NULL;
    quill_error err;
    uint64_t number = 0;
    memset(&err, 0x5a, sizeof err);
    quill_status s = rows_open(&rows, &source, &err);
    if (s) fuzz_check_error(s, &err);
    while (!s) {
        memset(&err, 0x5a, sizeof err);
        quill_status bad = rows_next(rows, &row, &err);
        if (bad) fuzz_check_error(bad, &err);
        if (!row) break;
        CLAIM(row->number == ++number && (bad ? row->n_fields == 0 : row->n_fields > 0 || form == ROW_JSONL));
    }
    rows_close(rows);
}

// A file that was cut short is another file, or none.
static void parse_prefixes(const uint8_t *data, size_t size) {
    for (size_t n = 0; n < size; n++) {
        struct prompt_file *f;
        quill_error err;
        memset(&err, 0x5a, sizeof err);
        quill_status s = prompt_file_parse(&f, "prompt", NULL, (const char *)data, n, &err);
        if (s) fuzz_check_error(s, &err);
        CLAIM((f == NULL) == (s != QUILL_OK));
        prompt_file_free(f);
    }
}

quill_status fuzz_one(const uint8_t *data, size_t size, quill_error *err) {
    struct options o;
    quill_error ignored;
    quill_status s = options_parse(&o, verbs, NULL, 0, &ignored);
    struct prompt_file *f = NULL;
    if (!s) s = prompt_file_parse(&f, "prompt", NULL, (const char *)data, size, err);
    if (!s) use(f, &o);
    options_free(&o);
    if (size < 400) parse_prefixes(data, size);
    if (size)
        for (enum row_form form = ROW_LINES; form <= ROW_JSONL; form++) read_rows(data, size, form);
    return s;
}
