// SPDX-License-Identifier: MIT
#include "options.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nearest.h"
#include "report.h"
#include "textbuf.h"

// ---- words in a list separated by blanks ----

static bool next_word(const char **list, const char **word, size_t *n) {
    if (!*list) return false;
    *word = *list + strspn(*list, " ");
    *n = strcspn(*word, " ");
    *list = *word + *n;
    return *n > 0;
}

static bool has_word(const char *list, const char *text) {
    const char *word;
    for (size_t n; next_word(&list, &word, &n);)
        if (strlen(text) == n && memcmp(word, text, n) == 0) return true;
    return false;
}

// ---- values ----

static quill_status bad_number(const struct option_row *row, const char *source, const char *value, const char *what,
                               quill_error *err) {
    return set_error(err, QUILL_E_USAGE, "%s: expected %s from %.16g to %.16g, found '%s'", source, what, row->min,
                     row->max, QUOTED(value));
}

static quill_status set_int(const struct option_row *row, int64_t *field, const char *source, const char *value,
                            quill_error *err) {
    char *end;
    errno = 0;
    long long number = strtoll(value, &end, 10);
    bool whole = strspn(value, "-0123456789") == strlen(value) && end != value && *end == 0 && errno == 0;
    if (!whole || (double)number < row->min || (double)number > row->max)
        return bad_number(row, source, value, "a whole number", err);
    *field = number;
    return QUILL_OK;
}

static quill_status set_real(const struct option_row *row, double *field, const char *source, const char *value,
                             quill_error *err) {
    bool seconds = row->kind == OPTION_SECONDS;
    const char *plain = value + strspn(value, "+-.0123456789eE"); // strtod would also read " 1", "0x1", "inf" and "nan"
    char *end;
    double number = strtod(value, &end);
    bool whole = end == plain && end != value;
    if (seconds && *plain && plain[1] == 0) {
        if (*plain == 'm') number *= 60;
        if (*plain == 'h') number *= 3600;
        if (strchr("smh", *plain)) plain++;
    }
    if (!whole || *plain || !isfinite(number) || number < row->min || number > row->max)
        return bad_number(row, source, value, seconds ? "seconds" : "a number", err);
    *field = number;
    return QUILL_OK;
}

static quill_status add_item(struct list *list, const char *item, quill_error *err) {
    const char **items = realloc(list->items, (list->n + 1) * sizeof *items);
    if (!items) return set_no_memory(err);
    list->items = items;
    items[list->n++] = item;
    return QUILL_OK;
}

static quill_status set_field(struct options *o, const struct option_row *row, const char *source, const char *value,
                              quill_error *err) {
    void *field = (char *)o + row->field;
    switch (row->kind) {
    case OPTION_FLAG: *(bool *)field = true; return QUILL_OK;
    case OPTION_STRING: *(const char **)field = value; return QUILL_OK;
    case OPTION_LIST: return add_item(field, value, err);
    case OPTION_INT: return set_int(row, field, source, value, err);
    case OPTION_REAL:
    case OPTION_SECONDS: return set_real(row, field, source, value, err);
    case OPTION_WORD:
        if (!has_word(row->words, value))
            return set_error(err, QUILL_E_USAGE, "%s: expected one of: %s; found '%s'", source, row->words,
                             QUOTED(value));
        *(const char **)field = value;
        return QUILL_OK;
    case OPTION_LATER: break;
    }
    return set_error(err, QUILL_E_USAGE, "%s: %s are not available in this version", source, row->help);
}

// ---- names ----

// The row of a long name (dashes for underscores already) or of a letter. NULL: there is none.
static const struct option_row *row_of_name(const char *name) {
    for (const struct option_row *row = option_table; row < option_table + n_option_rows; row++)
        if (row->name && (strcmp(row->name, name) == 0 || has_word(row->aliases, name))) return row;
    return NULL;
}

// A name may mean something else to some verb, in a row behind the one of the others.
static const struct option_row *verb_row_of_name(const struct verb *verb, const char *name) {
    const struct option_row *row = row_of_name(name);
    if (!row || (row->verbs & verb->bit)) return row;
    for (const struct option_row *own = row + 1; own < option_table + n_option_rows; own++)
        if ((own->verbs & verb->bit) && own->name && strcmp(own->name, row->name) == 0) return own;
    return row;
}

// A letter may mean something else to some verb.
static const struct option_row *row_of_letter(const struct verb *verb, char letter) {
    const struct option_row *other = NULL;
    for (const struct option_row *row = option_table; row < option_table + n_option_rows; row++) {
        if (!row->letters || !strchr(row->letters, letter)) continue;
        if (row->verbs & verb->bit) return row;
        if (!other) other = row;
    }
    return other;
}

static const char *program_of(const struct verb *verb, char *buffer, size_t n) {
    snprintf(buffer, n, verb->name[0] ? "quill %s" : "quill", verb->name);
    return buffer;
}

static quill_status unknown_option(const struct verb *verb, const char *shown, const char *name, quill_error *err) {
    struct nearest search = {.typed = name};
    for (const struct option_row *row = option_table; row < option_table + n_option_rows; row++) {
        if (!row->name || !(row->verbs & verb->bit) || row->kind == OPTION_LATER) continue;
        nearest_offer(&search, row->name, strlen(row->name));
        const char *aliases = row->aliases, *alias;
        for (size_t n; next_word(&aliases, &alias, &n);) nearest_offer(&search, alias, n);
    }
    char program[32];
    if (search.best)
        return set_error(err, QUILL_E_USAGE, "unknown option '%s'; did you mean '--%.*s'?", QUOTED(shown),
                         (int)search.best_n, search.best);
    if (strchr(shown, ' '))
        return set_error(err, QUILL_E_USAGE, "unknown option '%s'; a text that begins with '-' goes after --",
                         QUOTED(shown));
    return set_error(err, QUILL_E_USAGE, "unknown option '%s'; see '%s --help'", QUOTED(shown),
                     program_of(verb, program, sizeof program));
}

// The row exists; is it this verb's?
static quill_status check_verb(const struct verb *verb, const struct option_row *row, const char *shown,
                               quill_error *err) {
    if (row->verbs & verb->bit) return QUILL_OK;
    char here[32], there[32];
    for (size_t i = 0; i < n_verbs; i++)
        if (verbs[i].bit & row->verbs)
            return set_error(err, QUILL_E_USAGE, "%s is an option of '%s', not of '%s'", shown,
                             program_of(&verbs[i], there, sizeof there), program_of(verb, here, sizeof here));
    return set_error(err, QUILL_E_USAGE, "%s is not an option of '%s'", shown, program_of(verb, here, sizeof here));
}

// ---- the command line ----

struct scan {
    const struct verb *verb;
    char **args; // [n]
    size_t n, i; // args[i] is being read
};

// The value of an option: `attached` (after "=" or the letter), else the next argument.
static quill_status take_value(struct scan *scan, struct options *o, const struct option_row *row, const char *shown,
                               const char *attached, quill_error *err) {
    quill_status s = check_verb(scan->verb, row, shown, err);
    if (s) return s;
    if (row->kind == OPTION_FLAG && attached) return set_error(err, QUILL_E_USAGE, "%s takes no value", shown);
    const char *next = scan->i + 1 < scan->n ? scan->args[scan->i + 1] : NULL;
    if (row->bare && !attached && (!next || next[0] == '-')) attached = row->bare;
    if (row->kind != OPTION_FLAG && !attached) {
        if (scan->i + 1 == scan->n) return set_error(err, QUILL_E_USAGE, "%s needs a value: %s", shown, row->value);
        attached = scan->args[++scan->i];
    }
    size_t i = (size_t)(row - option_table);
    o->given[i / 64] |= UINT64_C(1) << i % 64;
    return set_field(o, row, shown, attached, err);
}

static quill_status parse_long(struct scan *scan, struct options *o, const char *arg, quill_error *err) {
    char name[64], shown[sizeof name + 2];
    size_t n = strcspn(arg + 2, "=");
    const char *attached = arg[2 + n] ? arg + 2 + n + 1 : NULL;
    if (n >= sizeof name) return unknown_option(scan->verb, arg, "", err);
    memcpy(name, arg + 2, n);
    name[n] = 0;
    snprintf(shown, sizeof shown, "--%s", name);
    for (char *c = name; *c; c++)
        if (*c == '_') *c = '-';
    const struct option_row *row = verb_row_of_name(scan->verb, name);
    if (!row) return unknown_option(scan->verb, shown, name, err);
    return take_value(scan, o, row, shown, attached, err);
}

// -v -q: -vq; -n 3: -n3; the last letter may take a value.
static quill_status parse_letters(struct scan *scan, struct options *o, const char *arg, quill_error *err) {
    for (const char *letter = arg + 1; *letter; letter++) {
        char shown[] = {'-', *letter, 0};
        const struct option_row *row = row_of_letter(scan->verb, *letter);
        if (!row) return unknown_option(scan->verb, letter == arg + 1 ? arg : shown, arg + 1, err);
        bool flag = row->kind == OPTION_FLAG;
        quill_status s = take_value(scan, o, row, shown, !flag && letter[1] ? letter + 1 : NULL, err);
        if (s || !flag) return s;
    }
    return QUILL_OK;
}

static quill_status set_defaults(struct options *o, quill_error *err) {
    for (const struct option_row *row = option_table; row < option_table + n_option_rows; row++) {
        if (row->kind == OPTION_INT) *(int64_t *)((char *)o + row->field) = -1;
        quill_status s = row->initial ? set_field(o, row, row->name, row->initial, err) : QUILL_OK;
        if (s) return s;
    }
    return QUILL_OK;
}

quill_status options_parse(struct options *o, const struct verb *verb, char **args, size_t n, quill_error *err) {
    *o = (struct options){0};
    quill_status s = set_defaults(o, err);
    bool ended = false;
    struct scan scan = {verb, args, n, 0};
    for (; !s && scan.i < n; scan.i++) {
        const char *arg = args[scan.i];
        if (ended || arg[0] != '-' || arg[1] == 0)
            s = add_item(&o->operands, arg, err);
        else if (strcmp(arg, "--") == 0)
            ended = true;
        else if (arg[1] == '-')
            s = parse_long(&scan, o, arg, err);
        else
            s = parse_letters(&scan, o, arg, err);
    }
    return s;
}

quill_status options_set(struct options *o, const char *row_name, const char *source, const char *value,
                         quill_error *err) {
    return set_field(o, row_of_name(row_name), source, value, err);
}

bool options_given(const struct options *o, const char *row_name) {
    const struct option_row *row = row_of_name(row_name);
    size_t i = row ? (size_t)(row - option_table) : 0;
    return row && (o->given[i / 64] >> i % 64 & 1);
}

quill_status options_set_default(struct options *o, const char *row_name, const char *source, const char *value,
                                 quill_error *err) {
    if (!row_of_name(row_name)) return set_error(err, QUILL_E_USAGE, "%s: not available in this version", source);
    if (options_given(o, row_name)) {
        struct options scratch = {0}; // what is not used is checked all the same
        quill_status s = options_set(&scratch, row_name, source, value, err);
        options_free(&scratch);
        return s;
    }
    return options_set(o, row_name, source, value, err);
}

void options_free(struct options *o) {
    free(o->defines.items);
    free(o->files.items);
    free(o->operands.items);
    free(o->stops.items);
    free(o->choices.items);
    free(o->yes.items);
    free(o->no.items);
    free(o->logit_bias.items);
}
