// SPDX-License-Identifier: MIT
// Decides what the next pass computes, for generated texts and for texts that are only read. Tasks are added, each gets
// a lane, and steps are computed until the tasks are over.
//
// Three rules, which do not change any result. Reuse: a task reuses what some lane holds of the beginning of its ids,
// up to the first id whose logits are needed. Waiting: a task that begins like an earlier one not yet read waits for
// it, so that a common beginning is computed once. Room: tasks past their first logits come first, and there is room
// for all of them; then new tasks, in order of arrival.
#ifndef QUILL_SESSION_SCHEDULE_H
#define QUILL_SESSION_SCHEDULE_H

#include <stdbool.h>

#include "lanes.h"

struct task_calls {
    // Called before a part of a new task is computed; `done` positions are computed. False ends the task. NULL: true.
    bool (*wanted)(void *user, size_t done);
    // For a task past its first logits: writes at most `room` guesses after the ids and returns their number. NULL:
    // none.
    size_t (*guess)(void *user, size_t room);
    // logits[n][n_vocab] after ids[at], ids[at + 1] ... ids[at + n - 1]; every call begins where the last one ended. If
    // the lanes give states, they are states[n][n_embd].
    // The task is over after the last of its ids, unless this call adds more: it raises `n` by at least one and at most
    // by the rows of this call, and the task then continues, with logits only after the last id. Or it sets `replaced`:
    // the ids, any number of them, are other ones from ids[kept] on, and the task reads them as a new one does. Or it
    // sets `held`: the task keeps its lane until schedule_resume or schedule_cancel. A failure ends the task.
    quill_status (*rows)(void *user, size_t at, size_t n, const float *logits, quill_error *err);
    // The task is over, and the schedule no longer refers to it.
    void (*end)(void *user, quill_status status, const quill_error *err);
};

struct task {
    const struct task_calls *calls;
    void *user;
    const int32_t *ids; // [n], each in 0..n_vocab-1; n <= n_ctx
    size_t n;
    size_t first;       // 0..n-1: logits are needed after ids[first], ids[first + 1] ...

    // set by `rows`
    bool replaced, held;
    size_t kept;        // 0..n-1

    // set by the schedule
    size_t reused;      // positions taken from a lane instead of computed
    int32_t lane;       // NO_LANE: it has not begun, or is over
    bool waits;         // for an earlier task
    bool goes_on;       // its first logits have come
    size_t n_guessed;   // guessed ids after the n ids, in the present pass
};

struct schedule {
    struct lanes *lanes;
    struct task **tasks;   // [n] in order of arrival, at most n_seq; NULL: ended in this step
    size_t n;
    struct span *spans;    // [n_spans] of the present pass
    struct task **of;      // [n_spans] the task of each span
    size_t n_spans;
    size_t tokens, logits; // room left in the pass
};

bool schedule_create(struct schedule *s, struct lanes *lanes); // false: no memory (call schedule_free anyway)
void schedule_free(struct schedule *s);                        // zeros are fine
size_t schedule_room(const struct schedule *s);                // how many tasks can be added
void schedule_add(struct schedule *s, struct task *task);      // borrowed until its end
void schedule_step(struct schedule *s);                        // one pass; nothing without tasks
// A held task goes on: its `n` was raised, or `replaced` was set, as by `rows`.
void schedule_resume(struct schedule *s, struct task *task);
void schedule_cancel(struct schedule *s, struct task *task);   // drops a task, if it is there, without calling `end`
void schedule_drop(struct schedule *s);                        // drops all tasks without calling `end`

// Tasks that are created when there is room for them.
struct feed {
    size_t n; // number of tasks
    // Sets ids, n and first of task i. `slot` is below the number of lanes; once this task is over, another task gets
    // it. False: there is nothing to read.
    bool (*make)(void *user, size_t i, size_t slot, struct task *task);
    void (*rows)(void *user, size_t i, size_t at, size_t n, const float *logits);
    // Task i failed. A status other than QUILL_OK ends all tasks.
    quill_status (*failed)(void *user, size_t i, const quill_error *err);
    void *user;
};
// Runs all tasks of the feed. Errors: QUILL_E_USAGE (the schedule has tasks), QUILL_E_SYSTEM (memory), what `failed`
// returned.
QUILL_MUST_CHECK quill_status schedule_feed(struct schedule *s, const struct feed *feed, quill_error *err);

#endif
