// SPDX-License-Identifier: MIT
#include "production.h"

#include <stdio.h>
#include <sys/resource.h>

#include "base/clock.h"
#include "base/error.h"
#include "cache_use.h"
#include "cli/io/report.h"
#include "cli/io/signals.h"
#include "model_source.h"
#include "quill/batch.h"

// ---- before the first token ----

// -c 0: P prompt tokens and G generated ones need P + G - 1 positions, at most as many as the model has.
static int32_t positions_needed(const struct samples *samples) {
    const struct options *o = samples->o;
    int32_t limit = quill_model_n_ctx(samples->model);
    const size_t negative = samples->request.n_negative_prompt, own = samples->ids->n;
    uint64_t need = (own < negative ? negative : own) +
                    (o->length.predict > 1 ? (uint64_t)o->length.predict - 1 : 0);
    return o->length.predict < 0 || need > (uint64_t)limit ? limit : (int32_t)need;
}

static void note_set_up(const struct samples *samples, const quill_memory *memory) {
    quill_model_info model;
    quill_model_describe(samples->model, &model);
    report("model: %s (%s, %s, %.1f million parameters)", QUOTED(str_of(model.file)), model.format, model.family,
           1e-6 * (double)model.parameters);
    report("kernels %s, threads %d, context %d, KV cache %s, memory %.1f MiB", model.cpu, memory->threads,
           (int)memory->n_ctx, memory->kv_type, (double)memory->total / 1048576);
    report("prompt %zu tokens, seed %llu", samples->ids->n, (unsigned long long)samples->request.seed);
}

quill_status production_open(struct production *p, quill_error *err) {
    struct samples *samples = &p->samples;
    const struct options *o = samples->o;
    quill_session_options options = session_options(o);
    if (options.n_ctx == 0) options.n_ctx = p->n_ctx ? p->n_ctx : positions_needed(samples);
    options.n_seq = o->sampling.samples < SAMPLES_AT_ONCE ? (int32_t)o->sampling.samples : SAMPLES_AT_ONCE;
    int32_t least = (int32_t)quill_request_sequences(&samples->request);
    options.n_seq *= least;
    if (o->sampling.beams > 0) options.n_seq = least = (int32_t)o->sampling.beams;
    if (o->sampling.penalty_alpha > 0) options.n_seq = least = samples_top_k(o);
    quill_memory memory;
    quill_status s = open_session(&p->session, &memory, samples->model, o, &options, err);
    if (!s && quill_batch_room(p->session) < (size_t)least)
        s = fail(err, QUILL_E_SYSTEM, "out of memory for %d sequences; smaller -c, -n or --kv-type need less",
                 (int)least);
    if (!s && p->cache) s = cache_begin(p->session, o, err);
    if (s) return s;
    samples->n_ctx = memory.n_ctx;
    samples->session = p->session;
    samples->out = &p->out;
    samples->bar = &p->bar;
    if (o->talk.verbose && !o->talk.quiet) note_set_up(samples, &memory);
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
    struct production *p;
    int status;
};

static quill_status run_held(void *arg, quill_error *err) {
    struct held_samples *held = arg;
    struct production *p = held->p;
    p->samples.load_ms = clock_ms() - p->load_started;
    progress_start(&p->bar, p->samples.o->talk.quiet);
    held->status = samples_run(&p->samples, err);
    return QUILL_OK;
}

int production_run(struct production *p, quill_error *err) {
    struct samples *samples = &p->samples;
    const struct options *o = samples->o;
    quill_status s = output_open(&p->out, o->output.path, o->output.raw, err);
    if (s) return (int)s;
    signals_catch();
    progress_start(&p->bar, o->talk.quiet);
    samples->echo = o->output.echo || (p->typed && p->out.terminal && !o->output.no_echo && !o->output.null);
    if (!o->output.no_wrap && !o->output.json && !o->output.null) output_wrap(&p->out);
    struct held_samples held = {p, 0};
    s = hold_session(p->session, run_held, &held, err);
    int status = s ? (int)s : held.status;
    bool keep = status == 0 || status == QUILL_E_CONTEXT || status == STATUS_TIMEOUT;
    if (samples->total.n && keep && !signals_pending()) {
        quill_error problem;
        if (output_close(&p->out, &problem)) {
            *err = problem;
            status = (int)problem.status;
        }
    }
    if (o->output.stats && samples->total.n) print_stats(samples);
    if (!signals_pending()) cache_store(p->session, samples->ids->ids, samples->ids->n);
    return status;
}

void production_free(struct production *p) {
    output_abort(&p->out);
    samples_free(&p->samples);
    quill_session_free(p->session);
}
