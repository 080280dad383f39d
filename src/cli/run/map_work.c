// SPDX-License-Identifier: MIT
#include "map_work.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/buffer.h"
#include "base/error.h"
#include "cache_use.h"
#include "choices_show.h"
#include "cli/io/show.h"
#include "cli/io/signals.h"
#include "cli/prompt/read.h"
#include "quill/chat.h"
#include "request.h"

enum { BATCHES_AHEAD = 4 };

// ---- answers that are generated ----

static bool end_sample(const struct map_work *w, struct job *job, const quill_result *r, quill_text answer) {
    quill_model_info info;
    quill_model_describe(w->model, &info);
    const struct sample sample = {
        .result = r,
        .tokenizer = quill_model_tokenizer(w->model),
        .text = answer.text,
        .n_text = answer.n,
        .model = info.name ? info.name : info.file,
        .error = job->error.status ? job->error.text : NULL,
        .seed = w->request.seed,
        .n_added = job->ids.n_added,
        .tokens = w->o->output.logprobs >= 0,
        .prompt_tokens = w->o->output.prompt_logprobs,
        .timing = !w->o->output.no_timing,
        .load_ms = w->load_ms,
        .first_token_ms = r->first_token_ms,
    };
    return record_end_json(&job->record, job->number, json_sample(&sample));
}

// The content of an answer, borrowed from *answer. All prompts end alike, so any of them tells how answers begin.
static bool take_apart(const struct map_work *w, quill_text *text, quill_answer **answer) {
    const quill_chat_prompt prompt = {.text = w->prompt.text.p, .n = w->prompt.text.n};
    quill_answer_info info;
    quill_error unused;
    if (quill_answer_create(answer, &prompt, false, NULL, NULL, &unused) ||
        quill_answer_take(*answer, text->text, text->n, &unused) || quill_answer_end(*answer, &unused))
        return false;
    quill_answer_describe(*answer, &info);
    *text = (quill_text){info.content, info.n_content};
    return true;
}

static bool end_generated(const struct map_work *w, struct job *job, const quill_result *result) {
    static const quill_result none = {.text = {"", 0}, .stop = QUILL_STOP_ERROR};
    const quill_result *r = result ? result : &none;
    quill_text text = r->text;
    quill_answer *taken = NULL;
    bool ok = !w->is_chat || take_apart(w, &text, &taken);
    text = record_answer(&w->form, text);
    if (w->form.json) ok = ok && end_sample(w, job, r, text);
    else ok = ok && record_end(&job->record, &w->form, text, NULL, job->error.status ? job->error.text : NULL);
    quill_answer_free(taken);
    return ok;
}

// ---- answers that are chosen ----

static bool end_unchosen(const struct map_work *w, struct job *job) {
    if (!w->form.json) return record_end(&job->record, &w->form, (quill_text){"", 0}, NULL, job->error.text);
    json_t *object = json_object();
    if (json_put(object, "choice", json_null()) && json_put(object, "prob", json_null()) &&
        json_put(object, "probs", json_array()) && json_put(object, "prompt_tokens", json_integer(0)) &&
        json_put(object, "error", json_c_string(job->error.text)))
        return record_end_json(&job->record, job->number, object);
    json_decref(object);
    return false;
}

static bool end_probs(const struct map_work *w, struct job *job, const struct choice *const *sorted) {
    struct buffer line = {0};
    bool ok = true;
    for (size_t i = 0; i < w->weighing->choices->n && ok; i++)
        ok = (i == 0 || buffer_add_string(&line, "\t")) && choices_add_prob(&line, sorted[i]);
    ok = ok && record_end_plain(&job->record, &line);
    buffer_free(&line);
    return ok;
}

static bool end_chosen(const struct map_work *w, struct job *job) {
    const struct choices *c = w->weighing->choices;
    if (job->error.status) return end_unchosen(w, job);
    const struct choice **sorted = calloc(c->n, sizeof *sorted);
    if (!sorted) return false;
    choices_sort(c, sorted);
    quill_text best = {sorted[0]->name.p, sorted[0]->name.n};
    bool ok;
    if (w->form.json) {
        ok = record_end_json(&job->record, job->number, choices_object(c, sorted, w->weighing->prompt_tokens));
    } else if (w->o->choose.probs && w->form.input == ROW_JSONL) {
        json_t *value = choices_prob_object(c, sorted);
        ok = value && record_end(&job->record, &w->form, best, value, NULL);
    } else {
        ok = w->o->choose.probs ? end_probs(w, job, sorted) : record_end(&job->record, &w->form, best, NULL, NULL);
    }
    free(sorted);
    return ok;
}

// ---- the end of a job ----

static quill_status finish(struct map_work *w, struct job *job, const quill_result *result, quill_error *err) {
    bool ok = w->weighing ? end_chosen(w, job) : end_generated(w, job, result);
    free(job->ids.ids);
    job->ids = (struct prompt_ids){0};
    job->state = JOB_DONE;
    return ok ? QUILL_OK : fail_memory(err);
}

// Records a failure of the row; returns a failure of the system to the caller.
static quill_status failed(struct map_work *w, struct job *job, const quill_result *result, quill_error *err) {
    if (err->status == QUILL_E_SYSTEM) return err->status;
    job->error = *err;
    return finish(w, job, result, err);
}

// ---- rows to jobs ----

static struct rendered *prompt_of(struct map_work *w) { return w->weighing ? &w->weighing->prompt : &w->prompt; }

static bool make_room(struct map_work *w) {
    if (!w->fields) w->fields = calloc(w->use->n_open, sizeof *w->fields);
    if (!w->values) w->values = calloc(w->use->n_open, sizeof *w->values);
    return w->fields && w->values;
}

quill_status map_work_render(struct map_work *w, const struct row *row, quill_error *err) {
    char place[128];
    if (!make_room(w)) return fail_memory(err);
    snprintf(place, sizeof place, "%s:%" PRIu64, QUOTED(str_of(w->rows_name)), row->line);
    quill_error reason;
    quill_status s = prompt_use_columns(w->use, row->names, row->n_fields, w->fields, &reason);
    if (s) return fail(err, s, "%s: %s", place, reason.text);
    for (size_t i = 0; i < w->use->n_open; i++) w->values[i] = row->fields[w->fields[i]];
    struct rendered *prompt = prompt_of(w);
    s = prompt_use_render(w->use, w->values, prompt, err);
    if (!s && prompt->text.n > (uint64_t)w->o->prompt.max_bytes)
        s = fail(err, QUILL_E_CONTEXT, "%s: a prompt of more than %" PRId64 " bytes (--max-prompt-bytes)", place,
                 w->o->prompt.max_bytes);
    return s;
}

static quill_status encode(struct map_work *w, struct prompt_ids *ids, quill_error *err) {
    return suffix_encode(ids, w->suffix, quill_model_tokenizer(w->model), &w->prompt, true, false, err);
}

static quill_status prepare(struct map_work *w, struct job *job, const struct row *row, quill_error *err) {
    quill_status s = map_work_render(w, row, err);
    if (s) return s;
    return w->weighing ? weighing_encode(w->weighing, &job->choice, err) : encode(w, &job->ids, err);
}

// The prompt of a row whose fields all have this value.
static quill_status encode_value(struct map_work *w, quill_text value, struct prompt_ids *ids, quill_error *err) {
    for (size_t i = 0; i < w->use->n_open; i++) w->values[i] = value;
    quill_status s = prompt_use_render(w->use, w->values, prompt_of(w), err);
    if (s || !w->weighing) return s ? s : encode(w, ids, err);
    struct weighed_prompt p = {0};
    s = weighing_encode(w->weighing, &p, err);
    *ids = p.ids;
    p.ids = (struct prompt_ids){0};
    weighed_prompt_free(&p);
    return s;
}

// Two prompts with different values have the beginning of all in common.
quill_status map_work_use_cache(struct map_work *w, quill_error *err) {
    struct prompt_ids other = {0};
    quill_error unused;
    if (!make_room(w)) return fail_memory(err);
    quill_status s = encode_value(w, (quill_text){"N/A", 3}, &w->beginning, &unused);
    if (!s) s = encode_value(w, (quill_text){"7", 1}, &other, &unused);
    size_t n = 0;
    while (!s && n < w->beginning.n && n < other.n && w->beginning.ids[n] == other.ids[n]) n++;
    free(other.ids);
    w->beginning.n = n;
    return n >= QUILL_CACHE_LEAST ? cache_begin(w->session, w->o, err) : cache_check_variables(err);
}

// The next row, if it is one of this shard's, becomes a job.
static quill_status read_row(struct map_work *w, quill_error *err) {
    const struct row *row;
    quill_status s = rows_next(w->rows, &row, err);
    if (!row) {
        w->ended = true;
        if (s) w->read_error = *err; // the rows read so far are finished first
        return QUILL_OK;
    }
    if ((row->number - 1) % w->n_shards != w->shard - 1) return QUILL_OK;
    struct job *job = &w->jobs[w->last % w->n_jobs];
    uint64_t all;
    if (w->form.input == ROW_LINES) say_carriage_return(w->o, &w->said_return, row->raw.text, row->raw.n);
    job->number = row->number;
    rows_progress(w->rows, &job->end, &all);
    job->state = JOB_READ;
    job->error = (quill_error){0};
    w->last++;
    w->failures.rows++;
    if (!record_begin(&job->record, &w->form, row)) return fail_memory(err);
    if (!s) s = prepare(w, job, row, err);
    return s ? failed(w, job, NULL, err) : QUILL_OK;
}

// Waits for input only when there is nothing else to do.
static quill_status read_ahead(struct map_work *w, quill_error *err) {
    quill_status s = QUILL_OK;
    while (!s && !w->ended && !signals_pending() && w->last - w->first < w->n_jobs) {
        if (w->last > w->first && !rows_ready(w->rows)) break;
        s = read_row(w, err);
    }
    return s;
}

// ---- the batch ----

// Weighs all jobs that were read together.
static quill_status weigh_jobs(struct map_work *w, quill_error *err) {
    size_t n = 0;
    for (uint64_t i = w->next; i < w->last; i++) {
        struct job *job = &w->jobs[i % w->n_jobs];
        if (job->state == JOB_READ) w->weighed[n++] = &job->choice;
    }
    quill_status s = n ? weighing_run_prompts(w->weighing, w->weighed, n, err) : QUILL_OK;
    for (; !s && w->next < w->last; w->next++) {
        struct job *job = &w->jobs[w->next % w->n_jobs];
        if (job->state == JOB_DONE) continue;
        if (job->choice.error.status) *err = job->choice.error;
        else s = weighing_apply(w->weighing, &job->choice, err);
        s = s || job->choice.error.status ? failed(w, job, NULL, err) : finish(w, job, NULL, err);
    }
    return s;
}

static quill_status start_jobs(struct map_work *w, quill_error *err) {
    if (w->weighing) return weigh_jobs(w, err);
    quill_status s = QUILL_OK;
    for (; !s && w->next < w->last; w->next++) {
        struct job *job = &w->jobs[w->next % w->n_jobs];
        if (job->state == JOB_DONE) continue;
        if (quill_batch_room(w->session) < quill_request_sequences(&w->request)) break;
        w->request.prompt = job->ids.ids;
        w->request.n_prompt = job->ids.n;
        s = quill_batch_add(w->session, &w->request, job, err);
        if (s) s = failed(w, job, NULL, err);
        else job->state = JOB_RUNS;
    }
    return s;
}

static quill_status take_jobs(struct map_work *w, quill_error *err) {
    quill_batch_row row;
    quill_status s = QUILL_OK;
    while (!s && quill_batch_take(w->session, &row)) {
        struct job *job = row.tag;
        bool cut_off = !row.status && row.result->stop == QUILL_STOP_CONTEXT && !context_may_end(w->o);
        if (row.status) *err = row.error;
        else if (cut_off)
            fail(err, QUILL_E_CONTEXT, "the context is full: the text ends after %zu token%s",
                 row.result->generated_tokens, PLURAL(row.result->generated_tokens));
        s = row.status || cut_off ? failed(w, job, row.result, err) : finish(w, job, row.result, err);
    }
    return s;
}

// ---- output ----

static quill_status write_jobs(struct map_work *w, quill_error *err) {
    quill_status s = QUILL_OK;
    for (; !s && w->first < w->next; w->first++) {
        struct job *job = &w->jobs[w->first % w->n_jobs];
        if (job->state != JOB_DONE) break;
        progress_hide(&w->bar);
        w->written = job->end;
        s = output_write(w->out, job->record.text.p, job->record.text.n, err);
        if (!s) s = output_flush(w->out, err);
        if (s || !job->error.status) continue;
        *err = job->error;
        s = row_failed(&w->failures, job->number, err);
    }
    return s;
}

// Once a row has an answer, the session holds what all rows begin with.
static void store_beginning(struct map_work *w) {
    if (w->stored || w->first <= w->failures.failed || signals_pending()) return;
    cache_store(w->session, w->beginning.ids, w->beginning.n);
    w->stored = true;
}

static void show_progress(struct map_work *w) {
    char what[48];
    uint64_t read, all;
    rows_progress(w->rows, &read, &all);
    snprintf(what, sizeof what, "row %" PRIu64, w->first);
    progress_update(&w->bar, what, w->written, all);
}

static quill_status run(struct map_work *w, quill_error *err) {
    quill_status s = QUILL_OK;
    while (!s && !signals_pending()) {
        s = read_ahead(w, err);
        if (!s) s = start_jobs(w, err);
        if (!s && w->first == w->last) break;
        if (!s) s = quill_batch_step(w->session, err);
        if (!s) s = take_jobs(w, err);
        quill_error problem;
        quill_status written = write_jobs(w, &problem);
        if (!s && written) s = written, *err = problem;
        if (!s) store_beginning(w);
        show_progress(w);
    }
    progress_clear(&w->bar);
    if (s || signals_pending()) return s;
    if (w->read_error.status) *err = w->read_error;
    if (w->read_error.status) return w->read_error.status;
    w->complete = true;
    return row_failures_end(&w->failures, err);
}

quill_status map_work_run(struct map_work *w, quill_error *err) {
    w->failures.fast = w->o->rows.fail_fast;
    w->n_jobs = (w->weighing ? 1 : BATCHES_AHEAD) * w->n_batch;
    w->jobs = calloc(w->n_jobs, sizeof *w->jobs);
    w->weighed = calloc(w->n_jobs, sizeof *w->weighed);
    if (!w->jobs || !w->weighed) return fail_memory(err);
    progress_start(&w->bar, w->o->talk.quiet || w->out->terminal);
    return run(w, err);
}

void map_work_free(struct map_work *w) {
    for (size_t i = 0; w->jobs && i < w->n_jobs; i++) {
        free(w->jobs[i].ids.ids);
        weighed_prompt_free(&w->jobs[i].choice);
        record_free(&w->jobs[i].record);
    }
    free(w->jobs);
    free(w->weighed);
    free(w->beginning.ids);
    free(w->fields);
    free(w->values);
    rendered_free(&w->prompt);
}
