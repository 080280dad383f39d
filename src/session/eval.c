// SPDX-License-Identifier: MIT
// Reads ids and returns the logits after the last of them, or after each.
#include "parts.h"

struct evaluation {
    size_t n_vocab;
    const float *last; // logits
    quill_row_fn *row; // NULL: only the last logits
    void *user;
    quill_status status;
    quill_error *err;
};

static quill_status on_rows(void *user, size_t at, size_t n, const float *logits, quill_error *err) {
    struct evaluation *r = user;
    (void)err;
    for (size_t i = 0; i < n; i++, logits += r->n_vocab) {
        if (r->row) r->row(r->user, at + i, logits);
        r->last = logits;
    }
    return QUILL_OK;
}

static void on_end(void *user, quill_status status, const quill_error *err) {
    struct evaluation *r = user;
    r->status = status;
    if (status && r->err) *r->err = *err;
}

static void run_schedule(void *arg) {
    struct schedule *schedule = arg;
    while (schedule->n) schedule_step(schedule);
}

static quill_status read_ids(quill_session *session, const int32_t *ids, size_t n, struct evaluation *r,
                             quill_error *err) {
    static const struct task_calls calls = {.rows = on_rows, .end = on_end};
    struct schedule *schedule = &session->schedule;
    quill_status s = lanes_check_ids(&session->lanes, ids, n, err);
    if (s) return s;
    if (schedule->n) return fail(err, QUILL_E_USAGE, "the session has rows of a batch in work");
    struct task task = {.calls = &calls, .user = r, .ids = ids, .n = n, .first = r->row ? 0 : n - 1};
    r->n_vocab = (size_t)session->lanes.n_vocab;
    r->err = err;
    schedule_add(schedule, &task);
    quill_session_hold(session, run_schedule, schedule);
    return r->status;
}

quill_status quill_eval(quill_session *session, const int32_t *ids, size_t n, const float **logits, quill_error *err) {
    struct evaluation r = {.row = NULL};
    quill_status s = read_ids(session, ids, n, &r, err);
    *logits = r.last;
    return s;
}

quill_status quill_eval_all(quill_session *session, const int32_t *ids, size_t n, quill_row_fn *row, void *user,
                            quill_error *err) {
    struct evaluation r = {.row = row, .user = user};
    return read_ids(session, ids, n, &r, err);
}
