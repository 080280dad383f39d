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

// libomp's stacks are larger than usual by STACK_MORE; what a runtime allocates for a region fits in the other two.
enum { STACK_MORE = 1 << 16, ROOM_BYTES = 1 << 16, ROOM_EACH = 1 << 12 };

// In a forked child there are none of the threads that the runtime would wait for: the caller works alone.
static atomic_bool forked;
static void after_fork(void) { atomic_store(&forked, true); }
static void watch_forks(void) { pthread_atfork(NULL, NULL, after_fork); }
static pthread_once_t watched = PTHREAD_ONCE_INIT;
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
    const bool all = team->size > 1 && team->size == omp_get_num_procs() && team->size < team_size_limit();
    team->spare = all && !policy && omp_get_proc_bind() == omp_proc_bind_false;
    if (policy && strcasecmp(policy, "passive") == 0) team->spins = team->yields = 0;
    if (team->size <= threads_cpus() && policy && strcasecmp(policy, "active") == 0) team->spins = INT_MAX - YIELDS;
}

// A runtime that is refused a thread ends the process. So as many as it will create are tried beforehand, all at one
// time, and are gone when it does. The C library keeps their stacks, which then serve for the runtime's.
static pthread_mutex_t trial = PTHREAD_MUTEX_INITIALIZER; // held until all are there

static void *stay(void *unused) {
    pthread_mutex_lock(&trial);
    pthread_mutex_unlock(&trial);
    return unused;
}

static void try_threads(struct team *team, int wanted) {
    pthread_attr_t attr;
    sigset_t before;
    size_t stack = 0;
    if (pthread_attr_init(&attr) != 0) return;
    pthread_attr_getstacksize(&attr, &stack);
    pthread_attr_setstacksize(&attr, stack + STACK_MORE);
    sigmask_block(&before);
    pthread_mutex_lock(&trial);
    while (team->n_threads < wanted && pthread_create(&team->threads[team->n_threads].id, &attr, stay, NULL) == 0)
        team->n_threads++;
    void *room = malloc(ROOM_BYTES + (size_t)wanted * ROOM_EACH);
    if (!room) team->size = 1;
    free(room);
    pthread_mutex_unlock(&trial);
    sigmask_restore(&before);
    pthread_attr_destroy(&attr);
}

bool threads_start(struct team *team) {
    pthread_once(&watched, watch_forks);
    if (team->size > team_size_limit()) team->size = team_size_limit();
    if (atomic_load(&forked)) team->size = 1;
    follow_variables(team);
    const int wanted = team->size - 1 + team->spare;
    if (!(team->threads = alloc_array((size_t)wanted, sizeof *team->threads))) return false;
    if (wanted) try_threads(team, wanted);
    if (team->n_threads < wanted) team->spare = 0;
    if (team->n_threads < team->size - 1) team->size = 1 + team->n_threads;
    return true;
}

// Those that were tried; the runtime's stay.
void threads_stop(struct team *team) {
    for (; team->n_threads; team->n_threads--)
        if (!atomic_load(&forked)) pthread_join(team->threads[team->n_threads - 1].id, NULL);
    free(team->threads);
    team->threads = NULL;
}

// Signals are for the threads of the program, and the runtime may create its own here. It may give fewer than asked
// for: the others then do the shares of those that are missing.
void team_hold(struct team *team, void (*body)(void *arg), void *arg) {
    if (team->held || team->size == 1 || is_alone()) {
        body(arg);
        return;
    }
    threads_stop(team);
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
