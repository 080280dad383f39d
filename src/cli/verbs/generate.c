// SPDX-License-Identifier: MIT
// quill [OPTIONS] [PROMPT]: prompt, model, session, then one generation per sample.
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "base/error.h"
#include "cli/io/json_out.h"
#include "cli/io/output.h"
#include "cli/io/report.h"
#include "cli/io/signals.h"
#include "cli/io/term.h"
#include "cli/options/commands.h"
#include "cli/prompt/prompt_file.h"
#include "cli/prompt/read.h"
#include "cli/run/model_source.h"
#include "cli/run/request.h"

struct generation {
    const struct options *o;
    double started;           // milliseconds of clock_ms
    struct prompt_file *file; // -F
    struct rendered prompt;
    struct prompt_ids ids;
    quill_model *model;
    quill_session *session;
    struct request_parts parts;
    quill_request request;
    struct output out;
    struct progress bar;
    double load_ms;
    int32_t n_ctx;
    quill_error write_error; // status set: writing failed, and the generation with it
    // sums over the samples, for --stats
    size_t n_samples, prompt_tokens, cached_tokens, generated_tokens;
    double prompt_ms, generate_ms, first_token_ms; // the last: of the first sample
    quill_stop stop;
};

static quill_status check_options(const struct options *o, quill_error *err) {
    if (!o->output.json && o->output.logprobs >= 0) return fail(err, QUILL_E_USAGE, "--logprobs needs --json");
    if (!o->output.json && o->output.prompt_logprobs) return fail(err, QUILL_E_USAGE, "--prompt-logprobs needs --json");
    if (o->output.json && o->output.null) return fail(err, QUILL_E_USAGE, "--json and -0 exclude each other");
    return QUILL_OK;
}

// ---- before the first token ----

// -c 0: P prompt tokens and G generated ones need P + G - 1 positions, as far as the model has them.
static int32_t positions_needed(const struct generation *g) {
    int32_t limit = quill_model_n_ctx(g->model);
    uint64_t need = g->ids.n + (g->o->length.predict > 1 ? (uint64_t)g->o->length.predict - 1 : 0);
    return g->o->length.predict < 0 || need > (uint64_t)limit ? limit : (int32_t)need;
}

static void note_set_up(const struct generation *g, const quill_memory *memory) {
    quill_model_info model;
    quill_tokenizer_info tokenizer;
    quill_model_describe(g->model, &model);
    quill_tokenizer_describe(quill_model_tokenizer(g->model), &tokenizer);
    report("model: %s (%s, %s, %.1f million parameters)", QUOTED(str_of(model.file)), model.format, model.family,
           1e-6 * (double)model.parameters);
    if (tokenizer.pre_missing) report("the model names no pre-tokenizer; gpt-2 is assumed");
    if (tokenizer.nfc_left_out) report("the model asks for texts in Unicode's form C; they are taken as they are");
    report("kernels %s, threads %d, context %d, KV cache %s, memory %.1f MiB", model.cpu, memory->threads,
           (int)memory->n_ctx, memory->kv_type, (double)memory->total / 1048576);
    report("prompt %zu tokens, seed %llu", g->ids.n, (unsigned long long)g->request.seed);
}

static bool on_weights(void *user, uint64_t done, uint64_t all) {
    struct generation *g = user;
    progress_update(&g->bar, "reading the model", (size_t)done, (size_t)all);
    return true;
}

static quill_status load(struct generation *g, quill_error *err) {
    double before = clock_ms();
    quill_status s = open_model(&g->model, g->o, err);
    if (!s)
        s = g->file ? rendered_encode(&g->ids, quill_model_tokenizer(g->model), &g->prompt, err)
                    : prompt_encode(&g->ids, quill_model_tokenizer(g->model), g->prompt.text.p, g->prompt.text.n,
                                    g->o->prompt.special, true, err);
    if (s) return s;
    quill_session_options options = session_options(g->o);
    if (options.n_ctx == 0) options.n_ctx = positions_needed(g);
    options.on_weights = on_weights, options.user = g;
    quill_memory memory;
    progress_start(&g->bar, g->o->talk.quiet);
    s = open_session(&g->session, &memory, g->model, g->o, &options, err);
    progress_clear(&g->bar);
    if (s) return s;
    g->n_ctx = memory.n_ctx;
    g->load_ms = clock_ms() - before;
    if (g->o->talk.verbose && !g->o->talk.quiet) note_set_up(g, &memory);
    return QUILL_OK;
}

// ---- one sample ----

static quill_status on_text(void *user, const char *text, size_t n) {
    struct generation *g = user;
    progress_clear(&g->bar);
    if (g->o->output.json) return QUILL_OK;
    quill_status s = output_write(&g->out, text, n, &g->write_error);
    return s ? s : output_flush(&g->out, &g->write_error);
}

static void on_prompt(void *user, size_t done, size_t all) {
    struct generation *g = user;
    progress_update(&g->bar, "reading the prompt", done, all);
}

static quill_status echo_prompt(struct generation *g, quill_error *err) {
    bool dim = colors_wanted((enum color_when)g->o->output.color, g->out.terminal);
    quill_status s = dim ? output_write_raw(&g->out, "\x1b[2m", err) : QUILL_OK; // ECMA-48 SGR: faint, normal
    if (!s) s = output_write(&g->out, g->prompt.text.p, g->prompt.text.n, err);
    if (!s && dim) s = output_write_raw(&g->out, "\x1b[0m", err);
    return s ? s : output_flush(&g->out, err);
}

static quill_status write_object(struct generation *g, const quill_result *result, double first_token_ms,
                                 const char *problem, quill_error *err) {
    quill_model_info info;
    quill_model_describe(g->model, &info);
    struct buffer text = {0};
    bool ok = (!g->o->output.echo || buffer_add(&text, g->prompt.text.p, g->prompt.text.n)) &&
              buffer_add(&text, result->text.text, result->text.n);
    struct sample sample = {
        .result = result,
        .tokenizer = quill_model_tokenizer(g->model),
        .text = text.p,
        .n_text = text.n,
        .model = info.name ? info.name : info.file,
        .error = problem,
        .seed = g->request.seed,
        .index = g->request.sample,
        .n_added = g->ids.n_added,
        .tokens = g->o->output.logprobs >= 0,
        .prompt_tokens = g->o->output.prompt_logprobs,
        .special = g->o->prompt.special,
        .timing = !g->o->output.no_timing,
        .load_ms = g->load_ms,
        .first_token_ms = first_token_ms,
    };
    quill_status s = ok ? json_write_line(&g->out, json_sample(&sample), err) : fail_memory(err);
    buffer_free(&text);
    return s;
}

// What follows the text of a sample: nothing for a single one, except on a terminal.
static quill_status end_sample(struct generation *g, quill_error *err) {
    quill_status s = QUILL_OK;
    if (g->o->output.null)
        s = output_write(&g->out, "", 1, err);
    else if (g->o->sampling.samples > 1 && g->out.in_line)
        s = output_write(&g->out, "\n", 1, err);
    else
        s = output_end_line(&g->out, err);
    return s ? s : output_flush(&g->out, err);
}

static void add_to_stats(struct generation *g, const quill_result *r, double first_token_ms) {
    if (g->n_samples++ == 0) g->first_token_ms = first_token_ms;
    g->prompt_tokens += r->prompt_tokens;
    g->cached_tokens += r->cached_tokens;
    g->generated_tokens += r->generated_tokens;
    g->prompt_ms += r->prompt_ms;
    g->generate_ms += r->generate_ms;
    g->stop = r->stop;
}

static int ended(const struct generation *g, const quill_result *r, quill_error *err) {
    if (r->stop == QUILL_STOP_TIMEOUT) {
        fail(err, QUILL_E_SYSTEM, "stopped after %g s (--timeout)", g->o->length.timeout);
        return STATUS_TIMEOUT;
    }
    if (r->stop != QUILL_STOP_CONTEXT || g->o->length.truncate_ok) return QUILL_OK;
    return (int)fail(err, QUILL_E_CONTEXT, "the context of %d positions is full: the text ends after %zu tokens",
                     (int)g->n_ctx, r->generated_tokens);
}

// Generates and prints sample `index`. Returns the exit status; *last: nothing more is to be generated.
static int run_sample(struct generation *g, uint32_t index, bool *last, quill_error *err) {
    const quill_result *result = NULL;
    quill_status s = QUILL_OK;
    g->request.sample = index;
    double now = clock_ms();
    g->out.in_line = g->o->sampling.samples > 1; // of several texts an empty one is a line too
    if (g->o->length.timeout > 0) g->request.timeout = fmax(g->o->length.timeout - 1e-3 * (now - g->started), 1e-6);
    if (g->o->output.echo && !g->o->output.json && g->ids.n <= (size_t)g->n_ctx) s = echo_prompt(g, err);
    if (!s) s = quill_generate(g->session, &g->request, &result, err);
    progress_clear(&g->bar);
    *last = s || result->stop == QUILL_STOP_TIMEOUT || result->stop == QUILL_STOP_SIGNAL;
    if (g->write_error.status) {
        *err = g->write_error;
        return (int)s;
    }
    if (s && (!result || result->generated_tokens == 0)) return (int)s;
    // the first text counts from the start of the program: that is what its user waits for
    double first = result->generated_tokens ? result->first_token_ms + (index ? 0 : now - g->started) : 0;
    add_to_stats(g, result, first);
    quill_error problem;
    quill_status written =
        g->o->output.json ? write_object(g, result, first, s ? err->text : NULL, &problem) : end_sample(g, &problem);
    if (s) return (int)s;
    if (!written) return ended(g, result, err);
    *err = problem;
    *last = true;
    return (int)written;
}

// ---- all of them ----

static double per_second(size_t tokens, double ms) { return ms > 0 ? (double)tokens / ms * 1e3 : 0; }

static void print_stats(const struct generation *g) {
    struct rusage usage = {0};
    getrusage(RUSAGE_SELF, &usage);
    report("prompt %zu tokens %.1f ms (%.0f/s), cached %zu, generated %zu tokens %.1f ms (%.0f/s), "
           "first token %.1f ms, peak %ld MiB, stop %s, seed %llu",
           g->prompt_tokens, g->prompt_ms, per_second(g->prompt_tokens - g->cached_tokens, g->prompt_ms),
           g->cached_tokens, g->generated_tokens, g->generate_ms, per_second(g->generated_tokens, g->generate_ms),
           g->first_token_ms, usage.ru_maxrss / 1024, quill_stop_name(g->stop), (unsigned long long)g->request.seed);
}

// The status is that of the first sample that did not end well; a timeout, which ends them all, comes before others.
static int run_samples(struct generation *g, quill_error *err) {
    int status = 0;
    bool last = false;
    quill_error problem = {0};
    for (int64_t i = 0; i < g->o->sampling.samples && !last && !signals_pending(); i++) {
        int s = run_sample(g, (uint32_t)i, &last, &problem);
        if (s && (!status || s == STATUS_TIMEOUT)) status = s, *err = problem;
    }
    return status;
}

static quill_status prepare(struct generation *g, struct options *o, quill_error *err) {
    quill_status s = o->file.path ? prompt_file_take(&g->file, o, &g->prompt, err) : QUILL_OK;
    if (!s && o->choose.choices.n)
        s = fail(err, QUILL_E_USAGE, "%s sets choices, which are for 'quill choose -F'", QUOTED(str_of(o->file.path)));
    if (!s) s = request_build(&g->request, &g->parts, o, err);
    if (!s && !g->file) s = prompt_read(&g->prompt.text, o, err);
    if (s || !g->file) return s;
    quill_text fallback;
    const quill_text *stops;
    size_t n = prompt_file_stops(g->file, o, &stops, &fallback);
    return request_add_stops(&g->request, &g->parts, stops, n, err);
}

static int generate(struct generation *g, struct options *o, quill_error *err) {
    quill_status s = prepare(g, o, err);
    if (!s && o->file.show_prompt) return (int)prompt_show(o, &g->prompt.text, err);
    if (!s) s = load(g, err);
    if (!s) s = output_open(&g->out, o->output.path, o->output.raw, err);
    if (s) return (int)s;
    signals_catch();
    progress_start(&g->bar, o->talk.quiet);
    g->request.prompt = g->ids.ids;
    g->request.n_prompt = g->ids.n;
    g->request.on_text = on_text;
    g->request.on_prompt = on_prompt;
    g->request.user = g;
    int status = run_samples(g, err);
    bool keep = status == 0 || status == QUILL_E_CONTEXT || status == STATUS_TIMEOUT;
    if (g->n_samples && keep && !signals_pending()) {
        quill_error problem;
        if (output_close(&g->out, &problem)) {
            *err = problem;
            status = (int)problem.status;
        }
    }
    if (o->output.stats && g->n_samples) print_stats(g);
    return status;
}

int cmd_generate(struct options *o, quill_error *err) {
    struct generation g = {.o = o, .started = clock_ms(), .out = {.fd = -1}};
    int status = (int)check_options(o, err);
    if (!status) status = (int)environment_apply(o, err);
    if (!status) status = generate(&g, o, err);
    output_abort(&g.out);
    quill_session_free(g.session);
    quill_model_free(g.model);
    request_parts_free(&g.parts);
    free(g.ids.ids);
    rendered_free(&g.prompt);
    prompt_file_free(g.file);
    return status;
}
