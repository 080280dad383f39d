// SPDX-License-Identifier: MIT
#include "schedule.h"

#include <assert.h>
#include <stdlib.h>

#include "base/alloc.h"

enum { WORTH_WAITING = 32 }; // positions that an earlier task will soon have, for which waiting beats computing

bool schedule_create(struct schedule *s, struct lanes *lanes) {
    const size_t n_seq = (size_t)lanes->plan.n_seq;
    *s = (struct schedule){.lanes = lanes};
    s->tasks = alloc_array(n_seq, sizeof(struct task *));
    s->spans = alloc_array(n_seq, sizeof *s->spans);
    s->of = alloc_array(n_seq, sizeof(struct task *));
    return s->tasks && s->spans && s->of;
}

void schedule_free(struct schedule *s) {
    free(s->tasks);
    free(s->spans);
    free(s->of);
}

// ---- coming and going -----------------------------------------------------------------------------

size_t schedule_room(const struct schedule *s) { return (size_t)s->lanes->plan.n_seq - s->n; }

void schedule_add(struct schedule *s, struct task *task) {
    assert(schedule_room(s) > 0 && task->first < task->n && task->n <= (size_t)s->lanes->plan.n_ctx);
    task->reused = task->n_guessed = 0;
    task->lane = NO_LANE;
    task->goes_on = task->waits = task->replaced = task->held = false;
    s->tasks[s->n++] = task;
}

void schedule_cancel(struct schedule *s, struct task *task) {
    for (size_t i = 0; i < s->n; i++) {
        if (s->tasks[i] != task) continue;
        s->tasks[i] = NULL;
        lanes_release(s->lanes, task->lane);
        task->lane = NO_LANE;
    }
}

static void end_task(struct schedule *s, struct task *task, quill_status status, const quill_error *err) {
    schedule_cancel(s, task);
    task->calls->end(task->user, status, err);
}

static void forget_ended(struct schedule *s) {
    size_t kept = 0;
    for (size_t i = 0; i < s->n; i++)
        if (s->tasks[i]) s->tasks[kept++] = s->tasks[i];
    s->n = kept;
}

void schedule_drop(struct schedule *s) {
    for (size_t i = 0; i < s->n; i++)
        if (s->tasks[i]) lanes_release(s->lanes, s->tasks[i]->lane);
    s->n = 0;
}

// ---- beginnings -----------------------------------------------------------------------------------

// Whether an earlier task will soon have so many more of this task's positions than `reused` that waiting is better
// than computing: many positions, or all that can be reused. A task that waits does so until nothing more will come.
static bool is_worth_waiting(const struct schedule *s, size_t place, size_t reused) {
    const struct task *task = s->tasks[place];
    for (size_t i = 0; i < place; i++) {
        const struct task *other = s->tasks[i];
        if (other->goes_on) continue;
        size_t shared = ids_common(task->ids, task->first, other->ids, other->n);
        if (shared <= reused) continue;
        if (task->waits || shared == task->first || shared - reused >= WORTH_WAITING) return true;
    }
    return false;
}

static void begin_tasks(struct schedule *s) {
    for (size_t i = 0; i < s->n; i++) {
        struct task *task = s->tasks[i];
        if (task->lane != NO_LANE) continue;
        const struct beginning known = lanes_longest(s->lanes, task->ids, task->first);
        task->waits = is_worth_waiting(s, i, known.n);
        if (task->waits) continue;
        task->lane = lanes_take(s->lanes, task->ids, known);
        task->reused = lanes_fetch(s->lanes, task->lane, task->ids, task->first);
    }
}

// ---- a pass ---------------------------------------------------------------------------------------

static void add_span(struct schedule *s, struct task *task, size_t at, size_t count, size_t n_logits) {
    if (count == 0) return;
    s->of[s->n_spans] = task;
    s->spans[s->n_spans++] = (struct span){task->lane, (int32_t)at, task->ids + at, count, n_logits};
    s->tokens -= count;
    s->logits -= n_logits;
}

// Plans the last id and guesses of what follows it; leaves room for `later` more tasks.
static void plan_next(struct schedule *s, struct task *task, size_t later) {
    const size_t most = (s->tokens < s->logits ? s->tokens : s->logits) - later - 1;
    task->n_guessed = task->calls->guess ? task->calls->guess(task->user, most) : 0;
    add_span(s, task, task->n - 1, 1 + task->n_guessed, 1 + task->n_guessed);
}

// Plans as many of the task's unread ids as there is room for.
static void plan_part(struct schedule *s, struct task *task) {
    const size_t at = (size_t)kv_length(s->lanes->kv, task->lane);
    if (task->calls->wanted && !task->calls->wanted(task->user, at)) {
        end_task(s, task, QUILL_OK, NULL);
        return;
    }
    size_t count = task->n - at < s->tokens ? task->n - at : s->tokens;
    const size_t from = at > task->first ? at : task->first;
    size_t n_logits = at + count > from ? at + count - from : 0;
    if (n_logits > s->logits) {
        count -= n_logits - s->logits;
        n_logits = s->logits;
    }
    add_span(s, task, at, count, n_logits);
}

static bool is_planned(const struct task *task) { return task->lane != NO_LANE && !task->held; }

static void plan_pass(struct schedule *s) {
    size_t later = 0; // tasks with a lane that are not yet in the pass
    s->n_spans = 0;
    s->tokens = s->lanes->plan.n_chunk;
    s->logits = lanes_rows(s->lanes);
    for (size_t i = 0; i < s->n; i++) later += is_planned(s->tasks[i]);
    for (size_t i = 0; i < s->n; i++)
        if (is_planned(s->tasks[i]) && s->tasks[i]->goes_on) plan_next(s, s->tasks[i], --later);
    for (size_t i = 0; i < s->n && s->tokens; i++) // a task may end here, and cancel others
        if (s->tasks[i] && is_planned(s->tasks[i]) && !s->tasks[i]->goes_on) plan_part(s, s->tasks[i]);
}

void schedule_resume(struct schedule *s, struct task *task) {
    task->goes_on = !task->replaced;
    task->first = task->n - 1;
    task->n_guessed = 0;
    // Drops wrong guesses, and what was replaced.
    kv_truncate(s->lanes->kv, task->lane, (int32_t)(task->replaced ? task->kept : task->first));
    task->replaced = task->held = false;
}

// Passes the logits of a span to its task, unless the task was cancelled in this pass.
static void deliver(struct schedule *s, const struct span *span, struct task *task, const float *logits) {
    quill_error err;
    quill_status status = QUILL_OK;
    const size_t end = (size_t)span->pos + span->n, n = task->n;
    if (task->lane == NO_LANE) return;
    if (span->n_logits)
        status = task->calls->rows(task->user, end - span->n_logits, span->n_logits, logits, &err);
    if (!status && task->held) return;
    const bool more = task->n > n || task->replaced;
    if (status || (end >= n && !more)) end_task(s, task, status, status ? &err : NULL);
    else if (more) schedule_resume(s, task);
}

// Removes the guesses from the pass; false: there are none.
static bool drop_guesses(struct schedule *s) {
    bool any = false;
    for (size_t i = 0; i < s->n_spans; i++) {
        struct task *task = s->of[i];
        if (task->n_guessed == 0) continue;
        s->spans[i].n -= task->n_guessed;
        s->spans[i].n_logits -= task->n_guessed;
        task->n_guessed = task->calls->guess(task->user, 0);
        any = true;
    }
    return any;
}

// After a pass that failed, computes it again span by span: only a span whose values are not finite fails.
static void run_alone(struct schedule *s) {
    for (size_t i = 0; i < s->n_spans; i++) {
        quill_error err;
        if (s->of[i]->lane == NO_LANE) continue; // cancelled
        quill_status status = lanes_run(s->lanes, &s->spans[i], 1, &err);
        if (status) end_task(s, s->of[i], status, &err);
        else deliver(s, &s->spans[i], s->of[i], s->lanes->logits);
    }
}

static void run_pass(struct schedule *s) {
    quill_error err;
    quill_status status = lanes_run(s->lanes, s->spans, s->n_spans, &err);
    // A guess must not make a task fail.
    if (status && drop_guesses(s)) status = lanes_run(s->lanes, s->spans, s->n_spans, &err);
    if (status) {
        run_alone(s);
        return;
    }
    const float *logits = s->lanes->logits;
    for (size_t i = 0; i < s->n_spans; i++) {
        deliver(s, &s->spans[i], s->of[i], logits);
        logits += s->spans[i].n_logits * lanes_width(s->lanes);
    }
}

void schedule_step(struct schedule *s) {
    begin_tasks(s);
    plan_pass(s);
    if (s->n_spans) run_pass(s);
    forget_ended(s);
}

// ---- tasks that are made when there is room ---------------------------------------------------------

struct slot {
    struct task task;
    struct feeding *feeding;
    size_t i;
    size_t next; // next free slot
};

struct feeding {
    const struct feed *feed;
    struct slot *slots; // [n_slots]
    size_t n_slots, free;
    quill_status status; // of all
    quill_error *err;
};

static quill_status on_rows(void *user, size_t at, size_t n, const float *logits, quill_error *err) {
    const struct slot *slot = user;
    (void)err;
    slot->feeding->feed->rows(slot->feeding->feed->user, slot->i, at, n, logits);
    return QUILL_OK;
}

static void on_end(void *user, quill_status status, const quill_error *err) {
    struct slot *slot = user;
    struct feeding *f = slot->feeding;
    slot->next = f->free;
    f->free = (size_t)(slot - f->slots);
    if (!status || f->status) return;
    f->status = f->feed->failed(f->feed->user, slot->i, err);
    if (f->status && f->err) *f->err = *err;
}

static void run_feed(struct schedule *s, struct feeding *f) {
    static const struct task_calls calls = {.rows = on_rows, .end = on_end};
    size_t next = 0;
    do {
        while (next < f->feed->n && f->free < f->n_slots) {
            struct slot *slot = &f->slots[f->free];
            slot->task = (struct task){.calls = &calls, .user = slot};
            slot->i = next;
            if (!f->feed->make(f->feed->user, next++, f->free, &slot->task)) continue;
            f->free = slot->next;
            schedule_add(s, &slot->task);
        }
        schedule_step(s);
    } while (!f->status && (s->n || next < f->feed->n));
    schedule_drop(s);
}

quill_status schedule_feed(struct schedule *s, const struct feed *feed, quill_error *err) {
    if (s->n) return fail(err, QUILL_E_USAGE, "the session has rows of a batch in work");
    struct feeding f = {.feed = feed, .n_slots = schedule_room(s), .err = err};
    f.slots = alloc_array(f.n_slots, sizeof *f.slots);
    if (!f.slots) return fail_memory(err);
    for (size_t i = 0; i < f.n_slots; i++) f.slots[i] = (struct slot){.feeding = &f, .next = i + 1};
    run_feed(s, &f);
    free(f.slots);
    return f.status;
}
