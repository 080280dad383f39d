// SPDX-License-Identifier: MIT
// Generations side by side: each row of a batch is a task that continues after its first logits.
#include "batch_rows.h"

#include <assert.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "generate.h"

struct batch_row {
    quill_session *session;
    struct generation *generation;
    struct task task, negative; // the prompt, and with guidance the negative prompt
    size_t n_vocab, n_sequences;
    bool finished; // `end` is then valid
    quill_batch_row end;
};

struct batch_rows {
    struct batch_row *rows; // [n_seq]
    int32_t n_seq;
    size_t n_sequences; // that the rows in use take
    int32_t *order; // [n_seq] the n rows in use, in the order they were added; then the free rows
    int32_t n;
};

struct batch_rows *batch_rows_create(int32_t n_seq, int32_t n_ctx) {
    struct batch_rows *b = alloc_zeroed(1, sizeof *b);
    if (!b) return NULL;
    b->rows = alloc_zeroed((size_t)n_seq, sizeof *b->rows);
    b->order = alloc_array((size_t)n_seq, sizeof *b->order);
    bool ok = b->rows && b->order;
    for (; ok && b->n_seq < n_seq; b->n_seq++) {
        b->order[b->n_seq] = b->n_seq;
        b->rows[b->n_seq].generation = generation_create(n_ctx);
        ok = b->rows[b->n_seq].generation;
    }
    if (ok) return b;
    batch_rows_free(b);
    return NULL;
}

void batch_rows_free(struct batch_rows *b) {
    if (!b) return;
    for (int32_t i = 0; i < b->n_seq; i++) generation_free(b->rows[i].generation);
    free(b->rows);
    free(b->order);
    free(b);
}

// The generation's ids, and the ends of its tokens.
size_t batch_row_bytes(int32_t n_ctx) { return (size_t)n_ctx * (sizeof(int32_t) + sizeof(size_t)); }

// ---- a row as a task ------------------------------------------------------------------------------

static bool wanted(void *user, size_t done) {
    const struct batch_row *row = user;
    generation_progress(row->generation, done);
    return !generation_finished(row->generation);
}

static size_t guess(void *user, size_t room) {
    const struct batch_row *row = user;
    return generation_draft(row->generation, room);
}

static void next_ids(struct batch_row *row) {
    const struct generation *g = row->generation;
    generation_ids(g, &row->task.n);
    row->task.replaced = generation_shifted(g, &row->task.kept);
    if (!generation_is_guided(g)) return;
    generation_negative_ids(g, &row->negative.n);
    row->negative.replaced = generation_negative_shifted(g, &row->negative.kept);
}

// With guidance, the first of two tasks whose logits come is held until the other's come.
static quill_status take_one_of_two(struct batch_row *row, bool negative, const float *logits, quill_error *err) {
    struct generation *g = row->generation;
    struct task *task = negative ? &row->negative : &row->task, *other = negative ? &row->task : &row->negative;
    generation_give(g, negative, logits);
    task->held = !other->held;
    if (task->held) return QUILL_OK;
    quill_status s = generation_take_guided(g, err);
    if (generation_finished(g)) return s;
    next_ids(row);
    schedule_resume(&row->session->schedule, other);
    return s;
}

static bool negative_wanted(void *user, size_t done) {
    const struct batch_row *row = user;
    (void)done;
    return !generation_poll(row->generation);
}

// The logits after the last id determine the next token; earlier ones are for the scores of the prompt.
static quill_status on_rows(void *user, size_t at, size_t n, const float *logits, quill_error *err) {
    struct batch_row *row = user;
    struct generation *g = row->generation;
    if (!row->task.goes_on) {
        const float *last = logits + (n - 1) * row->n_vocab;
        for (size_t i = 0; i < n && generation_scores_prompt(g); i++)
            generation_score(g, at + i, logits + i * row->n_vocab);
        if (at + n < row->task.n) return QUILL_OK;
        generation_progress(g, at + n);
        logits = last;
    }
    if (generation_finished(g)) return QUILL_OK;
    if (generation_is_guided(g)) return take_one_of_two(row, false, logits, err);
    quill_status s = generation_take(g, logits, err);
    if (!generation_finished(g)) next_ids(row);
    return s;
}

static quill_status on_negative_rows(void *user, size_t at, size_t n, const float *logits, quill_error *err) {
    struct batch_row *row = user;
    if (at + n < row->negative.n) return QUILL_OK;
    return take_one_of_two(row, true, logits + (n - 1) * row->n_vocab, err);
}

static void on_end(void *user, quill_status status, const quill_error *err) {
    struct batch_row *row = user;
    schedule_cancel(&row->session->schedule, &row->task);
    schedule_cancel(&row->session->schedule, &row->negative);
    row->finished = true;
    row->end.status = status;
    if (status) row->end.error = *err;
    generation_reused(row->generation, row->task.reused);
    row->end.result = generation_end(row->generation, status);
}

static const struct task_calls row_calls = {wanted, guess, on_rows, on_end};
static const struct task_calls guided_calls = {wanted, NULL, on_rows, on_end};
static const struct task_calls negative_calls = {negative_wanted, NULL, on_negative_rows, on_end};

// ---- coming and going -----------------------------------------------------------------------------

size_t quill_batch_room(const quill_session *session) {
    return (size_t)session->rows->n_seq - session->rows->n_sequences;
}

static void add_tasks(struct batch_row *row) {
    const struct generation *g = row->generation;
    struct schedule *schedule = &row->session->schedule;
    const bool guided = generation_is_guided(g);
    row->task = (struct task){.calls = guided ? &guided_calls : &row_calls, .user = row};
    row->task.ids = generation_ids(g, &row->task.n);
    row->task.first = generation_scores_prompt(g) ? 0 : row->task.n - 1;
    schedule_add(schedule, &row->task);
    if (!guided) return;
    row->negative = (struct task){.calls = &negative_calls, .user = row};
    row->negative.ids = generation_negative_ids(g, &row->negative.n);
    row->negative.first = row->negative.n - 1;
    schedule_add(schedule, &row->negative);
}

quill_status quill_batch_add(quill_session *session, const quill_request *request, void *tag, quill_error *err) {
    struct batch_rows *b = session->rows;
    const size_t n_sequences = quill_request_sequences(request);
    if (n_sequences > (size_t)b->n_seq)
        return fail(err, QUILL_E_USAGE, "cfg_scale: expected a session of two sequences, found one");
    if (n_sequences > quill_batch_room(session))
        return fail(err, QUILL_E_USAGE, "the batch is full: the session has %d rows", (int)b->n_seq);
    struct batch_row *row = &b->rows[b->order[b->n]];
    struct generation *g = row->generation;
    quill_status s = generation_begin(g, session, request, err);
    *row = (struct batch_row){.session = session, .generation = g, .end = {.tag = tag}};
    row->n_vocab = (size_t)session->lanes.n_vocab;
    row->n_sequences = n_sequences;
    if (s) {
        row->end.result = generation_end(g, s);
        return s;
    }
    b->n++;
    b->n_sequences += n_sequences;
    if (generation_finished(g)) on_end(row, QUILL_OK, NULL);
    else add_tasks(row);
    return QUILL_OK;
}

static void step(void *arg) { schedule_step(arg); }

quill_status quill_batch_step(quill_session *session, quill_error *err) {
    (void)err;
    quill_session_hold(session, step, &session->schedule);
    return QUILL_OK;
}

bool quill_batch_take(quill_session *session, quill_batch_row *out) {
    struct batch_rows *b = session->rows;
    int32_t place = 0;
    while (place < b->n && !b->rows[b->order[place]].finished) place++;
    if (place == b->n) return false;
    int32_t index = b->order[place];
    memmove(b->order + place, b->order + place + 1, (size_t)(b->n - place - 1) * sizeof *b->order);
    b->order[--b->n] = index;
    b->n_sequences -= b->rows[index].n_sequences;
    *out = b->rows[index].end;
    return true;
}

struct call {
    quill_session *session;
    const quill_request *request;
    const quill_result **result;
    quill_status status;
    quill_error *err;
};

static void generate(void *arg) {
    struct call *call = arg;
    struct batch_rows *b = call->session->rows;
    const struct batch_row *row = &b->rows[b->order[0]];
    call->status = quill_batch_add(call->session, call->request, NULL, call->err);
    *call->result = row->end.result;
    if (call->status) return;
    while (!row->finished) schedule_step(&call->session->schedule);
    quill_batch_row end;
    bool taken = quill_batch_take(call->session, &end);
    assert(taken);
    (void)taken;
    if (end.status && call->err) *call->err = end.error;
    *call->result = end.result;
    call->status = end.status;
}

quill_status quill_generate(quill_session *session, const quill_request *request, const quill_result **result,
                            quill_error *err) {
    if (session->rows->n) return fail(err, QUILL_E_USAGE, "the session has rows of a batch in work");
    struct call call = {session, request, result, QUILL_OK, err};
    quill_session_hold(session, generate, &call);
    return call.status;
}
