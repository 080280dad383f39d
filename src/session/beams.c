// SPDX-License-Identifier: MIT
// Beam search. In each step every beginning is a task of its own, which finds all but its last id in a lane: the first
// that goes on from a beginning in the lane of that beginning, the others in lanes that share its tiles.
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "beam.h"
#include "generate.h"
#include "text_out.h"

// A beginning with one token more.
struct extension {
    double total, logprob;
    size_t from; // which beginning
    int32_t id;
};

struct beam_task {
    struct task task;
    struct beam_search *search;
    size_t i; // of its beginning
};

struct beam_search {
    quill_session *session;
    const quill_request *request;
    const quill_beams *options;
    size_t most_tokens, n_tokens; // at most, and of all beginnings
    quill_stop last;              // why none follows most_tokens
    size_t n_beams;
    struct beam *beams, *next;    // [n_beams + 1] beginnings, best first; of the next step, with a place to try one
    size_t n, n_next;
    size_t *from;                 // [n_beams] which of the beginnings before they go on from
    struct ended ended;
    struct beam_task *tasks;      // [n_beams]
    size_t n_wanted;              // extensions of one beginning
    struct extension *extensions; // [n_beams * n_wanted]
    size_t n_extensions;
    int32_t *ids;                 // [n_wanted]
    float *row;                   // [n_vocab]
    struct text_out text;
    quill_hypothesis *found;      // [n_beams]
    double start, prompt_ms;
    size_t cached;
    quill_stop interrupt;         // QUILL_STOP_ERROR: none
    quill_status status;
    quill_error *err;
};

// ---- life -------------------------------------------------------------------------------------------

void beam_search_free(struct beam_search *s) {
    if (!s) return;
    for (size_t i = 0; i <= s->n_beams; i++) {
        if (s->beams) beam_free(&s->beams[i]);
        if (s->next) beam_free(&s->next[i]);
        if (s->ended.beams) beam_free(&s->ended.beams[i]);
    }
    free(s->beams);
    free(s->next);
    free(s->ended.beams);
    free(s->from);
    free(s->tasks);
    free(s->extensions);
    free(s->ids);
    free(s->row);
    free(s->found);
    buffer_free(&s->text.out);
    free(s);
}

static bool create_beams(struct beam **beams, size_t n, size_t room) {
    *beams = alloc_zeroed(n + 1, sizeof **beams);
    for (size_t i = 0; *beams && i <= n; i++)
        if (!beam_create(&(*beams)[i], room)) return false;
    return *beams;
}

static bool allocate(struct beam_search *s) {
    const size_t k = s->n_beams, n_vocab = s->session->likelihood.n_vocab;
    const size_t room = s->request->n_prompt + s->most_tokens + 1;
    quill_tokenizer_info info;
    quill_tokenizer_describe(s->session->model->tokenizer, &info);
    s->n_wanted = (1 + (info.n_eos ? info.n_eos : 1)) * k;
    if (s->n_wanted > n_vocab) s->n_wanted = n_vocab;
    s->ended.most = k;
    s->from = alloc_zeroed(k, sizeof *s->from);
    s->tasks = alloc_array(k, sizeof *s->tasks);
    s->extensions = alloc_array(k * s->n_wanted, sizeof *s->extensions);
    s->ids = alloc_array(s->n_wanted, sizeof *s->ids);
    s->row = alloc_array(n_vocab, sizeof *s->row);
    s->found = alloc_array(k, sizeof *s->found);
    return create_beams(&s->beams, k, room) && create_beams(&s->next, k, room) &&
           create_beams(&s->ended.beams, k, room) && s->from && s->tasks && s->extensions && s->ids && s->row &&
           s->found;
}

static quill_status check(const quill_session *session, const quill_request *r, const quill_beams *b,
                          quill_error *err) {
    quill_status s = request_check(r, session->lanes.n_vocab, err);
    if (s) return s;
    if (b->n_beams < 1 || b->n_beams > QUILL_MOST_BEAMS)
        return fail(err, QUILL_E_USAGE, "n_beams: expected 1 to %d, found %d", QUILL_MOST_BEAMS, (int)b->n_beams);
    if (b->n_beams > session->lanes.plan.n_seq)
        return fail(err, QUILL_E_USAGE, "n_beams: expected a session of %d sequences, found %d", (int)b->n_beams,
                    (int)session->lanes.plan.n_seq);
    if (!(b->length_penalty >= -100 && b->length_penalty <= 100))
        return fail(err, QUILL_E_USAGE, "length_penalty: expected -100 to 100, found %g", b->length_penalty);
    if (b->early_stopping < QUILL_EARLY_NO || b->early_stopping > QUILL_EARLY_NEVER)
        return fail(err, QUILL_E_USAGE, "early_stopping: expected no, yes or never, found %d", (int)b->early_stopping);
    const char *other = r->stop_regex         ? "stop_regex"
                        : r->constraint       ? "constraint"
                        : r->heal             ? "heal"
                        : r->cfg_scale != 1   ? "cfg_scale"
                        : r->context_shift    ? "context_shift"
                        : r->logprobs >= 0    ? "logprobs"
                                              : NULL;
    if (other) return fail(err, QUILL_E_USAGE, "%s: it does not go together with beams", other);
    if (session->schedule.n) return fail(err, QUILL_E_USAGE, "the session has rows of a batch in work");
    for (size_t i = 0; i < r->n_stops; i++)
        if (r->stops[i].n == 0) return fail(err, QUILL_E_USAGE, "stop: expected a text, found an empty one");
    return lanes_check_ids(&session->lanes, r->prompt, r->n_prompt, err);
}

// ---- a step -----------------------------------------------------------------------------------------

static bool poll_interrupt(struct beam_search *s) {
    const quill_request *r = s->request;
    if (r->interrupted && *r->interrupted) s->interrupt = QUILL_STOP_SIGNAL;
    else if (r->timeout > 0 && clock_ms() - s->start >= r->timeout * 1e3) s->interrupt = QUILL_STOP_TIMEOUT;
    return s->interrupt != QUILL_STOP_ERROR;
}

static bool wanted(void *user, size_t done) {
    struct beam_search *s = ((struct beam_task *)user)->search;
    const quill_request *r = s->request;
    if (s->n_tokens == 0 && r->on_prompt) r->on_prompt(r->user, done, r->n_prompt);
    return !poll_interrupt(s);
}

// The likeliest extensions of one beginning.
static quill_status on_rows(void *user, size_t at, size_t n, const float *logits, quill_error *err) {
    const struct beam_task *t = user;
    struct beam_search *s = t->search;
    const quill_session *session = s->session;
    const quill_request *r = s->request;
    const struct likelihood *l = &session->likelihood;
    const float *row = logits;
    (void)at, (void)n, (void)err;
    if (r->sampling.n_logit_bias) {
        row = memcpy(s->row, logits, l->n_vocab * sizeof *row);
        for (size_t i = 0; i < r->sampling.n_logit_bias; i++)
            s->row[r->sampling.logit_bias[i].id] += r->sampling.logit_bias[i].bias;
    }
    const bool no_end = r->ignore_eos || s->n_tokens < (uint64_t)r->min_tokens;
    const struct token_set *without = no_end ? &session->banned : &session->undrawn;
    const size_t found = largest_logits(session->sampler, row, l->n_vocab, without, s->n_wanted, s->ids);
    const struct log_sum sum = likelihood_log_sum(l, logits);
    for (size_t i = 0; i < found; i++) {
        const int32_t id = s->ids[i];
        const double logprob = log_sum_logprob(&sum, logits[id]), bias = (double)row[id] - (double)logits[id];
        s->extensions[s->n_extensions++] =
            (struct extension){s->beams[t->i].total + logprob + bias, logprob, t->i, id};
    }
    if (s->n_tokens == 0) s->cached = t->task.reused;
    return QUILL_OK;
}

static void on_end(void *user, quill_status status, const quill_error *err) {
    struct beam_search *s = ((struct beam_task *)user)->search;
    if (!status || s->status) return;
    s->status = status;
    if (s->err) *s->err = *err;
}

static bool is_first(const struct beam_search *s, size_t i) {
    for (size_t k = 0; k < i; k++)
        if (s->from[k] == s->from[i]) return false;
    return true;
}

// Computes the extensions of all beginnings. Those that can have the lane of the beginning they go on from come first:
// no other takes it from them then.
static void compute(struct beam_search *s) {
    static const struct task_calls calls = {.wanted = wanted, .rows = on_rows, .end = on_end};
    struct schedule *schedule = &s->session->schedule;
    s->n_extensions = 0;
    for (int others = 0; others < 2; others++)
        for (size_t i = 0; i < s->n; i++) {
            if (is_first(s, i) != !others) continue;
            const struct beam *b = &s->beams[i];
            s->tasks[i] = (struct beam_task){.search = s, .i = i};
            s->tasks[i].task =
                (struct task){.calls = &calls, .user = &s->tasks[i], .ids = b->ids, .n = b->n, .first = b->n - 1};
            schedule_add(schedule, &s->tasks[i].task);
        }
    while (schedule->n && !s->status) schedule_step(schedule);
    schedule_drop(schedule);
}

static int by_total(const void *pa, const void *pb) {
    const struct extension *a = pa, *b = pb;
    if (a->total != b->total) return a->total > b->total ? -1 : 1;
    if (a->from != b->from) return a->from < b->from ? -1 : 1;
    return (a->id > b->id) - (a->id < b->id);
}

static void end_beam(struct beam_search *s, struct beam *b, double score) {
    struct beam *place = &s->ended.beams[s->ended.n];
    const struct beam old = *place;
    *place = *b;
    place->score = score;
    *b = old;
    ended_insert(&s->ended);
}

// Makes the beginnings of the next step, best first. A text that ends is kept if it is among the n_beams likeliest.
static bool extend(struct beam_search *s) {
    const quill_tokenizer *tokenizer = s->session->model->tokenizer;
    const bool last = s->n_tokens + 1 == s->most_tokens;
    const bool may_stop = s->n_tokens >= (uint64_t)s->request->min_tokens;
    qsort(s->extensions, s->n_extensions, sizeof *s->extensions, by_total);
    s->n_next = 0;
    for (size_t i = 0; i < s->n_extensions && s->n_next < s->n_beams; i++) {
        const struct extension *e = &s->extensions[i];
        struct beam *b = &s->next[s->n_next];
        if (!beam_copy(b, &s->beams[e->from])) return false;
        if (!beam_add(b, e->id, quill_token_is_eos(tokenizer, e->id), s->request, may_stop)) return false;
        b->total = e->total;
        b->logprob += e->logprob;
        if (b->stop == QUILL_STOP_LENGTH && !last) s->from[s->n_next++] = e->from;
        else if (i < s->n_beams) end_beam(s, b, beam_score(b->total, s->n_tokens + 1, s->options->length_penalty));
    }
    s->n_tokens++;
    return true;
}

// Whether a text that goes on may become better than those that ended.
static bool may_improve(const struct beam_search *s) {
    const struct ended *e = &s->ended;
    const double penalty = s->options->length_penalty;
    const enum quill_early_stopping early = s->options->early_stopping;
    if (s->n == 0) return false;
    if (e->n < e->most) return true;
    const size_t length = early == QUILL_EARLY_NEVER && penalty > 0 ? s->most_tokens : s->n_tokens;
    return early != QUILL_EARLY_YES && beam_score(s->beams[0].total, length, penalty) > e->beams[e->most - 1].score;
}

static void step(struct beam_search *s) {
    compute(s);
    if (s->status || s->interrupt != QUILL_STOP_ERROR) return;
    if (s->n_tokens == 0) s->prompt_ms = clock_ms() - s->start;
    if (s->n_extensions == 0)
        s->status = fail(s->err, QUILL_E_CONSTRAINT, "no token is left to draw: logit biases or the model's own lists "
                         "exclude all");
    else if (!extend(s))
        s->status = fail_memory(s->err);
    if (s->status) return;
    struct beam *before = s->beams;
    s->beams = s->next;
    s->next = before;
    s->n = s->n_next;
}

// ---- all of it --------------------------------------------------------------------------------------

// Those that go on are as good as ended: there is nothing to compute, or an interrupt came.
static void end_all(struct beam_search *s) {
    for (size_t i = 0; i < s->n; i++) {
        struct beam *b = &s->beams[i];
        b->stop = s->interrupt != QUILL_STOP_ERROR ? s->interrupt : s->last;
        end_beam(s, b, s->n_tokens ? beam_score(b->total, s->n_tokens, s->options->length_penalty) : 0);
    }
}

static void run(void *arg) {
    struct beam_search *s = arg;
    while (!s->status && s->n_tokens < s->most_tokens && may_improve(s) && s->interrupt == QUILL_STOP_ERROR) step(s);
    if (s->interrupt != QUILL_STOP_ERROR || s->most_tokens == 0) end_all(s);
}

static bool begin(struct beam_search *s) {
    const quill_request *r = s->request;
    const uint64_t positions = (uint64_t)s->session->lanes.plan.n_ctx + 1 - r->n_prompt;
    const bool limited = r->n_predict >= 0 && (uint64_t)r->n_predict <= positions;
    s->most_tokens = limited ? (size_t)r->n_predict : (size_t)positions;
    s->last = limited ? QUILL_STOP_LENGTH : QUILL_STOP_CONTEXT;
    s->interrupt = QUILL_STOP_ERROR;
    if (!allocate(s)) return false;
    struct beam *b = &s->beams[0];
    size_t n_bytes;
    memcpy(b->ids, r->prompt, r->n_prompt * sizeof *r->prompt);
    b->n = b->n_prompt = r->n_prompt;
    quill_decoder_begin(&b->decoder, s->session->model->tokenizer, QUILL_SPECIAL_AS_TEXT);
    for (size_t i = 0; i < r->n_prompt; i++) quill_decoder_take(&b->decoder, r->prompt[i], &n_bytes);
    s->n = 1;
    return true;
}

// What `found` says of a text that ended; its text is at `at` in all texts.
static quill_hypothesis describe(const struct beam_search *s, const struct beam *b, size_t at, size_t n) {
    const bool matched = b->stop == QUILL_STOP_STRING || b->stop == QUILL_STOP_LINE;
    const double all_ms = clock_ms() - s->start;
    quill_hypothesis h = {.score = b->score};
    h.result = (quill_result){
        .text = {n ? s->text.out.p + at : "", n},
        .stop = b->stop == QUILL_STOP_LENGTH ? s->last : b->stop,
        .prompt_tokens = b->n_prompt,
        .generated_tokens = b->n - b->n_prompt,
        .cached_tokens = s->cached,
        .logprob = b->logprob,
        .prompt_ms = s->prompt_ms,
        .first_token_ms = all_ms, // no text is certain before the end
        .generate_ms = all_ms - s->prompt_ms,
    };
    if (matched) h.result.stop_match = (quill_text){b->bytes.p + b->match.begin, b->match.end - b->match.begin};
    return h;
}

static quill_status collect(struct beam_search *s, quill_error *err) {
    size_t at[QUILL_MOST_BEAMS + 1] = {0};
    s->text.raw = s->request->raw_bytes;
    for (size_t i = 0; i < s->ended.n; i++) {
        const struct beam *b = &s->ended.beams[i];
        const bool matched = b->stop == QUILL_STOP_STRING || b->stop == QUILL_STOP_LINE;
        struct str piece;
        s->text.taken = 0;
        if (!text_take(&s->text, b->bytes.p, matched ? b->match.begin : b->bytes.n, true, &piece))
            return fail_memory(err);
        at[i + 1] = s->text.out.n;
    }
    for (size_t i = 0; i < s->ended.n; i++)
        s->found[i] = describe(s, &s->ended.beams[i], at[i], at[i + 1] - at[i]);
    return QUILL_OK;
}

quill_status quill_beam_search(quill_session *session, const quill_request *request, const quill_beams *beams,
                               const quill_hypothesis **found, size_t *n, quill_error *err) {
    quill_status status = check(session, request, beams, err);
    *found = NULL;
    *n = 0;
    if (status) return status;
    beam_search_free(session->search);
    struct beam_search *s = session->search = alloc_zeroed(1, sizeof *s);
    if (!s) return fail_memory(err);
    *s = (struct beam_search){.session = session, .request = request, .options = beams, .err = err};
    s->start = clock_ms();
    s->n_beams = (size_t)beams->n_beams;
    if (!begin(s)) return fail_memory(err);
    quill_session_hold(session, run, s);
    if (!s->status) s->status = collect(s, err);
    if (s->status) return s->status;
    *found = s->found;
    *n = s->ended.n;
    return QUILL_OK;
}
