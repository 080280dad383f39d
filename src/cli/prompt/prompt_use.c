// SPDX-License-Identifier: MIT
// From a parsed prompt file to prompts: settings, definitions, the choice of examples, rendering, token ids.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/error.h"
#include "base/rng.h"
#include "cli/options/nearest.h"
#include "prompt_file.h"

// ---- settings ----

static quill_status apply_settings(struct prompt_file *f, struct options *o, quill_error *err) {
    f->stops = calloc(f->n_settings + 1, sizeof *f->stops);
    if (!f->stops) return fail_memory(err);
    quill_status s = QUILL_OK;
    for (size_t i = 0; i < f->n_settings && !s; i++) {
        const struct setting *set = &f->settings[i];
        char source[160];
        snprintf(source, sizeof source, "%s:%zu: %%set %s", QUOTED(str_of(f->name)), set->line, set->row->name);
        if (set->row == OPTION_OF(length.stops))
            f->stops[f->n_stops++] = (quill_text){set->value.p, set->value.n};
        else
            s = options_set_default(o, set->row, source, set->value.p, err);
    }
    return s;
}

// ---- definitions ----

static quill_status define(struct prompt_file *f, const char *definition, quill_error *err) {
    const char *equals = strchr(definition, '=');
    if (!equals || equals == definition)
        return fail(err, QUILL_E_USAGE, "-D: expected NAME=VALUE, found '%s'", QUOTED(str_of(definition)));
    size_t n = (size_t)(equals - definition);
    int slot = slots_find(&f->slots, definition, n);
    if (slot >= 0) {
        f->defined[slot] = (quill_text){equals + 1, strlen(equals + 1)};
        return QUILL_OK;
    }
    char name[100];
    snprintf(name, sizeof name, "%s", QUOTED(((struct str){definition, n})));
    struct nearest search = {.typed = name};
    for (size_t i = 0; i < f->slots.n; i++) nearest_offer(&search, f->slots.names[i], strlen(f->slots.names[i]));
    return fail(err, QUILL_E_USAGE, "-D %s: %s has no such slot%s%s%s", name, QUOTED(str_of(f->name)),
                search.best ? "; did you mean '" : "", search.best ? QUOTED(str_of(search.best)) : "",
                search.best ? "'?" : "");
}

static quill_status add_definitions(struct prompt_file *f, const struct options *o, quill_error *err) {
    f->defined = calloc(f->slots.n + 1, sizeof *f->defined);
    if (!f->defined) return fail_memory(err);
    quill_status s = QUILL_OK;
    for (size_t i = 0; i < o->file.defines.n && !s; i++) s = define(f, o->file.defines.items[i], err);
    return s;
}

// ---- examples ----

static quill_status choose_shots(struct prompt_file *f, const struct options *o, quill_error *err) {
    if (o->file.shots >= 0 && (uint64_t)o->file.shots > f->examples.n)
        return fail(err, QUILL_E_USAGE, "--shots %lld: %s has %zu examples", (long long)o->file.shots,
                    QUOTED(str_of(f->name)), f->examples.n);
    f->shots = calloc(f->examples.n + 1, sizeof *f->shots);
    if (!f->shots) return fail_memory(err);
    for (size_t i = 0; i < f->examples.n; i++) f->shots[i] = i;
    if (o->file.shuffle >= 0) rng_shuffle(f->shots, f->examples.n, (uint64_t)o->file.shuffle);
    f->n_shots = o->file.shots >= 0 ? (size_t)o->file.shots : f->examples.n;
    return QUILL_OK;
}

static quill_text shot_value(const struct prompt_file *f, const struct example *e, int slot) {
    return e->values[slot].text ? e->values[slot] : f->defined[slot];
}

// Every slot of every example has a value.
static quill_status check_examples(const struct prompt_file *f, quill_error *err) {
    for (size_t i = 0; i < f->examples.n; i++)
        for (size_t k = 0; k < f->shot.n; k++) {
            int slot = f->shot.parts[k].slot;
            if (slot >= 0 && !shot_value(f, &f->examples.items[i], slot).text)
                return fail(err, QUILL_E_USAGE, "%s:%zu: this example has no value for {{%s}}",
                            QUOTED(str_of(f->examples.name)), f->examples.items[i].line,
                            QUOTED(str_of(f->slots.names[slot])));
        }
    return QUILL_OK;
}

static bool is_open(const struct prompt_file *f, int slot) {
    for (size_t i = 0; i < f->n_open; i++)
        if (f->open[i] == slot) return true;
    return false;
}

static void add_open(struct prompt_file *f, const struct template *t) {
    for (size_t i = 0; i < t->n; i++) {
        int slot = t->parts[i].slot;
        if (slot >= 0 && !f->defined[slot].text && !is_open(f, slot)) f->open[f->n_open++] = slot;
    }
}

quill_status prompt_file_configure(struct prompt_file *f, struct options *o, quill_error *err) {
    quill_status s = apply_settings(f, o, err);
    if (!s) s = add_definitions(f, o, err);
    if (!s) s = choose_shots(f, o, err);
    if (!s) s = check_examples(f, err);
    if (s) return s;
    f->open = calloc(f->slots.n + 1, sizeof *f->open);
    if (!f->open) return fail_memory(err);
    add_open(f, &f->preamble);
    add_open(f, &f->query);
    return QUILL_OK;
}

// Whether stdin fills the slot that is open: {{input}} always, another when it is a pipe or a file without another use.
static bool stdin_fills(const struct options *o, const char *slot) {
    return strcmp(slot, "input") == 0 || (!o->prompt.stdin_use && stdin_has_data());
}

// stdin for the only slot that is open; *input is empty when none is.
static quill_status read_input(const struct prompt_file *f, const struct options *o, struct buffer *input,
                               quill_error *err) {
    const char *slot = NULL;
    for (size_t i = 0; i < f->n_open; i++) { // of several, one that stdin could not fill if it were alone
        slot = f->slots.names[f->open[i]];
        if (strcmp(slot, "input") != 0) break;
    }
    if (!slot) return QUILL_OK;
    if (f->n_open > 1 || !stdin_fills(o, slot))
        return fail(err, QUILL_E_USAGE, "%s: nothing fills the slot {{%s}}; use -D", QUOTED(str_of(f->name)),
                    QUOTED(str_of(slot)));
    bool empty;
    quill_status s = prompt_read_stdin(input, o, &empty, err);
    if (s || !empty) return s;
    return fail(err, QUILL_E_USAGE, "%s: nothing fills the slot {{%s}}: stdin is empty", QUOTED(str_of(f->name)),
                QUOTED(str_of(slot)));
}

quill_status prompt_file_take(struct prompt_file **out, struct options *o, struct rendered *r, quill_error *err) {
    if (o->prompt.text || o->prompt.files.n || o->operands.n)
        return fail(err, QUILL_E_USAGE, "-F takes the place of -p, -f and PROMPT; -D NAME=VALUE fills a slot");
    struct buffer input = {0};
    quill_status s = stdin_claim_by(o, o->file.path, "the prompt file", err);
    if (!s) s = prompt_file_open(out, o->file.path, (uint64_t)o->prompt.max_bytes, err);
    if (!s) s = prompt_file_configure(*out, o, err);
    if (!s) s = read_input(*out, o, &input, err);
    const quill_text value = {input.p ? input.p : "", input.n};
    if (!s) s = prompt_file_render(*out, &value, r, err);
    buffer_free(&input);
    return s;
}

size_t prompt_file_stops(const struct prompt_file *f, const struct options *o, const quill_text **stops,
                         quill_text *fallback) {
    *stops = f->stops;
    if (options_given(o, OPTION_OF(length.stops))) return 0;
    if (f->n_stops) return f->n_stops;
    if (o->length.stop_regex || o->length.line || f->stop.n == 0) return 0;
    *fallback = (quill_text){f->stop.p, f->stop.n};
    *stops = fallback;
    return 1;
}

quill_text prompt_file_end(const struct prompt_file *f, const struct options *o) {
    quill_text fallback;
    const quill_text *stops;
    if (options_given(o, OPTION_OF(length.stops)))
        return (quill_text){o->length.stops.items[0], strlen(o->length.stops.items[0])};
    return prompt_file_stops(f, o, &stops, &fallback) ? stops[0] : (quill_text){"\n", 1};
}

quill_status prompt_file_example(const struct prompt_file *f, size_t i, quill_text *values, quill_text *answer,
                                 quill_error *err) {
    const struct example *e = &f->examples.items[i];
    *answer = shot_value(f, e, f->answer);
    for (size_t k = 0; k < f->n_open; k++) {
        values[k] = e->values[f->open[k]];
        if (!values[k].text)
            return fail(err, QUILL_E_USAGE, "%s:%zu: this example has no value for {{%s}}",
                        QUOTED(str_of(f->examples.name)), e->line, QUOTED(str_of(f->slots.names[f->open[k]])));
    }
    return QUILL_OK;
}

quill_status prompt_file_columns(const struct prompt_file *f, const quill_text *names, size_t n_names, size_t *fields,
                                 quill_error *err) {
    for (size_t k = 0; k < f->n_open; k++) {
        const char *slot = f->slots.names[f->open[k]];
        size_t i = names ? 0 : k;
        while (names && i < n_names && (names[i].n != strlen(slot) || memcmp(names[i].text, slot, names[i].n) != 0))
            i++;
        if (i >= n_names)
            return fail(err, QUILL_E_USAGE, "no %s for the slot {{%s}} of %s", names ? "column" : "field",
                        QUOTED(str_of(slot)), QUOTED(str_of(f->name)));
        fields[k] = i;
    }
    return QUILL_OK;
}

// ---- rendering ----

// Appends a template up to its first open slot, notes where that is, and appends the rest.
static bool render_marked(const struct prompt_file *f, const struct template *t, const quill_text *values,
                          struct rendered *r, bool *marked) {
    size_t i = 0;
    while (!*marked && i < t->n && !(t->parts[i].slot >= 0 && is_open(f, t->parts[i].slot))) i++;
    if (*marked || i == t->n) return template_render(r, t, 0, t->n, values);
    bool ok = template_render(r, t, 0, i, values);
    *marked = true;
    r->n_prefix = r->text.n;
    return ok && template_render(r, t, i, t->n, values);
}

quill_status prompt_file_render_shots(const struct prompt_file *f, const size_t *shots, size_t n,
                                      const quill_text *values, struct rendered *r, quill_error *err) {
    r->text.n = r->n_values = r->n_prefix = 0;
    quill_text *all = calloc(f->slots.n + 1, sizeof *all);
    if (!all) return fail_memory(err);
    bool marked = false, ok = true;
    memcpy(all, f->defined, f->slots.n * sizeof *all);
    for (size_t k = 0; k < f->n_open; k++) all[f->open[k]] = values[k];
    ok = render_marked(f, &f->preamble, all, r, &marked);
    bool begun = f->preamble.n > 0;
    quill_text *own = calloc(f->slots.n + 1, sizeof *own);
    ok = ok && own;
    for (size_t i = 0; i < n && ok; i++) {
        for (size_t slot = 0; slot < f->slots.n; slot++)
            own[slot] = shot_value(f, &f->examples.items[shots[i]], (int)slot);
        ok = (!begun || rendered_add(r, f->separator.p, f->separator.n, false)) &&
             template_render(r, &f->shot, 0, f->shot.n, own);
        begun = true;
    }
    if (f->query.n && ok)
        ok = (!begun || rendered_add(r, f->separator.p, f->separator.n, false)) &&
             render_marked(f, &f->query, all, r, &marked);
    if (!marked) r->n_prefix = r->text.n;
    free(own);
    free(all);
    return ok ? QUILL_OK : fail_memory(err);
}

quill_status prompt_file_render(const struct prompt_file *f, const quill_text *values, struct rendered *r,
                                quill_error *err) {
    return prompt_file_render_shots(f, f->shots, f->n_shots, values, r, err);
}

quill_status rendered_encode(struct prompt_ids *out, const quill_tokenizer *tokenizer, const struct rendered *r,
                             quill_error *err) {
    return prompt_encode_values(out, tokenizer, r->text.p, r->text.n, r->values, r->n_values, err);
}
