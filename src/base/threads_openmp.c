// SPDX-License-Identifier: MIT
// A team's threads from OpenMP. A hold is one parallel region: thread 0 runs the caller's body, the others wait at the
// team's gate and claim from its loops. So the runtime's own barrier, where its threads spin and a late one is waited
// for, is met once, at the end of the hold. The runtime keeps its threads from hold to hold.
#include <limits.h>
#include <omp.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "cpus.h"
#include "sigmask.h"
#include "threads.h"

// libomp's stacks are larger than usual by STACK_MORE. What a runtime allocates for a region fits in ROOM_BYTES and
// ROOM_EACH for each thread.
enum { STACK_MORE = 1 << 16, ROOM_BYTES = 1 << 16, ROOM_EACH = 1 << 12 };

// Once a process has opened a region, a child that it forks has none of the runtime's threads, and the runtime would
// wait for them: there the caller works alone.
static atomic_bool forked;
static void after_fork(void) { atomic_store(&forked, true); }
static void watch_forks(void) { pthread_atfork(NULL, NULL, after_fork); }
static bool is_alone(void) { return omp_in_parallel() || atomic_load(&forked); }

// The runtime knows the CPUs of the process; a thread that it has bound (OMP_PROC_BIND) knows only its own.
int threads_cpus(void) { return cpus_allowed(omp_get_num_procs()); }
int team_size_limit(void) { return omp_get_thread_limit(); }

// OMP_NUM_THREADS and omp_set_num_threads, where they ask for more or fewer than all CPUs, come before the quota.
int team_default_size(void) {
    const int asked = omp_get_max_threads(), size = asked == omp_get_num_procs() ? threads_cpus() : asked;
    if (is_alone()) return 1;
    return size < team_size_limit() ? size : team_size_limit();
}

// A runtime's threads spin for milliseconds before they sleep, at either end of a region and between regions. A late
// thread may need just that CPU. Where there are more threads than CPUs, they sleep at once: so a team that uses all
// CPUs asks for one thread more, unless OMP_WAIT_POLICY or OMP_PROC_BIND says where and how threads wait.
static void follow_variables(struct team *team) {
    const char *policy = getenv("OMP_WAIT_POLICY");
    if (team->size > team_size_limit()) team->size = team_size_limit();
    if (policy && strcasecmp(policy, "passive") == 0) team->spins = team->yields = 0;
    if (policy && strcasecmp(policy, "active") == 0 && team->size <= threads_cpus())
        team->spins = INT_MAX - team->yields;
    team->spare = !policy && omp_get_proc_bind() == omp_proc_bind_false && team->size == omp_get_num_procs() &&
                  team->size < team_size_limit();
}

static void *stay(void *lock) {
    pthread_mutex_lock(lock);
    pthread_mutex_unlock(lock);
    return NULL;
}

// How many of `wanted` threads the system gives at one time. A runtime that is refused one ends the process, so they
// are tried here; the C library keeps their stacks, which then serve for the runtime's. threads[wanted]
static int threads_given(pthread_t *threads, int wanted) {
    pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    pthread_attr_t attr;
    sigset_t before;
    size_t stack;
    int n = 0;
    if (pthread_attr_init(&attr) != 0) return 0;
    if (pthread_attr_getstacksize(&attr, &stack) == 0) pthread_attr_setstacksize(&attr, stack + STACK_MORE);
    sigmask_block(&before);
    pthread_mutex_lock(&lock);
    while (n < wanted && pthread_create(&threads[n], &attr, stay, &lock) == 0) n++;
    void *room = malloc(ROOM_BYTES + (size_t)n * ROOM_EACH);
    pthread_mutex_unlock(&lock);
    for (int i = 0; i < n; i++) pthread_join(threads[i], NULL);
    sigmask_restore(&before);
    pthread_attr_destroy(&attr);
    free(room);
    return room ? n : 0;
}

bool threads_start(struct team *team) {
    follow_variables(team);
    if (atomic_load(&forked)) team->size = 1;
    if (team->size == 1) return true;
    const int wanted = team->size - 1 + team->spare;
    pthread_t *threads = alloc_array((size_t)wanted, sizeof *threads);
    if (!threads) return false;
    const int given = threads_given(threads, wanted);
    free(threads);
    if (given < wanted) team->spare = 0;
    if (given < team->size - 1) team->size = 1 + given;
    return true;
}

void threads_stop(struct team *team) { (void)team; } // they are the runtime's

// Signals are for the threads of the program, and the runtime may create its own here. It may give fewer than asked
// for: the others then do the shares of those that are missing.
void team_hold(struct team *team, void (*body)(void *arg), void *arg) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    if (team->held || team->size == 1 || is_alone()) {
        body(arg);
        return;
    }
    pthread_once(&once, watch_forks);
    sigset_t before;
    const uint64_t seen = team_region(team);
    sigmask_block(&before);
    team->held = true;
#pragma omp parallel num_threads(team->size + team->spare)
    if (omp_get_thread_num() == 0) {
        const int n = omp_get_num_threads();
        sigmask_restore(&before);
        body(arg);
        team_dismiss(team, (n < team->size ? n : team->size) - 1);
    } else if (omp_get_thread_num() < team->size) {
        team_work(team, omp_get_thread_num(), seen);
    }
    team->held = false;
}
