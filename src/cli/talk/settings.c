// SPDX-License-Identifier: MIT
#include "settings.h"

#include <string.h>

#include "base/error.h"

static bool may_be_set(const struct option_row *row) {
    return (row->verbs & CHAT) && row->name && (row->settable || row == OPTION_OF(chat.reasoning));
}

static quill_status tell_names(struct talk *t, quill_error *err) {
    struct buffer names = {0};
    bool ok = true;
    for (const struct option_row *row = option_table; ok && row < option_table + n_option_rows; row++)
        if (may_be_set(row))
            ok = (names.n == 0 || buffer_add_byte(&names, ' ')) && buffer_add_string(&names, row->name);
    if (ok) talk_say(t, "%.*s", (int)names.n, names.p ? names.p : "");
    buffer_free(&names);
    return ok ? QUILL_OK : fail_memory(err);
}

// The value of a field, to put it back.
union value {
    bool flag;
    const char *string;
    struct list list;
    int64_t number;
    double real;
    int word;
};

static size_t size_of(const struct option_row *row) {
    switch (row->kind) {
    case OPTION_FLAG: return sizeof(bool);
    case OPTION_STRING:
    case OPTION_NAME: return sizeof(const char *);
    case OPTION_LIST: return sizeof(struct list);
    case OPTION_INT: return sizeof(int64_t);
    case OPTION_REAL:
    case OPTION_SECONDS: return sizeof(double);
    case OPTION_WORD: return sizeof(int);
    case OPTION_BIAS: break;
    }
    return 0;
}

// Without a value a flag is turned around, a list is emptied, and any other option gets its default.
static quill_status change(struct options *o, const struct option_row *row, const char *value, quill_error *err) {
    char source[64];
    void *field = (char *)o + row->field;
    snprintf(source, sizeof source, "/set %s", row->name);
    if (row->kind == OPTION_FLAG && value) return fail(err, QUILL_E_USAGE, "%s takes no value", source);
    if (row->kind == OPTION_FLAG) return *(bool *)field = !*(bool *)field, QUILL_OK;
    if (value) return options_set(o, row, source, value, err);
    if (row->kind == OPTION_LIST) return ((struct list *)field)->n = 0, QUILL_OK;
    if (row == OPTION_OF(length.predict)) return fail(err, QUILL_E_USAGE, "%s: expected a number", source);
    if (row->initial) return options_set(o, row, source, row->initial, err);
    if (row->kind == OPTION_INT) *(int64_t *)field = -1;
    if (row->kind == OPTION_STRING) *(const char **)field = NULL;
    return QUILL_OK;
}

// A list keeps the memory it has grown to.
static void put_back(struct options *o, const struct option_row *row, const union value *before) {
    void *field = (char *)o + row->field;
    if (row->kind == OPTION_LIST) ((struct list *)field)->n = before->list.n;
    else memcpy(field, before, size_of(row));
}

// What an option is that was given no value.
static void tell_change(struct talk *t, const struct option_row *row) {
    const void *field = (char *)t->c->o + row->field;
    const char *now = row->kind == OPTION_FLAG ? *(const bool *)field ? "on" : "off" : row->initial;
    talk_say(t, "(%s: %s)", row->name, now && *now ? now : "none");
}

static quill_status set(struct talk *t, const struct option_row *row, const char *value, quill_error *err) {
    struct options *o = t->c->o;
    union value before = {0};
    memcpy(&before, (char *)o + row->field, size_of(row));
    quill_status s = change(o, row, value, err);
    if (!s) s = conversation_rebuild(t->c, err);
    if (s) put_back(o, row, &before);
    if (s) return s;
    if (row == OPTION_OF(chat.reasoning)) options_mark(o, row);
    t->idle.request = t->c->production.samples.request;
    return QUILL_OK;
}

quill_status settings_run(struct talk *t, const char *argument, quill_error *err) {
    const size_t n = strcspn(argument, " \t");
    const char *value = argument + n + strspn(argument + n, " \t");
    const struct option_row *row = option_find(argument, n, CHAT);
    if (*argument == 0) return tell_names(t, err);
    if (!row || !may_be_set(row))
        return fail(err, QUILL_E_USAGE, "/set: '%s' is no option that a talk can set; /set alone tells them",
                    QUOTED(((struct str){argument, n})));
    if (*value == 0) {
        const quill_status s = set(t, row, NULL, err);
        if (!s) tell_change(t, row);
        return s;
    }
    const char *kept = talk_keep(t, value);
    return kept ? set(t, row, kept, err) : fail_memory(err);
}
