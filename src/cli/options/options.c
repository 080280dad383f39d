// SPDX-License-Identifier: MIT
#include "options.h"

#include <assert.h>
#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/nearest.h"

// ---- values ----

// The index of `text` in `list`, words separated by spaces; -1: not in it. A word also ends at '='; *value: what
// follows.
static int find_word(const char *list, const char *text, const char **value) {
    const size_t n = strlen(text);
    int i = 0;
    for (size_t length; (length = strcspn(list, " ")); list += length, list += strspn(list, " "), i++) {
        const size_t name = strcspn(list, "= ");
        *value = list + name + (list[name] == '=');
        if (name == n && memcmp(list, text, n) == 0) return i;
    }
    return -1;
}

// For a number: "auto, off or a whole number from 1 to 64"; names that are numbers are not listed.
static quill_status bad_number(const struct option_row *row, const char *source, const char *value, const char *what,
                               quill_error *err) {
    char names[64] = "", range[80];
    const char *between = "";
    size_t used = 0;
    for (const char *at = row->names; at && *at; at += strcspn(at, " "), at += strspn(at, " ")) {
        if (*at < 'a') continue;
        used += (size_t)snprintf(names + used, sizeof names - used, "%s%.*s", between, (int)strcspn(at, "="), at);
        between = ", ";
    }
    snprintf(range, sizeof range, row->above_min ? "above %.16g and at most %.16g" : "from %.16g to %.16g", row->min,
             row->max);
    return fail(err, QUILL_E_USAGE, "%s: expected %s%s%s %s, found '%s'", source, names, used ? " or " : "", what,
                range, QUOTED(str_of(value)));
}

static quill_status set_int(const struct option_row *row, int64_t *field, const char *source, const char *value,
                            quill_error *err) {
    const char *named;
    if (row->names && find_word(row->names, value, &named) >= 0) {
        *field = strtoll(named, NULL, 10);
        return QUILL_OK;
    }
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
    if (!whole || *plain || !isfinite(number) || number < row->min || number > row->max ||
        (row->above_min && number == row->min))
        return bad_number(row, source, value, seconds ? "seconds" : "a number", err);
    *field = number;
    return QUILL_OK;
}

static quill_status add_item(struct list *list, const char *item, quill_error *err) {
    const char **items = realloc(list->items, (list->n + 1) * sizeof *items);
    if (!items) return fail_memory(err);
    list->items = items;
    items[list->n++] = item;
    return QUILL_OK;
}

// ID+B, ID-B or ID-inf
static quill_status add_bias(struct bias_list *list, const char *source, const char *text, quill_error *err) {
    char *end;
    errno = 0;
    long id = strtol(text, &end, 10);
    bool good = *text >= '0' && *text <= '9' && errno == 0 && id <= INT32_MAX && (*end == '+' || *end == '-');
    const char *value = end;
    double bias = 0;
    if (good && strcmp(value, "-inf") == 0) {
        bias = (double)-INFINITY;
    } else if (good) {
        bias = strtod(value, &end);
        bool plain = value[strspn(value, ".0123456789eE+-")] == 0; // no "inf", "nan", "0x1"
        good = plain && end != value && *end == 0 && isfinite((float)bias);
    }
    if (!good)
        return fail(err, QUILL_E_USAGE, "%s: expected ID+B, ID-B or ID-inf, found '%s'", source, QUOTED(str_of(text)));
    quill_logit_bias *items = realloc(list->items, (list->n + 1) * sizeof *items);
    if (!items) return fail_memory(err);
    list->items = items;
    items[list->n++] = (quill_logit_bias){(int32_t)id, (float)bias};
    return QUILL_OK;
}

static quill_status set_word(const struct option_row *row, void *field, const char *source, const char *value,
                             quill_error *err) {
    const char *named;
    const int i = find_word(row->words, value, &named);
    if (i < 0)
        return fail(err, QUILL_E_USAGE, "%s: expected one of: %s; found '%s'", source, row->words,
                    QUOTED(str_of(value)));
    if (row->kind == OPTION_WORD) *(int *)field = i;
    else *(const char **)field = value;
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
    case OPTION_NAME: return set_word(row, field, source, value, err);
    case OPTION_BIAS: return add_bias(field, source, value, err);
    }
    return fail(err, QUILL_E_USAGE, "%s: %s are not available in this version", source, row->help);
}

// ---- names ----

const char *option_next_name(const struct option_row *row, const char *name) {
    if (!name) return row->name;
    name = name == row->name ? row->aliases : name + strlen(name) + 1;
    return name && *name ? name : NULL;
}

// Underscores count as dashes.
static bool is_named(const char *name, const char *text, size_t n) {
    size_t i = 0;
    while (i < n && name[i] == (text[i] == '_' ? '-' : text[i]) && name[i]) i++;
    return i == n && name[i] == '\0';
}

const struct option_row *option_find(const char *text, size_t n, unsigned of_verbs) {
    for (const struct option_row *row = option_table; row < option_table + n_option_rows; row++) {
        if (!(row->verbs & of_verbs)) continue;
        for (const char *name = NULL; (name = option_next_name(row, name));)
            if (is_named(name, text, n)) return row;
    }
    return NULL;
}

const struct option_row *option_of(size_t field) {
    const struct option_row *row = option_table;
    while (row->field != field) row++;
    return row;
}

static const char *program_of(const struct verb *verb, char *buffer, size_t n) {
    snprintf(buffer, n, verb->name[0] ? "quill %s" : "quill", verb->name);
    return buffer;
}

static quill_status unknown_option(const struct verb *verb, const char *shown, const char *name, quill_error *err) {
    struct nearest search = {.typed = str_of(name)};
    for (const struct option_row *row = option_table; row < option_table + n_option_rows; row++) {
        if (!(row->verbs & verb->bit)) continue;
        for (const char *offer = NULL; (offer = option_next_name(row, offer));)
            if (strncmp(name, "no-", 3) != 0 || strcmp(name + 3, offer) != 0) // its opposite is no help
                nearest_offer(&search, str_of(offer));
    }
    char program[32];
    if (search.best.p)
        return fail(err, QUILL_E_USAGE, "unknown option '%s'; did you mean '--%.*s'?", QUOTED(str_of(shown)),
                    (int)search.best.n, search.best.p);
    if (strchr(shown, ' '))
        return fail(err, QUILL_E_USAGE, "unknown option '%s'; a text that begins with '-' goes after --",
                    QUOTED(str_of(shown)));
    return fail(err, QUILL_E_USAGE, "unknown option '%s'; see '%s --help'", QUOTED(str_of(shown)),
                program_of(verb, program, sizeof program));
}

// Checks that an existing row belongs to this verb.
static quill_status check_verb(const struct verb *verb, const struct option_row *row, const char *shown,
                               quill_error *err) {
    if (row->verbs & verb->bit) return QUILL_OK;
    char here[32], there[32];
    for (size_t i = 0; i < n_verbs; i++)
        if (verbs[i].bit & row->verbs)
            return fail(err, QUILL_E_USAGE, "%s is an option of '%s', not of '%s'", shown,
                        program_of(&verbs[i], there, sizeof there), program_of(verb, here, sizeof here));
    return fail(err, QUILL_E_USAGE, "%s is not an option of '%s'", shown, program_of(verb, here, sizeof here));
}

// ---- the command line ----

// What getopt_long returns: a letter; FIRST_NAME or more for a name; OPERAND, in its mode "-"; ? or : for a mistake.
enum { OPERAND = 1, FIRST_NAME = 256, MOST_NAMES = 256 };

// The command line, and the option table as getopt_long takes it.
struct scan {
    const struct verb *verb;
    char **argv; // [n]
    int n;
    char typed[256];                     // the current name, as typed
    struct option names[MOST_NAMES + 1]; // [n_names], then zeros
    size_t n_names;
    char letters[3 * FIRST_NAME];
    const struct option_row *rows[FIRST_NAME + MOST_NAMES]; // by what getopt_long returns
};

static void add_row(struct scan *scan, const struct option_row *row) {
    const int takes = row->kind == OPTION_FLAG ? no_argument : row->bare ? optional_argument : required_argument;
    for (const char *name = NULL; (name = option_next_name(row, name)); scan->n_names++) {
        assert(scan->n_names < MOST_NAMES);
        scan->rows[FIRST_NAME + scan->n_names] = row;
        scan->names[scan->n_names] = (struct option){name, takes, NULL, FIRST_NAME + (int)scan->n_names};
    }
    for (const char *letter = row->letters; letter && *letter; letter++) {
        const struct option_row **owner = &scan->rows[(unsigned char)*letter];
        if (*owner) continue;
        *owner = row;
        snprintf(scan->letters + strlen(scan->letters), 4, "%c%.*s", *letter, takes, "::");
    }
}

// A name or a letter may mean different things to different verbs: the first of equal ones counts.
static void add_table(struct scan *scan) {
    for (int others = 0; others < 2; others++)
        for (const struct option_row *row = option_table; row < option_table + n_option_rows; row++)
            if (((row->verbs & scan->verb->bit) == 0) == others) add_row(scan, row);
}

// --top_k means --top-k; getopt_long knows only dashes.
static void note_name(struct scan *scan, char *arg) {
    if (arg[0] != '-' || arg[1] != '-') return;
    snprintf(scan->typed, sizeof scan->typed, "%.*s", (int)strcspn(arg, "="), arg);
    for (char *c = arg + 2; *c && *c != '='; c++)
        if (*c == '_') *c = '-';
}

// Whether the letters word[0..n) may follow one dash: flags (but help and the like only alone), and at the end one that
// takes the next argument; or a text option with its value, unless that spells a long name.
static bool is_cluster(const struct scan *scan, const char *word, size_t n) {
    for (size_t i = 0; i < n; i++) {
        const struct option_row *row = scan->rows[(unsigned char)word[i]];
        if (!row) return true; // the letter is refused by itself
        if (row->kind != OPTION_FLAG) return i + 1 == n || row->kind == OPTION_STRING || row->kind == OPTION_LIST;
        if (row->field == offsetof(struct options, talk.short_help) ||
            row->field == offsetof(struct options, talk.version))
            return false;
    }
    return true;
}

// -ngl 99, -no-cnv, -prompt: names of other programs or ours after a single dash.
static quill_status check_dashes(const struct scan *scan, const char *arg, quill_error *err) {
    if (arg[0] != '-' || arg[1] == '-') return QUILL_OK;
    const char *word = arg + 1;
    const size_t n = strcspn(word, "=");
    if (n < 2) return QUILL_OK;
    for (const char *c = word; c < word + n; c++)
        if (!(*c >= 'a' && *c <= 'z') && *c != '-' && *c != '_') return QUILL_OK;
    if (option_find(word, n, scan->verb->bit))
        return fail(err, QUILL_E_USAGE, "'%s': names of options have two dashes: '--%.*s'", QUOTED(str_of(arg)), (int)n,
                    word);
    if (is_cluster(scan, word, n)) return QUILL_OK;
    char program[32];
    return fail(err, QUILL_E_USAGE, "unknown option '%s'; names of options have two dashes: see '%s --help'",
                QUOTED(str_of(arg)), program_of(scan->verb, program, sizeof program));
}

void options_mark(struct options *o, const struct option_row *row) {
    const size_t i = (size_t)(row - option_table);
    o->given[i / 64] |= UINT64_C(1) << i % 64;
}

// Sets the option that was `found` in `arg`.
static quill_status take(struct scan *scan, struct options *o, char *arg, int found, quill_error *err) {
    const bool is_name = arg[1] == '-';
    const int value = found == '?' || found == ':' ? optopt : found;
    const char letter[] = {'-', (char)value, 0}, *shown = is_name ? scan->typed : letter;
    const struct option_row *row = value > 0 ? scan->rows[value] : NULL;
    const size_t length = strcspn(arg, "=");
    // getopt_long also accepts the beginning of a name; a script that uses one would break when a name is added.
    if (is_name && row && strlen(scan->names[value - FIRST_NAME].name) != length - 2) row = NULL;
    if (!row && is_name) arg[length] = 0;
    if (!row) return unknown_option(scan->verb, arg[1] == letter[1] ? arg : shown, arg + 1 + is_name, err);
    quill_status s = check_verb(scan->verb, row, shown, err);
    if (s) return s;
    if (found == '?') return fail(err, QUILL_E_USAGE, "%s takes no value", shown);
    if (found == ':') return fail(err, QUILL_E_USAGE, "%s needs a value: %s", shown, row->value);
    const char *text = optarg ? optarg : row->bare;
    options_mark(o, row);
    return set_field(o, row, shown, text, err);
}

static quill_status set_defaults(struct options *o, quill_error *err) {
    for (const struct option_row *row = option_table; row < option_table + n_option_rows; row++) {
        if (row->kind == OPTION_INT) *(int64_t *)((char *)o + row->field) = -1;
        quill_status s = row->initial ? set_field(o, row, row->name, row->initial, err) : QUILL_OK;
        if (s) return s;
    }
    return QUILL_OK;
}

quill_status options_parse(struct options *o, const struct verb *verb, char **argv, int n, quill_error *err) {
    *o = (struct options){0};
    struct scan scan = {.verb = verb, .argv = argv, .n = n, .letters = "-:"};
    add_table(&scan);
    quill_status s = set_defaults(o, err);
    optind = 0; // which makes it begin anew
    for (int at = 1; !s && at < n; at = optind) {
        char *arg = argv[at];
        s = check_dashes(&scan, arg, err);
        if (s) return s;
        note_name(&scan, arg);
        const int found = getopt_long(n, argv, scan.letters, scan.names, NULL);
        if (found > OPERAND) s = take(&scan, o, arg, found, err);
        else if (found == OPERAND) s = add_item(&o->operands, arg, err);
        else while (!s && optind < n) s = add_item(&o->operands, argv[optind++], err); // after --
    }
    return s;
}

quill_status options_set(struct options *o, const struct option_row *row, const char *source, const char *value,
                         quill_error *err) {
    return set_field(o, row, source, value, err);
}

bool options_given(const struct options *o, const struct option_row *row) {
    const size_t i = (size_t)(row - option_table);
    return o->given[i / 64] >> i % 64 & 1;
}

quill_status options_set_default(struct options *o, const struct option_row *row, const char *source,
                                 const char *value, quill_error *err) {
    if (!options_given(o, row)) return set_field(o, row, source, value, err);
    struct options scratch = {0}; // a value that is not used is still checked
    quill_status s = set_field(&scratch, row, source, value, err);
    options_free(&scratch);
    return s;
}

static void transfer(void *to, enum option_target kind, enum option_kind from, const void *field) {
    const double number = from == OPTION_REAL ? *(const double *)field : 0;
    const int64_t whole = from == OPTION_INT ? *(const int64_t *)field : 0;
    switch (kind) {
    case TARGET_NONE: return;
    case TARGET_FLOAT: *(float *)to = (float)number; return;
    case TARGET_INT: *(int32_t *)to = (int32_t)whole; return;
    case TARGET_INT64: *(int64_t *)to = whole; return;
    case TARGET_BOOL: *(bool *)to = *(const bool *)field; return;
    case TARGET_STRING: *(const char **)to = *(const char *const *)field; return;
    }
}

// "sampling.top_p" is "top_p" in messages.
static bool is_library_name(const struct option_row *row, const char *text, size_t n) {
    const char *name = row->library, *dot = name ? strrchr(name, '.') : NULL;
    if (dot) name = dot + 1;
    return name && strlen(name) == n && memcmp(name, text, n) == 0;
}

void options_name_error(quill_error *err) {
    const size_t n = strcspn(err->text, ":");
    char rest[sizeof err->text - 40]; // room for the names of an option
    if (err->status != QUILL_E_USAGE || err->text[n] != ':') return;
    for (const struct option_row *row = option_table; row < option_table + n_option_rows; row++) {
        if (!is_library_name(row, err->text, n)) continue;
        snprintf(rest, sizeof rest, "%.*s", (int)sizeof rest - 1, err->text + n);
        const char letter[] = {'-', row->letters ? *row->letters : '-', ',', ' ', 0};
        snprintf(err->text, sizeof err->text, "%s--%s%s", row->letters ? letter : "", row->name, rest);
        return;
    }
}

void options_transfer(quill_request *request, const struct options *o) {
    for (const struct option_row *row = option_table; row < option_table + n_option_rows; row++)
        transfer((char *)request + row->target, row->target_kind, row->kind, (const char *)o + row->field);
}

void options_free(struct options *o) {
    free(o->operands.items);
    for (const struct option_row *row = option_table; row < option_table + n_option_rows; row++) {
        void *field = (char *)o + row->field;
        if (row->kind == OPTION_LIST) free(((struct list *)field)->items);
        if (row->kind == OPTION_BIAS) free(((struct bias_list *)field)->items);
    }
}
