// SPDX-License-Identifier: MIT
// A team's own threads, which live as long as the team and sleep between regions. For programs that fork, and for tools
// that do not know OpenMP: ThreadSanitizer, fault injection into every call.
#include <limits.h>
#include <sched.h>
#include <stdlib.h>

#include "alloc.h"
#include "cpus.h"
#include "sigmask.h"
#include "threads.h"

// Counts the CPUs of the affinity mask, whose size is not known beforehand.
static int affinity_count(void) {
    for (int room = 1024; room <= 1 << 20; room *= 2) {
        cpu_set_t *set = CPU_ALLOC((size_t)room);
        if (!set) return 1;
        size_t bytes = CPU_ALLOC_SIZE((size_t)room);
        int n = sched_getaffinity(0, bytes, set) == 0 ? CPU_COUNT_S(bytes, set) : 0;
        CPU_FREE(set);
        if (n > 0) return n;
    }
    return 1;
}

int threads_cpus(void) { return cpus_allowed(affinity_count()); }

int team_default_size(void) { return threads_cpus(); }

int team_size_limit(void) { return INT_MAX; }

static void *work(void *arg) {
    const struct thread *self = arg;
    team_work(self->team, self->index, 0);
    return NULL;
}

// Signals are blocked in the new thread, so that the program's threads handle them.
static int start(struct thread *t) {
    sigset_t before;
    sigmask_block(&before);
    int errnum = pthread_create(&t->id, NULL, work, t);
    sigmask_restore(&before);
    return errnum;
}

bool threads_start(struct team *team) {
    team->threads = alloc_array((size_t)team->size - 1, sizeof *team->threads);
    if (!team->threads) return false;
    for (int i = 0; i < team->size - 1; i++) {
        team->threads[i] = (struct thread){.team = team, .index = i + 1};
        if (start(&team->threads[i]) != 0) break;
        team->n_threads++;
    }
    team->size = team->n_threads + 1; // nobody reads it before the first region
    return true;
}

void threads_stop(struct team *team) {
    team_dismiss(team, team->n_threads);
    for (int i = 0; i < team->n_threads; i++) pthread_join(team->threads[i].id, NULL);
    free(team->threads);
}

void team_hold(struct team *team, void (*body)(void *arg), void *arg) {
    (void)team; // its threads are always ready
    body(arg);
}
