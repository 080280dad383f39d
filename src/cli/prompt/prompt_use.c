// SPDX-License-Identifier: MIT
#include "prompt_use.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/error.h"
#include "base/nearest.h"
#include "base/rng.h"
#include "prompt_chat.h"
#include "read.h"

// ---- settings ----

// Reads the file that %set names for an option, if that is the one in effect.
static quill_status read_named(struct prompt_use *u, const struct setting *set, const char *in_effect,
                               struct buffer *out, quill_text *text, quill_error *err) {
    char directive[40];
    int fd = -1;
    if (in_effect != set->value.p) return QUILL_OK;
    out->n = 0;
    snprintf(directive, sizeof directive, "%%set %s", set->row->name);
    quill_status s = open_named(&fd, u->file->name, u->file->folder, set->line, directive, set->value.p, err);
    if (!s) s = read_constraint(out, fd, set->value.p, set->row, err);
    if (!s && !buffer_add(out, "", 1)) s = fail_memory(err);
    if (!s) *text = (quill_text){out->p, out->n - 1};
    if (fd >= 0) close(fd);
    return s;
}

static quill_status read_file_of(struct prompt_use *u, struct options *o, const struct setting *set,
                                 quill_error *err) {
    if (set->row == OPTION_OF(constraint.grammar))
        return read_named(u, set, o->constraint.grammar, &u->grammar, &o->constraint.grammar_text, err);
    if (set->row == OPTION_OF(constraint.json_schema) && !is_schema_text(set->value.p))
        return read_named(u, set, o->constraint.json_schema, &u->schema, &o->constraint.schema, err);
    return QUILL_OK;
}

// Whether a setting is a constraint, and the command line gave one, of which there is at most one: it comes first.
static bool is_replaced(const struct options *o, const struct setting *set) {
    const struct option_row *const constraints[] = {
        OPTION_OF(constraint.regex),       OPTION_OF(constraint.grammar), OPTION_OF(constraint.json_schema),
        OPTION_OF(constraint.json_object), OPTION_OF(choose.choices),     OPTION_OF(choose.file),
    };
    bool constraint = false, given = false;
    for (size_t i = 0; i < sizeof constraints / sizeof *constraints; i++) {
        constraint |= set->row == constraints[i];
        given |= options_given(o, constraints[i]);
    }
    return constraint && given;
}

static quill_status apply_settings(struct prompt_use *u, struct options *o, quill_error *err) {
    u->stops = calloc(u->file->n_settings + 1, sizeof *u->stops);
    if (!u->stops) return fail_memory(err);
    quill_status s = QUILL_OK;
    for (size_t i = 0; i < u->file->n_settings && !s; i++) {
        const struct setting *set = &u->file->settings[i];
        if (is_replaced(o, set)) continue;
        char source[160];
        snprintf(source, sizeof source, "%s:%zu: %%set %s", QUOTED(str_of(u->file->name)), set->line, set->row->name);
        if (set->row == OPTION_OF(length.stops)) u->stops[u->n_stops++] = (quill_text){set->value.p, set->value.n};
        else
            s = options_set_default(o, set->row, source, set->value.p, err);
        if (!s) s = read_file_of(u, o, set, err);
    }
    return s;
}

// ---- definitions ----

static quill_status define(struct prompt_use *u, const char *definition, quill_error *err) {
    const char *equals = strchr(definition, '=');
    if (!equals || equals == definition)
        return fail(err, QUILL_E_USAGE, "-D: expected NAME=VALUE, found '%s'", QUOTED(str_of(definition)));
    size_t n = (size_t)(equals - definition);
    int slot = slots_find(&u->file->slots, definition, n);
    if (slot >= 0) {
        u->defined[slot] = (quill_text){equals + 1, strlen(equals + 1)};
        return QUILL_OK;
    }
    char name[100];
    snprintf(name, sizeof name, "%s", QUOTED(((struct str){definition, n})));
    struct nearest search = {.typed = str_of(name)};
    for (size_t i = 0; i < u->file->slots.n; i++)
        nearest_offer(&search, str_of(u->file->slots.names[i]));
    return fail(err, QUILL_E_USAGE, "-D %s: %s has no such slot%s%s%s", name, QUOTED(str_of(u->file->name)),
                search.best.p ? "; did you mean '" : "", QUOTED(search.best), search.best.p ? "'?" : "");
}

static quill_status add_definitions(struct prompt_use *u, const struct options *o, quill_error *err) {
    u->defined = calloc(u->file->slots.n + 1, sizeof *u->defined);
    if (!u->defined) return fail_memory(err);
    quill_status s = QUILL_OK;
    for (size_t i = 0; i < o->file.defines.n && !s; i++) s = define(u, o->file.defines.items[i], err);
    return s;
}

// ---- examples ----

static quill_status choose_shots(struct prompt_use *u, const struct options *o, quill_error *err) {
    if (o->file.shots >= 0 && (uint64_t)o->file.shots > u->file->examples.n)
        return fail(err, QUILL_E_USAGE, "--shots %lld: %s has %zu examples", (long long)o->file.shots,
                    QUOTED(str_of(u->file->name)), u->file->examples.n);
    u->shots = calloc(u->file->examples.n + 1, sizeof *u->shots);
    if (!u->shots) return fail_memory(err);
    for (size_t i = 0; i < u->file->examples.n; i++) u->shots[i] = i;
    if (o->file.shuffle >= 0) rng_shuffle(u->shots, u->file->examples.n, (uint64_t)o->file.shuffle);
    u->n_shots = o->file.shots >= 0 ? (size_t)o->file.shots : u->file->examples.n;
    return QUILL_OK;
}

static quill_text shot_value(const struct prompt_use *u, const struct example *e, int slot) {
    return e->values[slot].text ? e->values[slot] : u->defined[slot];
}

// Checks that every slot of every example has a value.
static quill_status check_examples(const struct prompt_use *u, quill_error *err) {
    for (size_t i = 0; i < u->file->examples.n; i++)
        for (size_t k = 0; k < u->file->shot.n; k++) {
            int slot = u->file->shot.parts[k].slot;
            if (slot >= 0 && !shot_value(u, &u->file->examples.items[i], slot).text)
                return fail(err, QUILL_E_USAGE, "%s:%zu: this example has no value for {{%s}}",
                            QUOTED(str_of(u->file->examples.name)), u->file->examples.items[i].line,
                            QUOTED(str_of(u->file->slots.names[slot])));
        }
    return QUILL_OK;
}

static bool is_open(const struct prompt_use *u, int slot) {
    for (size_t i = 0; i < u->n_open; i++)
        if (u->open[i] == slot) return true;
    return false;
}

static void add_open(struct prompt_use *u, const struct template *t) {
    for (size_t i = 0; i < t->n; i++) {
        int slot = t->parts[i].slot;
        if (slot >= 0 && !u->defined[slot].text && !is_open(u, slot)) u->open[u->n_open++] = slot;
    }
}

static quill_status configure(struct prompt_use *u, struct options *o, quill_error *err) {
    quill_status s = apply_settings(u, o, err);
    if (!s) s = add_definitions(u, o, err);
    if (!s) s = choose_shots(u, o, err);
    if (!s) s = check_examples(u, err);
    if (s) return s;
    u->open = calloc(u->file->slots.n + 1, sizeof *u->open);
    if (!u->open) return fail_memory(err);
    add_open(u, &u->file->preamble);
    add_open(u, &u->file->query);
    return QUILL_OK;
}

quill_status prompt_use_begin(struct prompt_use **out, struct prompt_file *file, struct options *o, quill_error *err) {
    struct prompt_use *u = *out = calloc(1, sizeof *u);
    if (!u) {
        prompt_file_free(file);
        return fail_memory(err);
    }
    u->file = file;
    quill_status s = configure(u, o, err);
    if (s) prompt_use_free(u), *out = NULL;
    return s;
}

quill_status prompt_use_open(struct prompt_use **out, const char *path, struct options *o, quill_error *err) {
    struct prompt_file *file;
    *out = NULL;
    quill_status s = prompt_file_open(&file, path, (uint64_t)o->prompt.max_bytes, err);
    return s ? s : prompt_use_begin(out, file, o, err);
}

void prompt_use_free(struct prompt_use *u) {
    if (!u) return;
    prompt_file_free(u->file);
    buffer_free(&u->grammar);
    buffer_free(&u->schema);
    free(u->defined);
    free(u->shots);
    free(u->open);
    free(u->stops);
    buffer_free(&u->input);
    free(u);
}

// Whether stdin fills the open slot: {{input}} always, another slot if stdin is a pipe or a file without another use.
static bool stdin_fills(const struct options *o, const char *slot) {
    return strcmp(slot, "input") == 0 || (!o->prompt.stdin_use && stdin_has_data());
}

// Reads stdin for the only open slot; *input is empty if no slot is open.
static quill_status read_input(const struct prompt_use *u, const struct options *o, struct buffer *input,
                               quill_error *err) {
    const char *slot = NULL;
    for (size_t i = 0; i < u->n_open; i++) { // of several, name one that stdin could not fill even alone
        slot = u->file->slots.names[u->open[i]];
        if (strcmp(slot, "input") != 0) break;
    }
    if (!slot) return QUILL_OK;
    if (u->n_open > 1 || !stdin_fills(o, slot))
        return fail(err, QUILL_E_USAGE, "%s: nothing fills the slot {{%s}}; use -D", QUOTED(str_of(u->file->name)),
                    QUOTED(str_of(slot)));
    bool empty;
    quill_status s = prompt_read_stdin(input, o, &empty, err);
    if (s || !empty) return s;
    return fail(err, QUILL_E_USAGE, "%s: nothing fills the slot {{%s}}: stdin is empty", QUOTED(str_of(u->file->name)),
                QUOTED(str_of(slot)));
}

quill_status prompt_use_take(struct prompt_use **out, struct options *o, struct rendered *r, quill_error *err) {
    if (o->prompt.text || o->prompt.files.n || o->operands.n)
        return fail(err, QUILL_E_USAGE, "-F takes the place of -p, -f and PROMPT; -D NAME=VALUE fills a slot");
    quill_status s = stdin_claim_by(o, o->file.path, "the prompt file", err);
    if (!s) s = prompt_use_open(out, o->file.path, o, err);
    if (!s) s = read_input(*out, o, &(*out)->input, err);
    return s || prompt_use_is_chat(*out) ? s : prompt_use_render_taken(*out, o, r, err);
}

quill_status prompt_use_render_taken(const struct prompt_use *u, const struct options *o, struct rendered *r,
                                     quill_error *err) {
    const quill_text value = {u->input.p ? u->input.p : "", u->input.n};
    quill_status s = prompt_use_render(u, &value, r, err);
    return s ? s : prompt_check_length(o, &r->text, err);
}

size_t prompt_use_stops(const struct prompt_use *u, const struct options *o, const quill_text **stops,
                        quill_text *fallback) {
    *stops = u->stops;
    if (options_given(o, OPTION_OF(length.stops))) return 0;
    if (u->n_stops) return u->n_stops;
    if (u->file->chat_line) return 0; // the end of a turn ends an answer
    if (o->length.stop_regex || o->length.line || u->file->stop.n == 0) return 0;
    *fallback = (quill_text){u->file->stop.p, u->file->stop.n};
    *stops = fallback;
    return 1;
}

quill_text prompt_use_end(const struct prompt_use *u, const struct options *o) {
    quill_text fallback;
    const quill_text *stops;
    if (options_given(o, OPTION_OF(length.stops)))
        return (quill_text){o->length.stops.items[0], strlen(o->length.stops.items[0])};
    return prompt_use_stops(u, o, &stops, &fallback) ? stops[0] : (quill_text){"\n", 1};
}

quill_status prompt_use_example(const struct prompt_use *u, size_t i, quill_text *values, quill_text *answer,
                                quill_error *err) {
    const struct example *e = &u->file->examples.items[i];
    *answer = shot_value(u, e, u->file->answer);
    for (size_t k = 0; k < u->n_open; k++) {
        values[k] = e->values[u->open[k]];
        if (!values[k].text)
            return fail(err, QUILL_E_USAGE, "%s:%zu: this example has no value for {{%s}}",
                        QUOTED(str_of(u->file->examples.name)), e->line,
                        QUOTED(str_of(u->file->slots.names[u->open[k]])));
    }
    return QUILL_OK;
}

quill_status prompt_use_columns(const struct prompt_use *u, const quill_text *names, size_t n_names, size_t *fields,
                                quill_error *err) {
    for (size_t k = 0; k < u->n_open; k++) {
        const char *slot = u->file->slots.names[u->open[k]];
        size_t i = names ? 0 : k;
        while (names && i < n_names && (names[i].n != strlen(slot) || memcmp(names[i].text, slot, names[i].n) != 0))
            i++;
        if (i >= n_names)
            return fail(err, QUILL_E_USAGE, "no %s for the slot {{%s}} of %s", names ? "column" : "field",
                        QUOTED(str_of(slot)), QUOTED(str_of(u->file->name)));
        fields[k] = i;
    }
    return QUILL_OK;
}

// ---- rendering ----

// Appends a template and records where its first open slot is.
static bool render_marked(const struct prompt_use *u, const struct template *t, const quill_text *values,
                          struct rendered *r, bool *marked) {
    size_t i = 0;
    while (!*marked && i < t->n && !(t->parts[i].slot >= 0 && is_open(u, t->parts[i].slot))) i++;
    if (*marked || i == t->n) return template_render(r, t, 0, t->n, values);
    bool ok = template_render(r, t, 0, i, values);
    *marked = true;
    r->n_prefix = r->text.n;
    return ok && template_render(r, t, i, t->n, values);
}

quill_status prompt_use_render_shots(const struct prompt_use *u, const size_t *shots, size_t n,
                                     const quill_text *values, struct rendered *r, quill_error *err) {
    r->text.n = r->n_values = r->n_prefix = 0;
    quill_text *all = calloc(u->file->slots.n + 1, sizeof *all);
    if (!all) return fail_memory(err);
    bool marked = false, ok = true;
    memcpy(all, u->defined, u->file->slots.n * sizeof *all);
    for (size_t k = 0; k < u->n_open; k++) all[u->open[k]] = values[k];
    if (u->file->chat_line) {
        const struct prompt_chat chat = {u->file, u->template, u->variables, u->no_thinking, u->defined, all, shots, n};
        quill_status s = prompt_chat_render(&chat, r, err);
        free(all);
        return s;
    }
    ok = render_marked(u, &u->file->preamble, all, r, &marked);
    bool begun = u->file->preamble.n > 0;
    quill_text *own = calloc(u->file->slots.n + 1, sizeof *own);
    ok = ok && own;
    for (size_t i = 0; i < n && ok; i++) {
        for (size_t slot = 0; slot < u->file->slots.n; slot++)
            own[slot] = shot_value(u, &u->file->examples.items[shots[i]], (int)slot);
        ok = (!begun || rendered_add(r, u->file->separator.p, u->file->separator.n, false)) &&
             template_render(r, &u->file->shot, 0, u->file->shot.n, own);
        begun = true;
    }
    if (u->file->query.n && ok)
        ok = (!begun || rendered_add(r, u->file->separator.p, u->file->separator.n, false)) &&
             render_marked(u, &u->file->query, all, r, &marked);
    if (!marked) r->n_prefix = r->text.n;
    free(own);
    free(all);
    return ok ? QUILL_OK : fail_memory(err);
}

quill_status prompt_use_render(const struct prompt_use *u, const quill_text *values, struct rendered *r,
                               quill_error *err) {
    return prompt_use_render_shots(u, u->shots, u->n_shots, values, r, err);
}

quill_status rendered_encode(struct prompt_ids *out, const quill_tokenizer *tokenizer, const struct rendered *r,
                             quill_error *err) {
    if (r->is_chat) return prompt_chat_encode(out, tokenizer, r, err);
    return prompt_encode_values(out, tokenizer, r->text.p, r->text.n, r->values, r->n_values, err);
}
