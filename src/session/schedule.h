// SPDX-License-Identifier: MIT
// What the next pass computes: the one place where that is decided, for texts that are generated and for those that are
// read. Tasks are added, each gets a lane, and step after step is computed until they are over.
//
// Three rules, which change no result. Reuse: a task begins with what some lane holds of its ids, up to the first whose
// logits are wanted. Waiting: a task that begins like an earlier one, which is not read yet, waits for it; what tasks
// have in common is computed once. Room: tasks that go on after their first logits come first, and there is room for
// all of them; then new ones, in the order of arrival.
#ifndef QUILL_SESSION_SCHEDULE_H
#define QUILL_SESSION_SCHEDULE_H

#include <stdbool.h>

#include "lanes.h"

struct task_calls {
    // Before a part of a new task is computed, of which `done` positions are there: false ends it. NULL: true.
    bool (*wanted)(void *user, size_t done);
    // For one that goes on: writes at most `room` guesses behind the ids and returns their number. NULL: none.
    size_t (*guess)(void *user, size_t room);
    // logits[n][n_vocab] after ids[at], ids[at + 1] ... ids[at + n - 1]; every call begins where the last one ended.
    // The task is over after the last of its ids, unless this call gives it more: then it goes on, with `n` raised by
    // at least one and at most by the rows of this call, and logits are wanted after the last id alone. A failure ends
    // it.
    quill_status (*rows)(void *user, size_t at, size_t n, const float *logits, quill_error *err);
    // The task is over, and the schedule has let go of it.
    void (*end)(void *user, quill_status status, const quill_error *err);
};

struct task {
    const struct task_calls *calls;
    void *user;
    const int32_t *ids; // [n], each in 0..n_vocab-1; n <= n_ctx
    size_t n;
    size_t first;       // logits are wanted after ids[first], ids[first + 1] ...; 0..n-1

    // by the schedule
    size_t reused;      // positions that were not computed for it
    int32_t lane;       // NO_LANE: it has not begun, or is over
    bool waits;         // for an earlier one
    bool goes_on;       // its first logits came
    size_t n_guessed;   // ids behind the n in the present pass
};

struct schedule {
    struct lanes *lanes;
    struct task **tasks;   // [n] in the order of arrival, at most n_seq; NULL: over in this step
    size_t n;
    struct span *spans;    // [n_spans] of the present pass
    struct task **of;      // [n_spans] whose they are
    size_t n_spans;
    size_t tokens, logits; // that the pass has still room for
};

bool schedule_create(struct schedule *s, struct lanes *lanes); // false: no memory (free it all the same)
void schedule_free(struct schedule *s);                        // zeros are fine
size_t schedule_room(const struct schedule *s);                // tasks that can be added
void schedule_add(struct schedule *s, struct task *task);      // borrowed until its end
void schedule_step(struct schedule *s);                        // one pass; nothing without tasks
void schedule_drop(struct schedule *s);                        // all tasks, without their end

// Tasks that are made when there is room for them.
struct feed {
    size_t n; // of them
    // Sets ids, n and first of task i; `slot` is below the number of lanes, and another task's once this one is over.
    // False: there is nothing to read.
    bool (*make)(void *user, size_t i, size_t slot, struct task *task);
    void (*rows)(void *user, size_t i, size_t at, size_t n, const float *logits);
    // Task i failed. A status other than QUILL_OK ends all.
    quill_status (*failed)(void *user, size_t i, const quill_error *err);
    void *user;
};
// QUILL_E_USAGE when the schedule has tasks; QUILL_E_SYSTEM; the status of `failed`.
QUILL_MUST_CHECK quill_status schedule_feed(struct schedule *s, const struct feed *feed, quill_error *err);

#endif
