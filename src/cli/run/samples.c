// SPDX-License-Identifier: MIT
#include "samples.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/error.h"
#include "cli/io/json_out.h"
#include "cli/io/report.h"
#include "cli/io/signals.h"
#include "quill/batch.h"
#include "quill/search.h"
#include "request.h"

enum { BATCHES_AHEAD = 4 }; // while a slow sample delays printing, up to this many batches wait for it

struct sampled {
    struct samples *of;
    int64_t index;
    double added;       // clock_ms
    struct buffer text; // output that waits for earlier samples: its text so far, or its object
    struct answer_view view; // of the answer of a chat, and for its object the text that is shown of it
    struct buffer shown;
    bool done;          // the following members are then valid
    quill_status status;
    quill_error error;
    quill_result result; // its pointers are no longer valid
    const double *score; // of a text of a beam search; as long as the result
};

static struct sampled *place_of(const struct samples *s, int64_t index) {
    return &s->places[(size_t)index % s->n_places];
}

// ---- on their way -----------------------------------------------------------------------------------

static quill_status print(struct samples *s, const char *text, size_t n, quill_error *err) {
    quill_status status = output_write(s->out, text, n, err);
    return status ? status : output_flush(s->out, err);
}

// A text under a constraint may still fail, and nothing is printed of one that does.
static bool is_held(const struct samples *s) { return s->request.constraint != NULL; }

static quill_status print_dimmed(struct samples *s, const char *text, size_t n, quill_error *err) {
    bool dim = colors_wanted((enum color_when)s->o->output.color, s->out->terminal);
    quill_status status = dim ? output_write_raw(s->out, "\x1b[2m", err) : QUILL_OK; // ECMA-48 SGR: faint, normal
    if (!status) status = output_write(s->out, text, n, err);
    if (!status && dim) status = output_write_raw(s->out, "\x1b[0m", err);
    return status ? status : output_flush(s->out, err);
}

static quill_status show(void *user, const char *text, size_t n, bool dimmed) {
    struct sampled *p = user;
    struct samples *s = p->of;
    if (!s->o->output.json && p->index == s->printed && !is_held(s))
        return dimmed ? print_dimmed(s, text, n, &s->write_error) : print(s, text, n, &s->write_error);
    return buffer_add(s->o->output.json ? &p->shown : &p->text, text, n) ? QUILL_OK : QUILL_E_SYSTEM;
}

static quill_status on_text(void *user, const char *text, size_t n) {
    struct sampled *p = user;
    struct samples *s = p->of;
    progress_clear(s->bar);
    if (s->answers) return answer_view_take(&p->view, text, n, &s->write_error);
    return s->o->output.json ? QUILL_OK : show(p, text, n, false);
}

static void on_prompt(void *user, size_t done, size_t all) {
    const struct sampled *p = user;
    if (p->index == p->of->printed) progress_update(p->of->bar, "reading the prompt", done, all);
}

// The first text's time counts from the start of the program, since its user waits that long.
static double first_token_ms(const struct sampled *p) {
    if (p->result.generated_tokens == 0) return 0;
    return p->result.first_token_ms + (p->index ? 0 : p->added - p->of->started);
}

static bool add_object(struct sampled *p) {
    const struct samples *s = p->of;
    const quill_result *result = &p->result;
    quill_model_info info;
    quill_model_describe(s->model, &info);
    struct buffer text = {0};
    bool ok = (!s->o->output.echo || buffer_add(&text, s->prompt->p, s->prompt->n)) &&
              (s->answers ? buffer_add_str(&text, buffer_str(&p->shown))
                          : buffer_add(&text, result->text.text, result->text.n));
    json_t *message = s->answers ? answer_view_object(&p->view) : NULL;
    ok = ok && (message || !s->answers);
    const struct sample sample = {
        .result = result,
        .tokenizer = quill_model_tokenizer(s->model),
        .text = text.p,
        .n_text = text.n,
        .message = message,
        .model = info.name ? info.name : info.file,
        .error = p->status ? p->error.text : NULL,
        .seed = s->request.seed,
        .index = p->index,
        .n_added = s->ids->n_added,
        .tokens = s->o->output.logprobs >= 0,
        .prompt_tokens = s->o->output.prompt_logprobs,
        .special = s->o->prompt.special,
        .timing = !s->o->output.no_timing,
        .load_ms = s->load_ms,
        .first_token_ms = first_token_ms(p),
        .score = p->score,
    };
    if (!ok) json_decref(message);
    ok = ok && json_add(&p->text, json_sample(&sample)) && buffer_add_string(&p->text, "\n");
    buffer_free(&text);
    return ok;
}

// The request of the next sample.
static quill_request begin_sample(struct samples *s, struct sampled *p) {
    quill_request request = s->request;
    p->of = s;
    p->index = s->added;
    p->added = clock_ms();
    p->text.n = p->shown.n = 0;
    p->done = false;
    request.prompt = s->ids->ids;
    request.n_prompt = s->ids->n;
    request.sample = (uint32_t)p->index;
    request.on_text = on_text;
    request.on_prompt = on_prompt;
    request.user = p;
    const double timeout = s->o->length.timeout;
    if (timeout > 0) request.timeout = fmax(timeout - 1e-3 * (p->added - s->started), 1e-6);
    return request;
}

// Adds the best texts of a beam search, *n at most, as samples that are done.
static quill_status search(struct samples *s, int64_t *n, quill_error *err) {
    const quill_beams beams = {
        .n_beams = (int32_t)s->o->sampling.beams,
        .length_penalty = s->o->sampling.length_penalty,
        .early_stopping = (quill_early_stopping)s->o->sampling.early_stopping,
    };
    const quill_hypothesis *found;
    size_t n_found;
    const quill_request request = begin_sample(s, place_of(s, 0));
    quill_status status = quill_beam_search(s->session, &request, &beams, &found, &n_found, err);
    if ((uint64_t)*n > n_found) *n = (int64_t)n_found;
    for (; !status && s->added < *n; s->added++) {
        struct sampled *p = place_of(s, s->added);
        const quill_hypothesis *h = &found[s->added];
        begin_sample(s, p);
        p->done = true;
        p->result = h->result;
        p->score = &h->score;
        const bool ok = s->o->output.json ? add_object(p) : buffer_add(&p->text, h->result.text.text, h->result.text.n);
        if (!ok) status = fail_memory(err);
    }
    return status;
}

int32_t samples_top_k(const struct options *o) {
    enum { USUAL_TOP_K = 4 };
    return options_given(o, OPTION_OF(sampling.top_k)) ? (int32_t)o->sampling.top_k : USUAL_TOP_K;
}

// The one text of a contrastive search is printed as it comes.
static quill_status search_contrastively(struct samples *s) {
    const quill_contrast options = {s->o->sampling.penalty_alpha, samples_top_k(s->o)};
    struct sampled *p = place_of(s, 0);
    const quill_request request = begin_sample(s, p);
    const quill_result *result;
    s->added = 1;
    p->status = quill_contrastive_search(s->session, &request, &options, &result, &p->error);
    p->done = true;
    if (result) p->result = *result;
    const bool whole = !p->status || p->result.generated_tokens > 0;
    return whole && s->o->output.json && !add_object(p) ? QUILL_E_SYSTEM : QUILL_OK;
}

static quill_status add(struct samples *s, quill_error *err) {
    struct sampled *p = place_of(s, s->added);
    const quill_request request = begin_sample(s, p);
    quill_status status = s->answers ? answer_view_begin(&p->view, s->answers, show, p, err) : QUILL_OK;
    if (!status) status = quill_batch_add(s->session, &request, p, err);
    if (!status) s->added++;
    return status;
}

// What is left of an answer is shown, and it becomes an object if that is wanted.
static quill_status end_sampled(struct sampled *p, quill_error *err) {
    const struct samples *s = p->of;
    if (p->status && p->result.generated_tokens == 0) return QUILL_OK;
    quill_status status = s->answers ? answer_view_end(&p->view, err) : QUILL_OK;
    return status || !s->o->output.json || add_object(p) ? status : fail_memory(err);
}

// Computes one token of each sample, and ends those that finished.
static quill_status step(struct samples *s, quill_error *err) {
    quill_batch_row row;
    quill_status status = quill_batch_step(s->session, err);
    while (!status && quill_batch_take(s->session, &row)) {
        struct sampled *p = row.tag;
        p->done = true;
        p->status = row.status;
        p->error = row.error;
        p->result = *row.result;
        status = end_sampled(p, err);
    }
    return status;
}

// ---- printing ---------------------------------------------------------------------------------------

// On a terminal, a line separates the texts.
static quill_status part(struct samples *s, quill_error *err) {
    static const char line[] = "----\n";
    const struct options *o = s->o;
    bool apart = s->printed > s->failed && s->out->terminal && !o->output.json && !o->output.null;
    return apart ? print_dimmed(s, line, sizeof line - 1, err) : QUILL_OK;
}

// Prints what precedes the text of the next sample, and its text so far, if there is a sample.
static quill_status begin_text(struct samples *s, const struct sampled *p, quill_error *err) {
    quill_status status = part(s, err);
    s->out->in_line = s->o->sampling.samples > 1; // of several texts an empty one is a line too
    bool echo = s->echo && !s->o->output.json && s->ids->n <= (size_t)s->n_ctx;
    if (!status && echo) status = print_dimmed(s, s->prompt->p, s->prompt->n, err);
    if (status || !p || s->o->output.json || p->text.n == 0) return status;
    return print(s, p->text.p, p->text.n, err);
}

static quill_status turn_to_next(struct samples *s, quill_error *err) {
    return is_held(s) ? QUILL_OK : begin_text(s, s->printed < s->added ? place_of(s, s->printed) : NULL, err);
}

// What follows the text of a sample: nothing for a single one, except on a terminal.
static quill_status end_text(struct samples *s, const struct sampled *p, quill_error *err) {
    const bool cut_off = p->result.stop == QUILL_STOP_TIMEOUT || p->result.stop == QUILL_STOP_SIGNAL;
    if (is_held(s) && cut_off) return QUILL_OK;
    quill_status status = is_held(s) ? begin_text(s, p, err) : QUILL_OK;
    if (status) return status;
    if (s->o->output.null) status = output_write(s->out, "", 1, err);
    else if (s->o->sampling.samples > 1 && s->out->in_line) status = output_write(s->out, "\n", 1, err);
    else status = output_end_line(s->out, err);
    return status ? status : output_flush(s->out, err);
}

static void add_to_total(struct samples *s, const struct sampled *p) {
    struct samples_total *t = &s->total;
    if (t->n++ == 0) {
        t->first_token_ms = first_token_ms(p);
        t->prompt_ms = p->result.prompt_ms;
    }
    t->prompt_tokens += p->result.prompt_tokens;
    t->cached_tokens += p->result.cached_tokens;
    t->generated_tokens += p->result.generated_tokens;
    t->context_shifts += p->result.context_shifts;
    t->stop = p->result.stop;
}

static int ended(const struct samples *s, const quill_result *r, quill_error *err) {
    if (r->stop == QUILL_STOP_TIMEOUT) {
        fail(err, QUILL_E_SYSTEM, "stopped after %g s (--timeout)", s->o->length.timeout);
        return STATUS_TIMEOUT;
    }
    if (r->stop != QUILL_STOP_CONTEXT || context_may_end(s->o)) return QUILL_OK;
    return (int)fail(err, QUILL_E_CONTEXT, "the context of %d positions is full: the text ends after %zu token%s",
                     (int)s->n_ctx, r->generated_tokens, PLURAL(r->generated_tokens));
}

// Texts that a constraint allows are draws of their own: one that cannot be completed says nothing of the others.
static bool is_one_of_several(const struct samples *s, const struct sampled *p) {
    return is_held(s) && p->status == QUILL_E_CONSTRAINT && s->o->sampling.samples > 1;
}

// Ends the sample being printed. Returns its exit status; *last: no other sample follows.
static int end_sample(struct samples *s, const struct sampled *p, bool *last, quill_error *err) {
    progress_clear(s->bar);
    if (is_one_of_several(s, p) && !s->write_error.status) {
        report("sample %lld: %s", (long long)p->index, p->error.text);
        s->failed++;
        *last = false;
        *err = p->error;
        return (int)p->status;
    }
    *last = p->status || p->result.stop == QUILL_STOP_TIMEOUT || p->result.stop == QUILL_STOP_SIGNAL;
    if (p->status) *err = s->write_error.status ? s->write_error : p->error;
    if (s->write_error.status || (p->status && p->result.generated_tokens == 0)) return (int)p->status;
    add_to_total(s, p);
    quill_error problem;
    quill_status written =
        s->o->output.json ? print(s, p->text.p, p->text.n, &problem) : end_text(s, p, &problem);
    if (p->status) return (int)p->status;
    if (s->answers && !answer_view_keep(&p->view)) written = fail_memory(&problem);
    if (!written) return ended(s, &p->result, err);
    *err = problem;
    *last = true;
    return (int)written;
}

// ---- all of them ------------------------------------------------------------------------------------

struct outcome {
    int status;
    quill_error *err;
    bool last; // nothing more is printed
};

static void note(struct outcome *outcome, int status, const quill_error *problem) {
    if (!status || (outcome->status && status != STATUS_TIMEOUT)) return;
    outcome->status = status;
    *outcome->err = *problem;
}

static void print_done(struct samples *s, struct outcome *outcome) {
    quill_error problem;
    while (!outcome->last && s->printed < s->added && place_of(s, s->printed)->done) {
        int status = end_sample(s, place_of(s, s->printed), &outcome->last, &problem);
        note(outcome, status, &problem);
        s->printed++;
        outcome->last = outcome->last || s->printed == s->o->sampling.samples || signals_pending();
        if (outcome->last) return;
        status = (int)turn_to_next(s, &problem);
        note(outcome, status, &problem);
        outcome->last = status != 0;
    }
}

int samples_run(struct samples *s, quill_error *err) {
    struct outcome outcome = {.err = err};
    int64_t n = s->o->sampling.samples;
    const size_t most = quill_batch_room(s->session) * BATCHES_AHEAD;
    s->n_places = n < (int64_t)most ? (size_t)n : most;
    s->places = alloc_zeroed(s->n_places, sizeof *s->places);
    if (!s->places) return (int)fail_memory(err);
    double begun = clock_ms();
    quill_status status = s->o->sampling.beams > 0 ? search(s, &n, err) : QUILL_OK;
    if (!status) status = turn_to_next(s, err);
    if (!status && s->o->sampling.penalty_alpha > 0 && search_contrastively(s)) status = fail_memory(err);
    while (!status && !outcome.last) {
        while (!status && !signals_pending() && s->added < n &&
               quill_batch_room(s->session) >= quill_request_sequences(&s->request) &&
               s->added - s->printed < (int64_t)s->n_places)
            status = add(s, err);
        if (!status && s->printed == s->added) break; // a signal came between two of them
        if (!status) status = step(s, err);
        if (!status) print_done(s, &outcome);
    }
    s->total.generate_ms = clock_ms() - begun - s->total.prompt_ms;
    if (!status && s->failed && outcome.status == (int)QUILL_E_CONSTRAINT)
        fail(err, QUILL_E_CONSTRAINT, "%lld of %lld samples failed", (long long)s->failed, (long long)s->printed);
    return status ? (int)status : outcome.status;
}

void samples_free(struct samples *s) {
    for (size_t i = 0; s->places && i < s->n_places; i++) {
        buffer_free(&s->places[i].text);
        buffer_free(&s->places[i].shown);
        answer_view_free(&s->places[i].view);
    }
    free(s->places);
}
