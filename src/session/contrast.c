// SPDX-License-Identifier: MIT
// Contrastive search. In each step the likeliest tokens are tried, each as a task of its own behind the text so far;
// the lane of the one chosen goes on.
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/dmath.h"
#include "contrast.h"
#include "generate.h"
#include "quill/search.h"

struct trial {
    struct task task;
    struct contrast *contrast;
    int32_t *ids;     // [room] the text, and the token that is tried
    int32_t id;
    double p;         // of the token
    float *logits;    // [n_vocab] behind it
    float *hidden;    // [n_embd] its state, of length 1
    bool computed;
};

struct contrast {
    quill_session *session;
    const quill_contrast *options;
    struct generation *generation;
    struct trial *trials;  // [n_trials]
    size_t n_trials, n_likeliest;
    size_t n_embd, n_vocab, room;
    float *logits;         // [n_vocab] behind the text
    float *hidden;         // [room][n_embd] of the text, of length 1
    size_t n_hidden;
    int32_t *likeliest;    // [n_trials]
    quill_status status;
    quill_error err;
};

void contrast_free(struct contrast *c) {
    if (!c) return;
    for (size_t i = 0; c->trials && i < c->n_trials; i++) {
        free(c->trials[i].ids);
        free(c->trials[i].logits);
        free(c->trials[i].hidden);
    }
    free(c->trials);
    free(c->logits);
    free(c->hidden);
    free(c->likeliest);
    generation_free(c->generation);
    free(c);
}

static bool allocate(struct contrast *c, int32_t n_ctx) {
    c->trials = alloc_zeroed(c->n_trials, sizeof *c->trials);
    c->logits = alloc_array(c->n_vocab, sizeof *c->logits);
    c->hidden = alloc_array(c->room * c->n_embd, sizeof *c->hidden);
    c->likeliest = alloc_array(c->n_trials, sizeof *c->likeliest);
    c->generation = generation_create(n_ctx);
    for (size_t i = 0; c->trials && i < c->n_trials; i++) {
        struct trial *t = &c->trials[i];
        t->contrast = c;
        t->ids = alloc_array(c->room, sizeof *t->ids);
        t->logits = alloc_array(c->n_vocab, sizeof *t->logits);
        t->hidden = alloc_array(c->n_embd, sizeof *t->hidden);
        if (!t->ids || !t->logits || !t->hidden) return false;
    }
    return c->trials && c->logits && c->hidden && c->likeliest && c->generation;
}

// The state behind the row of these logits, of length 1, so that products of two are cosines.
static void take_hidden(const struct contrast *c, const float *logits, float *out) {
    lanes_hidden(&c->session->lanes, logits, out);
    double sum = 0;
    for (size_t i = 0; i < c->n_embd; i++) sum += (double)out[i] * (double)out[i];
    const double scale = sum > 0 ? 1 / sqrt(sum) : 0;
    for (size_t i = 0; i < c->n_embd; i++) out[i] = (float)((double)out[i] * scale);
}

static double likeness(const struct contrast *c, const float *a, const float *b) {
    double sum = 0;
    for (size_t i = 0; i < c->n_embd; i++) sum += (double)a[i] * (double)b[i];
    return sum;
}

// ---- computing --------------------------------------------------------------------------------------

static void on_end(void *user, quill_status status, const quill_error *err) {
    struct contrast *c = ((struct trial *)user)->contrast;
    if (!status || c->status) return;
    c->status = status;
    c->err = *err;
}

static void run_tasks(struct contrast *c) {
    struct schedule *schedule = &c->session->schedule;
    while (schedule->n && !c->status) schedule_step(schedule);
    schedule_drop(schedule);
}

static bool prompt_wanted(void *user, size_t done) {
    struct contrast *c = ((struct trial *)user)->contrast;
    generation_progress(c->generation, done);
    return !generation_finished(c->generation);
}

static quill_status on_prompt_rows(void *user, size_t at, size_t n, const float *logits, quill_error *err) {
    struct contrast *c = ((struct trial *)user)->contrast;
    (void)err;
    for (size_t i = 0; i < n; i++) {
        const float *row = logits + i * c->n_vocab;
        take_hidden(c, row, c->hidden + (at + i) * c->n_embd);
        if (generation_scores_prompt(c->generation)) generation_score(c->generation, at + i, row);
    }
    memcpy(c->logits, logits + (n - 1) * c->n_vocab, c->n_vocab * sizeof *logits);
    c->n_hidden = at + n;
    return QUILL_OK;
}

// Reads the prompt, every state of which is needed.
static void read_prompt(struct contrast *c) {
    static const struct task_calls calls = {.wanted = prompt_wanted, .rows = on_prompt_rows, .end = on_end};
    struct trial *t = &c->trials[0];
    t->task = (struct task){.calls = &calls, .user = t};
    t->task.ids = generation_ids(c->generation, &t->task.n);
    schedule_add(&c->session->schedule, &t->task);
    run_tasks(c);
}

static quill_status on_trial_rows(void *user, size_t at, size_t n, const float *logits, quill_error *err) {
    struct trial *t = user;
    struct contrast *c = t->contrast;
    (void)at, (void)n, (void)err;
    memcpy(t->logits, logits, c->n_vocab * sizeof *logits);
    take_hidden(c, logits, t->hidden);
    t->computed = true;
    return QUILL_OK;
}

// Tries the likeliest tokens.
static void try_tokens(struct contrast *c) {
    static const struct task_calls calls = {.rows = on_trial_rows, .end = on_end};
    const struct log_sum sum = likelihood_log_sum(&c->session->likelihood, c->logits);
    size_t n;
    const int32_t *ids = generation_ids(c->generation, &n);
    for (size_t i = 0; i < c->n_likeliest; i++) {
        struct trial *t = &c->trials[i];
        t->id = c->likeliest[i];
        t->p = d_exp(log_sum_logprob(&sum, c->logits[t->id]));
        t->computed = false;
        if (n >= c->room) continue; // there is no position for it
        memcpy(t->ids, ids, n * sizeof *ids);
        t->ids[n] = t->id;
        t->task = (struct task){.calls = &calls, .user = t, .ids = t->ids, .n = n + 1, .first = n};
        schedule_add(&c->session->schedule, &t->task);
    }
    run_tasks(c);
}

static struct trial *best_trial(struct contrast *c) {
    const double alpha = c->options->penalty_alpha;
    struct trial *best = NULL;
    double most = 0;
    for (size_t i = 0; i < c->n_likeliest; i++) {
        struct trial *t = &c->trials[i];
        double penalty = 0;
        for (size_t k = 0; k < c->n_hidden && t->computed; k++) {
            const double like = likeness(c, t->hidden, c->hidden + k * c->n_embd);
            if (k == 0 || like > penalty) penalty = like;
        }
        const double score = (1 - alpha) * t->p - alpha * penalty;
        if (best && score <= most) continue;
        best = t;
        most = score;
    }
    return best;
}

static void step(struct contrast *c) {
    const quill_session *session = c->session;
    const struct token_set *without = generation_undrawn(c->generation);
    c->n_likeliest =
        largest_logits(session->sampler, c->logits, c->n_vocab, without, (size_t)c->options->top_k, c->likeliest);
    if (c->n_likeliest == 0)
        c->status = fail(&c->err, QUILL_E_CONSTRAINT, "no token is left to choose: the model's own lists exclude all");
    if (!c->status) try_tokens(c);
    if (c->status) return;
    struct trial *t = best_trial(c);
    generation_choose(c->generation, t->id);
    c->status = generation_take(c->generation, c->logits, &c->err);
    if (generation_finished(c->generation) || !t->computed) return;
    memcpy(c->logits, t->logits, c->n_vocab * sizeof *t->logits);
    memcpy(c->hidden + c->n_hidden++ * c->n_embd, t->hidden, c->n_embd * sizeof *t->hidden);
}

static void run(void *arg) {
    struct contrast *c = arg;
    if (!generation_finished(c->generation)) read_prompt(c);
    while (!c->status && !generation_finished(c->generation)) step(c);
}

// ---- the call ---------------------------------------------------------------------------------------

static quill_status check(const quill_session *session, const quill_request *r, const quill_contrast *o,
                          quill_error *err) {
    if (!(o->penalty_alpha >= 0 && o->penalty_alpha <= 1))
        return fail(err, QUILL_E_USAGE, "penalty_alpha: expected 0 to 1, found %g", o->penalty_alpha);
    if (o->top_k < 1 || o->top_k > QUILL_MOST_BEAMS)
        return fail(err, QUILL_E_USAGE, "top_k: expected 1 to %d, found %d", QUILL_MOST_BEAMS, (int)o->top_k);
    if (o->top_k > session->lanes.plan.n_seq)
        return fail(err, QUILL_E_USAGE, "top_k: expected a session of %d sequences, found %d", (int)o->top_k,
                    (int)session->lanes.plan.n_seq);
    const char *other = r->constraint         ? "constraint"
                        : r->heal             ? "heal"
                        : r->cfg_scale != 1   ? "cfg_scale"
                        : r->context_shift    ? "context_shift"
                                              : NULL;
    if (other) return fail(err, QUILL_E_USAGE, "%s: it does not go together with contrastive search", other);
    if (session->schedule.n) return fail(err, QUILL_E_USAGE, "the session has rows of a batch in work");
    return QUILL_OK;
}

static size_t positions(const quill_session *session, const quill_request *r) {
    const uint64_t n_ctx = (uint64_t)session->lanes.plan.n_ctx;
    const bool limited = r->n_predict >= 0 && (uint64_t)r->n_predict < n_ctx - r->n_prompt;
    return (size_t)(limited ? r->n_prompt + (uint64_t)r->n_predict : n_ctx);
}

quill_status quill_contrastive_search(quill_session *session, const quill_request *request,
                                      const quill_contrast *options, const quill_result **result, quill_error *err) {
    *result = NULL;
    quill_status s = check(session, request, options, err);
    if (!s) s = lanes_check_ids(&session->lanes, request->prompt, request->n_prompt, err);
    if (s) return s;
    contrast_free(session->contrast);
    struct contrast *c = session->contrast = alloc_zeroed(1, sizeof *c);
    if (!c) return fail_memory(err);
    *c = (struct contrast){.session = session, .options = options, .n_trials = (size_t)options->top_k};
    c->n_embd = (size_t)model_hparams(session->model->model)->n_embd;
    c->n_vocab = session->likelihood.n_vocab;
    c->room = positions(session, request);
    if (!allocate(c, session->lanes.plan.n_ctx)) return fail_memory(err);
    c->status = generation_begin(c->generation, session, request, &c->err);
    if (!c->status) quill_session_hold(session, run, c);
    *result = generation_end(c->generation, c->status);
    if (c->status && err) *err = c->err;
    return c->status;
}
