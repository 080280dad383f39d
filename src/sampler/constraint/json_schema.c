// SPDX-License-Identifier: MIT
#include "json_schema.h"

#include "base/alloc.h"
#include "schema_compile.h"
#include "schema_formats.h"

static const char nothing_valid[] = "no value is valid under this schema";

static bool begin(struct compiler *c, struct schema_text *text, quill_error *err) {
    *c = (struct compiler){.text = text, .err = err, .g = grammar_create()};
    c->marks = alloc_zeroed(text->n * PARTS, sizeof *c->marks);
    c->patterns = alloc_zeroed(2 * text->n, sizeof *c->patterns);
    c->formats = alloc_zeroed(N_FORMATS, sizeof *c->formats);
    if (!c->g || !c->marks || !c->patterns || !c->formats) compile_no_memory(c);
    return goes_on(c);
}

static void end(struct compiler *c) {
    for (size_t i = 0; c->patterns && i < 2 * c->text->n; i++) nfa_free(&c->patterns[i]);
    for (size_t i = 0; c->formats && i < N_FORMATS; i++) nfa_free(&c->formats[i]);
    arena_free(&c->arena);
    free(c->goals);
    free(c->table);
    free(c->todo);
    free(c->marks);
    free(c->patterns);
    free(c->formats);
    grammar_free(c->g);
}

// Makes the rules of all goals that are met from the whole schema on. Returns the rule of the whole; NEVER: nothing is
// valid.
static uint32_t compile(struct compiler *c) {
    struct demands d = {0};
    demand(c, &d, c->text->root->schema, PART_ALL);
    const uint32_t goal = goal_of(c, &d);
    free(d.items);
    if (goal == NOTHING || !goes_on(c)) return NEVER;
    goal_rule(c, goal);
    while (c->n_todo && goes_on(c)) goal_define(c, c->todo[--c->n_todo]);
    return c->goals[goal].rule;
}

// A grammar's mistakes are the schema's.
static quill_status finish(struct automaton **out, struct grammar *g, uint32_t rule, const char *name,
                           quill_error *err) {
    quill_error mistake;
    const quill_status s = grammar_automaton(out, g, rule, name, QUILL_STOP_JSON, &mistake);
    if (s != QUILL_E_USAGE) {
        if (s) *err = mistake;
        return s;
    }
    const bool none = strstr(mistake.text, "no text matches") != NULL;
    return fail(err, s, "json-schema: %s", none ? nothing_valid : "too large, once its parts are put together");
}

quill_status json_schema_create(struct automaton **out, struct str schema, const char *name, quill_error *err) {
    struct schema_text text;
    struct compiler c = {0};
    quill_error unwanted;
    if (!err) err = &unwanted;
    quill_status s = schema_text_read(&text, schema, err);
    if (!s && begin(&c, &text, err)) {
        const uint32_t rule = compile(&c);
        struct grammar *g = c.g;
        if (goes_on(&c) && rule == NEVER)
            compile_fail(&c, fail(err, QUILL_E_USAGE, "json-schema: %s", nothing_valid));
        if (goes_on(&c)) {
            c.g = NULL;
            compile_fail(&c, finish(out, g, rule, name, err));
        }
    }
    if (!s) s = c.status;
    if (c.text) end(&c);
    schema_text_free(&text);
    return s;
}
