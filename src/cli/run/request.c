// SPDX-License-Identifier: MIT
#include "request.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/error.h"
#include "choices.h"
#include "cli/io/inputs.h"
#include "cli/io/signals.h"

static quill_status build_stops(struct request_parts *parts, const struct options *o, quill_error *err) {
    parts->stop_texts = calloc(o->length.stops.n + 1, sizeof *parts->stop_texts);
    parts->stops = calloc(o->length.stops.n + 1, sizeof *parts->stops);
    if (!parts->stop_texts || !parts->stops) return fail_memory(err);
    for (size_t i = 0; i < o->length.stops.n; i++) {
        struct buffer *t = &parts->stop_texts[i];
        parts->n_stops = i + 1;
        quill_status s = add_argument(t, o, "--stop", o->length.stops.items[i], err);
        if (s) return s;
        if (t->n == 0) return fail(err, QUILL_E_USAGE, "--stop: expected a text, found an empty one");
        parts->stops[i] = (quill_text){t->p, t->n};
    }
    return QUILL_OK;
}

static quill_status add_breaker(struct request_parts *parts, const struct options *o, const char *typed,
                                quill_error *err) {
    struct buffer *t = &parts->breaker_texts[parts->n_breakers];
    if (strcmp(typed, "none") == 0) return QUILL_OK;
    parts->n_breakers++;
    quill_status s = add_argument(t, o, "--dry-sequence-breaker", typed, err);
    if (s) return s;
    if (!buffer_add(t, "", 1)) return fail_memory(err);
    if (strlen(t->p) + 1 < t->n) return fail(err, QUILL_E_USAGE, "--dry-sequence-breaker: found a NUL byte in a text");
    parts->breakers[parts->n_breakers - 1] = t->p;
    return QUILL_OK;
}

// Without the option, the library's own stay.
static quill_status build_breakers(quill_sampling *sampling, struct request_parts *parts, const struct options *o,
                                   quill_error *err) {
    const struct list *typed = &o->sampling.dry_breakers;
    quill_status s = QUILL_OK;
    if (typed->n == 0) return s;
    parts->breaker_texts = calloc(typed->n, sizeof *parts->breaker_texts);
    parts->breakers = calloc(typed->n, sizeof *parts->breakers);
    if (!parts->breaker_texts || !parts->breakers) return fail_memory(err);
    for (size_t i = 0; !s && i < typed->n; i++) s = add_breaker(parts, o, typed->items[i], err);
    sampling->dry_breakers = parts->breakers;
    sampling->n_dry_breakers = parts->n_breakers;
    return s;
}

static quill_status draw_seed(uint64_t *seed, quill_error *err) {
    ssize_t got;
    do got = getrandom(seed, sizeof *seed, 0);
    while (got < 0 && errno == EINTR);
    if (got != (ssize_t)sizeof *seed) return fail_errno(err, QUILL_E_SYSTEM, "the system", "draw a random seed", errno);
    *seed &= QUILL_SEED_MAX; // 2^53 - 1: a mask
    return QUILL_OK;
}

// The options of constraints; the last ones are none, but go with none either.
enum constraint_option { BY_REGEX, BY_GRAMMAR, BY_JSON_SCHEMA, BY_JSON_OBJECT, BY_CHOICE, BY_STOP_REGEX };

// At most one constraint.
static quill_status find_constraint(const struct options *o, enum constraint_option *found, bool *any,
                                    quill_error *err) {
    const struct {
        const char *name;
        bool given;
    } all[] = {
        [BY_REGEX] = {"regex", o->constraint.regex},
        [BY_GRAMMAR] = {"grammar", o->constraint.grammar},
        [BY_JSON_SCHEMA] = {"json-schema", o->constraint.json_schema},
        [BY_JSON_OBJECT] = {"json-object", o->constraint.json_object},
        [BY_CHOICE] = {"choice", o->choose.choices.n || o->choose.file},
        [BY_STOP_REGEX] = {"stop-regex", o->length.stop_regex},
    };
    *any = false;
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        if (!all[i].given) continue;
        if (*any) return fail(err, QUILL_E_USAGE, "--%s and --%s exclude each other", all[*found].name, all[i].name);
        *found = (enum constraint_option)i;
        *any = i != BY_STOP_REGEX;
    }
    return QUILL_OK;
}

// The text of a file that an option names, if a prompt file has not set it. `file` holds it.
static quill_status read_named(quill_text *text, struct buffer *file, const struct option_row *row, const char *path,
                               quill_error *err) {
    int fd;
    if (text->text) return QUILL_OK;
    if (strcmp(path, "-") == 0)
        return fail(err, QUILL_E_USAGE, "--%s: expected a file%s, found '-'", row->name,
                    row == OPTION_OF(constraint.json_schema) ? " or a text that begins with {" : "");
    quill_status s = inputs_open(&fd, path, err);
    if (s) return s;
    s = read_constraint(file, fd, path, row, err);
    close(fd);
    *text = (quill_text){file->p ? file->p : "", file->n};
    return s;
}

static quill_status build_grammar(struct request_parts *parts, const struct options *o, quill_error *err) {
    quill_text text = o->constraint.grammar_text;
    struct buffer file = {0};
    quill_status s = read_named(&text, &file, OPTION_OF(constraint.grammar), o->constraint.grammar, err);
    if (!s) s = quill_constraint_grammar(&parts->constraint, text.text, text.n, err);
    buffer_free(&file);
    return s;
}

static quill_status build_json(struct request_parts *parts, const struct options *o, quill_error *err) {
    const char *given = o->constraint.json_schema;
    quill_text text = o->constraint.schema;
    struct buffer file = {0};
    if (!text.text && is_schema_text(given)) text = (quill_text){given, strlen(given)};
    quill_status s = read_named(&text, &file, OPTION_OF(constraint.json_schema), given, err);
    if (!s) s = quill_constraint_json_schema(&parts->constraint, text.text, text.n, err);
    buffer_free(&file);
    return s;
}

static quill_status build_choice(struct request_parts *parts, const struct options *o, quill_error *err) {
    struct choices choices = {0};
    quill_status s = choices_take(&choices, o, err);
    quill_text *texts = calloc(choices.n + 1, sizeof *texts);
    if (!s && !texts) s = fail_memory(err);
    for (size_t i = 0; i < choices.n && !s; i++)
        texts[i] = (quill_text){choices.items[i].name.p, choices.items[i].name.n};
    if (!s) s = quill_constraint_choice(&parts->constraint, texts, choices.n, err);
    free(texts);
    choices_free(&choices);
    return s;
}

// A mistake in a pattern, a grammar or a schema is found before the model is read.
static quill_status build_constraint(struct request_parts *parts, const struct options *o, quill_error *err) {
    enum constraint_option option = BY_STOP_REGEX;
    bool any;
    const quill_status s = find_constraint(o, &option, &any, err);
    if (s || !any) return s;
    switch (option) {
    case BY_REGEX: return quill_constraint_regex(&parts->constraint, o->constraint.regex, err);
    case BY_GRAMMAR: return build_grammar(parts, o, err);
    case BY_JSON_SCHEMA: return build_json(parts, o, err);
    case BY_JSON_OBJECT: return quill_constraint_json_object(&parts->constraint, err);
    case BY_CHOICE: return parts->choices_weighed ? QUILL_OK : build_choice(parts, o, err);
    case BY_STOP_REGEX: break;
    }
    return QUILL_OK;
}

static quill_status read_negative(struct request_parts *parts, struct options *o, quill_error *err) {
    const char *text = o->sampling.negative, *path = o->sampling.negative_file;
    struct buffer *out = &parts->negative;
    if (!text && !path) return QUILL_OK;
    if (text && path)
        return fail(err, QUILL_E_USAGE, "--negative-prompt and --negative-prompt-file exclude each other");
    if (o->sampling.cfg_scale == 1)
        return fail(err, QUILL_E_USAGE, "--negative-prompt has no effect without a --cfg-scale other than 1");
    if (text) return add_argument(out, o, "--negative-prompt", text, err);
    quill_status s = stdin_claim_by(o, path, "the negative prompt", err);
    if (!s) s = read_file(out, path, (uint64_t)o->prompt.max_bytes, err);
    if (!s && !o->prompt.keep_newline && out->n && out->p[out->n - 1] == '\n') out->n--;
    return s;
}

quill_status request_encode(quill_request *request, struct request_parts *parts, const quill_tokenizer *tokenizer,
                            const struct options *o, quill_error *err) {
    struct prompt_ids *ids = &parts->negative_ids;
    if (!o->sampling.negative && !o->sampling.negative_file) return QUILL_OK;
    const struct buffer *text = &parts->negative;
    quill_status s = prompt_encode(ids, tokenizer, text->p, text->n, o->prompt.special, true, err);
    request->negative_prompt = ids->ids;
    request->n_negative_prompt = ids->n;
    return s;
}

quill_status request_build(quill_request *request, struct request_parts *parts, struct options *o, quill_error *err) {
    *parts = (struct request_parts){.choices_weighed = parts->choices_weighed};
    *request = quill_request_default();
    options_transfer(request, o);
    request->sampling.logit_bias = o->sampling.logit_bias.items;
    request->sampling.n_logit_bias = o->sampling.logit_bias.n;
    quill_status s = build_stops(parts, o, err);
    if (!s && options_given(o, OPTION_OF(length.keep)) && !o->length.context_shift)
        s = fail(err, QUILL_E_USAGE, "--keep needs --context-shift");
    if (!s) s = build_breakers(&request->sampling, parts, o, err);
    if (!s && o->sampling.samplers) s = quill_sampling_order(&request->sampling, o->sampling.samplers, err);
    if (!s) s = quill_sampling_check(&request->sampling, 0, err);
    if (!s) s = build_constraint(parts, o, err);
    if (!s) s = read_negative(parts, o, err);
    request->constraint = parts->constraint;
    request->budget = o->constraint.budget == BUDGET_HARD ? QUILL_BUDGET_HARD : QUILL_BUDGET_SOFT;
    const bool searches = o->sampling.beams > 0 || o->sampling.penalty_alpha > 0; // which draw nothing
    if (!s && o->sampling.seed < 0 && !searches) s = draw_seed(&request->seed, err);
    if (o->sampling.seed >= 0) request->seed = (uint64_t)o->sampling.seed;
    request->stops = parts->stops;
    request->n_stops = parts->n_stops;
    request->logprobs = o->output.prompt_logprobs && o->output.logprobs < 0 ? 0 : (int)o->output.logprobs;
    request->interrupted = signals_flag();
    return s;
}

quill_status request_add_stops(quill_request *request, struct request_parts *parts, const quill_text *stops, size_t n,
                               quill_error *err) {
    quill_text *all = realloc(parts->stops, (request->n_stops + n + 1) * sizeof *all);
    if (!all) return fail_memory(err);
    for (size_t i = 0; i < n; i++) all[request->n_stops++] = stops[i];
    request->stops = parts->stops = all;
    return QUILL_OK;
}

void request_parts_free(struct request_parts *parts) {
    for (size_t i = 0; i < parts->n_stops; i++) buffer_free(&parts->stop_texts[i]);
    for (size_t i = 0; i < parts->n_breakers; i++) buffer_free(&parts->breaker_texts[i]);
    free(parts->breaker_texts);
    free(parts->breakers);
    free(parts->stop_texts);
    free(parts->stops);
    quill_constraint_free(parts->constraint);
    buffer_free(&parts->negative);
    free(parts->negative_ids.ids);
}
