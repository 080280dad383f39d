// SPDX-License-Identifier: MIT
// quill [OPTIONS] [PROMPT]: prompt, model, session, then the samples.
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "base/error.h"
#include "cli/io/output.h"
#include "cli/io/report.h"
#include "cli/io/signals.h"
#include "cli/io/term.h"
#include "cli/options/commands.h"
#include "cli/prompt/operand.h"
#include "cli/prompt/prompt_use.h"
#include "cli/prompt/read.h"
#include "cli/run/cache_use.h"
#include "cli/run/model_source.h"
#include "cli/run/request.h"
#include "cli/run/samples.h"
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
    quill_session *session;
    struct request_parts parts;
    struct output out;
    struct progress bar;
    struct samples samples; // borrows from the others
    double load_started;
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

static quill_status check_options(const struct options *o, quill_error *err) {
    if (!o->output.json && o->output.logprobs >= 0) return fail(err, QUILL_E_USAGE, "--logprobs needs --json");
    if (!o->output.json && o->output.prompt_logprobs) return fail(err, QUILL_E_USAGE, "--prompt-logprobs needs --json");
    if (o->output.json && o->output.null) return fail(err, QUILL_E_USAGE, "--json and -0 exclude each other");
    return check_beams(o, err);
}

// ---- before the first token ----

// -c 0: P prompt tokens and G generated ones need P + G - 1 positions, at most as many as the model has.
static int32_t positions_needed(const struct generate_run *g) {
    int32_t limit = quill_model_n_ctx(g->model);
    const size_t negative = g->parts.negative_ids.n, prompt = g->ids.n < negative ? negative : g->ids.n;
    uint64_t need = prompt + (g->o->length.predict > 1 ? (uint64_t)g->o->length.predict - 1 : 0);
    return g->o->length.predict < 0 || need > (uint64_t)limit ? limit : (int32_t)need;
}

static void note_set_up(const struct generate_run *g, const quill_memory *memory) {
    quill_model_info model;
    quill_model_describe(g->model, &model);
    report("model: %s (%s, %s, %.1f million parameters)", QUOTED(str_of(model.file)), model.format, model.family,
           1e-6 * (double)model.parameters);
    report("kernels %s, threads %d, context %d, KV cache %s, memory %.1f MiB", model.cpu, memory->threads,
           (int)memory->n_ctx, memory->kv_type, (double)memory->total / 1048576);
    report("prompt %zu tokens, seed %llu", g->ids.n, (unsigned long long)g->samples.request.seed);
}

static quill_status load(struct generate_run *g, quill_error *err) {
    g->load_started = clock_ms();
    quill_status s = open_model(&g->model, g->o, err);
    if (!s)
        s = suffix_encode(&g->ids, &g->suffix, quill_model_tokenizer(g->model), &g->prompt, g->use,
                          g->o->prompt.special, err);
    if (!s) s = request_encode(&g->samples.request, &g->parts, quill_model_tokenizer(g->model), g->o, err);
    if (s) return s;
    quill_session_options options = session_options(g->o);
    if (options.n_ctx == 0) options.n_ctx = positions_needed(g);
    options.n_seq = g->o->sampling.samples < SAMPLES_AT_ONCE ? (int32_t)g->o->sampling.samples : SAMPLES_AT_ONCE;
    int32_t least = (int32_t)quill_request_sequences(&g->samples.request);
    options.n_seq *= least;
    if (g->o->sampling.beams > 0) options.n_seq = least = (int32_t)g->o->sampling.beams;
    if (g->o->sampling.penalty_alpha > 0) options.n_seq = least = samples_top_k(g->o);
    quill_memory memory;
    s = open_session(&g->session, &memory, g->model, g->o, &options, err);
    if (!s && quill_batch_room(g->session) < (size_t)least)
        s = fail(err, QUILL_E_SYSTEM, "out of memory for %d sequences; smaller -c, -n or --kv-type need less",
                 (int)least);
    if (s) return s;
    g->samples.n_ctx = memory.n_ctx;
    if (g->o->cache.on && (s = cache_begin(g->session, g->o, err))) return s;
    if (g->o->talk.verbose && !g->o->talk.quiet) note_set_up(g, &memory);
    return QUILL_OK;
}

// ---- all of them ----

static double per_second(size_t tokens, double ms) { return ms > 0 ? (double)tokens / ms * 1e3 : 0; }

static void print_stats(const struct samples *s) {
    const struct samples_total *t = &s->total;
    struct rusage usage = {0};
    getrusage(RUSAGE_SELF, &usage);
    char shifts[48] = "";
    if (s->o->length.context_shift) snprintf(shifts, sizeof shifts, "context shifts %zu, ", t->context_shifts);
    report("prompt %zu tokens %.1f ms (%.0f/s), cached %zu, generated %zu tokens %.1f ms (%.0f/s), "
           "first token %.1f ms, %speak %ld MiB, stop %s, seed %llu",
           t->prompt_tokens, t->prompt_ms, per_second(t->prompt_tokens - t->cached_tokens, t->prompt_ms),
           t->cached_tokens, t->generated_tokens, t->generate_ms, per_second(t->generated_tokens, t->generate_ms),
           t->first_token_ms, shifts, usage.ru_maxrss / 1024, quill_stop_name(t->stop),
           (unsigned long long)s->request.seed);
}

// Keeps the result of samples_run in *arg, since it is not a quill_status.
struct held_samples {
    struct generate_run *g;
    int status;
};

static quill_status run_held(void *arg, quill_error *err) {
    struct held_samples *held = arg;
    struct generate_run *g = held->g;
    g->samples.load_ms = clock_ms() - g->load_started;
    progress_start(&g->bar, g->o->talk.quiet);
    held->status = samples_run(&g->samples, err);
    return QUILL_OK;
}

static quill_status prepare(struct generate_run *g, struct options *o, quill_error *err) {
    quill_status s = operand_take_file(o, false, err);
    if (!s) s = stdin_claim_by(o, o->choose.file, "the choices", err);
    if (!s && o->file.path) s = prompt_use_take(&g->use, o, &g->prompt, err);
    if (!s) s = suffix_take(&g->suffix, o, err);
    if (!s) s = request_build(&g->samples.request, &g->parts, o, err);
    if (!s && !g->use) s = prompt_read(&g->prompt.text, o, err);
    if (s || !g->use) return s;
    quill_text fallback;
    const quill_text *stops;
    size_t n = prompt_use_stops(g->use, o, &stops, &fallback);
    return request_add_stops(&g->samples.request, &g->parts, stops, n, err);
}

// On a terminal, a prompt given as an argument is shown before the text that continues it.
static bool is_shown(const struct generate_run *g) {
    const struct options *o = g->o;
    const bool typed = o->prompt.text || (o->operands.n && isatty(STDIN_FILENO));
    const bool alone = typed && !o->prompt.files.n && !g->use;
    return o->output.echo || (g->out.terminal && alone && !o->output.no_echo && !o->output.null);
}

static int generate(struct generate_run *g, struct options *o, quill_error *err) {
    quill_status s = prepare(g, o, err);
    if (!s && o->file.show_prompt) return (int)suffix_show(&g->suffix, o, &g->prompt, g->use, err);
    if (!s) s = load(g, err);
    if (!s) s = output_open(&g->out, o->output.path, o->output.raw, err);
    if (s) return (int)s;
    signals_catch();
    progress_start(&g->bar, o->talk.quiet);
    struct samples *samples = &g->samples;
    samples->o = o;
    samples->prompt = &g->prompt.text;
    samples->ids = &g->ids;
    samples->model = g->model;
    samples->session = g->session;
    samples->out = &g->out;
    samples->bar = &g->bar;
    samples->echo = is_shown(g);
    if (!o->output.no_wrap && !o->output.json && !o->output.null) output_wrap(&g->out);
    struct held_samples held = {g, 0};
    s = hold_session(g->session, run_held, &held, err);
    int status = s ? (int)s : held.status;
    bool keep = status == 0 || status == QUILL_E_CONTEXT || status == STATUS_TIMEOUT;
    if (samples->total.n && keep && !signals_pending()) {
        quill_error problem;
        if (output_close(&g->out, &problem)) {
            *err = problem;
            status = (int)problem.status;
        }
    }
    if (o->output.stats && samples->total.n) print_stats(samples);
    if (!signals_pending()) cache_store(g->session, g->ids.ids, g->ids.n);
    return status;
}

int cmd_generate(struct options *o, quill_error *err) {
    struct generate_run g = {.o = o, .out = {.fd = -1}, .samples = {.started = clock_ms()}};
    int status = (int)check_options(o, err);
    if (!status) status = (int)environment_apply(o, err);
    if (!status) status = generate(&g, o, err);
    output_abort(&g.out);
    samples_free(&g.samples);
    quill_session_free(g.session);
    quill_model_free(g.model);
    request_parts_free(&g.parts);
    free(g.ids.ids);
    suffix_free(&g.suffix);
    rendered_free(&g.prompt);
    prompt_use_free(g.use);
    return status;
}
