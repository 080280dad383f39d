// SPDX-License-Identifier: MIT
// quill [OPTIONS] [PROMPT]: prompt, model, session, then the samples.
#include <stdlib.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "base/error.h"
#include "cli/options/commands.h"
#include "cli/prompt/operand.h"
#include "cli/prompt/prompt_use.h"
#include "cli/prompt/read.h"
#include "cli/run/chat_use.h"
#include "cli/run/model_source.h"
#include "cli/run/production.h"
#include "cli/run/request.h"
#include "cli/run/suffix.h"
#include "quill/batch.h"
#include "quill/search.h"

struct generate_run {
    const struct options *o;
    struct prompt_use *use; // -F
    struct rendered prompt;
    struct suffix suffix;
    struct prompt_ids ids;
    quill_model *model;
    quill_chat_template *template; // of a prompt file with %chat
    quill_chat_prompt chat;        // its prompt, borrowed
    struct answer_form answers;
    struct request_parts parts;
    struct production production; // borrows from the others
};

static bool is_one_of(const struct option_row *row, const struct option_row *const *rows, size_t n) {
    for (size_t i = 0; i < n; i++)
        if (rows[i] == row) return true;
    return false;
}

// What draws tokens, or decides about each as it comes, has no place in a search.
static quill_status check_search(const struct options *o, const char *name, quill_error *err) {
    const struct option_row *const apart[] = {
        OPTION_OF(prompt.heal), OPTION_OF(length.context_shift), OPTION_OF(machine.draft),
        OPTION_OF(choose.choices), OPTION_OF(choose.file),
    };
    const struct option_row *const with[] = {
        OPTION_OF(sampling.beams), OPTION_OF(sampling.length_penalty), OPTION_OF(sampling.early_stopping),
        OPTION_OF(sampling.penalty_alpha), OPTION_OF(sampling.top_k), OPTION_OF(sampling.samples),
        OPTION_OF(sampling.logit_bias),
    };
    for (size_t i = 0; i < n_option_rows; i++) {
        const struct option_row *row = &option_table[i];
        const bool draws = row->group == GROUP_CONSTRAINT ||
                           (row->group == GROUP_SAMPLING && !is_one_of(row, with, sizeof with / sizeof *with));
        if ((draws || is_one_of(row, apart, sizeof apart / sizeof *apart)) && options_given(o, row))
            return fail(err, QUILL_E_USAGE, "%s and --%s exclude each other", name, row->name);
    }
    return QUILL_OK;
}

static quill_status check_contrast(const struct options *o, quill_error *err) {
    if (o->sampling.penalty_alpha == 0) return QUILL_OK;
    const int64_t k = o->sampling.top_k;
    if (o->sampling.samples > 1)
        return fail(err, QUILL_E_USAGE, "--penalty-alpha finds one text, so there cannot be several --samples");
    if (options_given(o, OPTION_OF(sampling.logit_bias)))
        return fail(err, QUILL_E_USAGE, "--penalty-alpha and --logit-bias exclude each other");
    if (options_given(o, OPTION_OF(sampling.top_k)) && (k < 1 || k > QUILL_MOST_BEAMS))
        return fail(err, QUILL_E_USAGE, "--top-k: expected 1 to %d with --penalty-alpha, found %lld", QUILL_MOST_BEAMS,
                    (long long)k);
    return check_search(o, "--penalty-alpha", err);
}

static quill_status check_beams(const struct options *o, quill_error *err) {
    const struct option_row *const apart[] = {
        OPTION_OF(sampling.top_k), OPTION_OF(length.stop_regex), OPTION_OF(output.logprobs),
        OPTION_OF(output.prompt_logprobs), OPTION_OF(sampling.penalty_alpha),
    };
    const struct option_row *const parts[] = {OPTION_OF(sampling.length_penalty), OPTION_OF(sampling.early_stopping)};
    const bool on = o->sampling.beams > 0;
    for (size_t i = 0; !on && i < sizeof parts / sizeof *parts; i++)
        if (options_given(o, parts[i])) return fail(err, QUILL_E_USAGE, "--%s needs --beams", parts[i]->name);
    for (size_t i = 0; on && i < sizeof apart / sizeof *apart; i++)
        if (options_given(o, apart[i]))
            return fail(err, QUILL_E_USAGE, "--beams and --%s exclude each other", apart[i]->name);
    if (on && o->sampling.samples > o->sampling.beams)
        return fail(err, QUILL_E_USAGE, "--samples: expected at most the %d of --beams, found %lld",
                    (int)o->sampling.beams, (long long)o->sampling.samples);
    return on ? check_search(o, "--beams", err) : check_contrast(o, err);
}

// A constraint that a prompt file sets has no place in a search either; its settings for drawing count for nothing.
static quill_status check_file_constraint(const struct generate_run *g, const struct options *o, quill_error *err) {
    const bool beams = o->sampling.beams > 0;
    if (!g->parts.constraint || !(beams || o->sampling.penalty_alpha > 0)) return QUILL_OK;
    return fail(err, QUILL_E_USAGE, "%s and the constraint that %s sets exclude each other",
                beams ? "--beams" : "--penalty-alpha", QUOTED(str_of(o->file.path)));
}

static quill_status check_options(const struct options *o, quill_error *err) {
    if (!o->output.json && o->output.logprobs >= 0) return fail(err, QUILL_E_USAGE, "--logprobs needs --json");
    if (!o->output.json && o->output.prompt_logprobs) return fail(err, QUILL_E_USAGE, "--prompt-logprobs needs --json");
    if (o->output.json && o->output.null) return fail(err, QUILL_E_USAGE, "--json and -0 exclude each other");
    return check_beams(o, err);
}

// A prompt file with %chat needs the model's template.
static quill_status render_chat(struct generate_run *g, quill_error *err) {
    struct samples *samples = &g->production.samples;
    const bool constrained = samples->request.constraint != NULL;
    quill_status s = chat_use_open(&g->template, g->use, g->model, g->o, constrained, err);
    if (!s) s = prompt_use_render_taken(g->use, g->o, &g->prompt, err);
    g->chat = (quill_chat_prompt){.text = g->prompt.text.p, .n = g->prompt.text.n};
    g->answers.prompt = constrained ? NULL : &g->chat;
    samples->request.special_text = true;
    samples->answers = &g->answers;
    return s;
}

static quill_status open_and_render(struct generate_run *g, quill_error *err) {
    g->production.load_started = clock_ms();
    quill_status s = open_model(&g->model, g->o, err);
    return s || !prompt_use_is_chat(g->use) ? s : render_chat(g, err);
}

static quill_status show_prompt(struct generate_run *g, quill_error *err) {
    quill_status s = prompt_use_is_chat(g->use) ? open_and_render(g, err) : QUILL_OK;
    return s ? s : suffix_show(&g->suffix, g->o, &g->prompt, g->use, err);
}

static quill_status load(struct generate_run *g, quill_error *err) {
    struct samples *samples = &g->production.samples;
    quill_status s = open_and_render(g, err);
    if (!s)
        s = suffix_encode(&g->ids, &g->suffix, quill_model_tokenizer(g->model), &g->prompt, g->use,
                          g->o->prompt.special, err);
    if (!s) s = request_encode(&samples->request, &g->parts, quill_model_tokenizer(g->model), g->o, err);
    samples->o = g->o;
    samples->prompt = &g->prompt.text;
    samples->ids = &g->ids;
    samples->model = g->model;
    g->production.cache = g->o->cache.on;
    return s ? s : production_open(&g->production, err);
}

static quill_status prepare(struct generate_run *g, struct options *o, quill_error *err) {
    quill_status s = operand_take_file(o, false, err);
    if (!s) s = stdin_claim_by(o, o->choose.file, "the choices", err);
    if (!s && o->file.path) s = prompt_use_take(&g->use, o, &g->prompt, err);
    if (!s) s = chat_use_check(g->use, o, err);
    if (!s) s = suffix_take(&g->suffix, o, err);
    if (!s) s = request_build(&g->production.samples.request, &g->parts, o, err);
    if (!s) s = check_file_constraint(g, o, err);
    if (!s && !g->use) s = prompt_read(&g->prompt.text, o, err);
    if (s || !g->use) return s;
    quill_text fallback;
    const quill_text *stops;
    size_t n = prompt_use_stops(g->use, o, &stops, &fallback);
    return request_add_stops(&g->production.samples.request, &g->parts, stops, n, err);
}

// Whether the prompt is an argument and nothing else.
static bool is_typed(const struct generate_run *g) {
    const struct options *o = g->o;
    return (o->prompt.text || (o->operands.n && isatty(STDIN_FILENO))) && !o->prompt.files.n && !g->use;
}

static int generate(struct generate_run *g, struct options *o, quill_error *err) {
    quill_status s = prepare(g, o, err);
    if (!s && o->file.show_prompt) return (int)show_prompt(g, err);
    if (!s) s = load(g, err);
    g->production.typed = is_typed(g);
    return s ? (int)s : production_run(&g->production, err);
}

int cmd_generate(struct options *o, quill_error *err) {
    struct generate_run g = {.o = o, .production = {.out = {.fd = -1}, .samples = {.started = clock_ms()}}};
    int status = (int)check_options(o, err);
    if (!status) status = (int)environment_apply(o, err);
    if (!status) status = generate(&g, o, err);
    production_free(&g.production);
    buffer_free(&g.answers.message);
    quill_chat_template_free(g.template);
    quill_model_free(g.model);
    request_parts_free(&g.parts);
    free(g.ids.ids);
    suffix_free(&g.suffix);
    rendered_free(&g.prompt);
    prompt_use_free(g.use);
    return status;
}
