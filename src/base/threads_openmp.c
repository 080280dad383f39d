// SPDX-License-Identifier: MIT
// A team's threads from OpenMP. A hold is one parallel region: thread 0 runs the caller's body, the others wait at the
// team's gate and claim from its loops. So the runtime's own barrier, where threads spin and wait for a late one, is
// reached only once, at the end of the hold. The runtime keeps its threads from hold to hold.
#include <limits.h>
#include <omp.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "cpus.h"
#include "sigmask.h"
#include "threads.h"

// libomp's stacks are larger than the default by STACK_MORE. A runtime's allocations for a region fit in ROOM_BYTES and
// ROOM_EACH for each thread.
enum { STACK_MORE = 1 << 16, ROOM_BYTES = 1 << 16, ROOM_EACH = 1 << 12 };

// Set in a forked child: the runtime would wait for threads that do not exist there, so the caller works alone.
static atomic_bool forked;
static void after_fork(void) { atomic_store(&forked, true); }
static void watch_forks(void) { pthread_atfork(NULL, NULL, after_fork); }
static pthread_once_t watched = PTHREAD_ONCE_INIT;
static bool is_alone(void) { return omp_in_parallel() || atomic_load(&forked); }

// Asks the runtime for the CPUs of the process: the affinity of a thread that it has bound (OMP_PROC_BIND) is narrower.
int threads_cpus(void) { return cpus_allowed(omp_get_num_procs()); }
int team_size_limit(void) { return atomic_load(&forked) ? 1 : omp_get_thread_limit(); }

// If OMP_NUM_THREADS or omp_set_num_threads asks for more or fewer threads than CPUs, that overrides the quota.
int team_default_size(void) {
    const int asked = omp_get_max_threads(), size = asked == omp_get_num_procs() ? threads_cpus() : asked;
    if (is_alone()) return 1;
    return size < team_size_limit() ? size : team_size_limit();
}

// A runtime's threads spin for milliseconds before they sleep, at both ends of a region and between regions, and a late
// thread may need that very CPU. If there are more threads than CPUs, they sleep at once. So a team that uses all CPUs
// requests one extra thread, unless OMP_WAIT_POLICY or OMP_PROC_BIND says how and where threads wait.
static void follow_variables(struct team *team) {
    const char *policy = getenv("OMP_WAIT_POLICY");
    const bool all = team->size > 1 && team->size == omp_get_num_procs() && team->size < team_size_limit();
    team->spare = all && !policy && omp_get_proc_bind() == omp_proc_bind_false;
    if (policy && strcasecmp(policy, "passive") == 0) team->spins = team->yields = 0;
    if (team->size <= threads_cpus() && policy && strcasecmp(policy, "active") == 0) team->spins = INT_MAX - YIELDS;
}

// A runtime that cannot create a thread ends the process. So we first create as many threads as it will, all at the
// same time, and end them before it creates its own. The C library keeps their stacks and reuses them for those.
static pthread_mutex_t trial = PTHREAD_MUTEX_INITIALIZER; // locked until all trial threads exist

// A runtime keeps the threads of this thread's last region: another one as large creates none, and needs no trial.
static _Thread_local int n_kept;

static void *stay(void *unused) {
    pthread_mutex_lock(&trial);
    pthread_mutex_unlock(&trial);
    return unused;
}

static bool has_room(int wanted) {
    void *room = malloc(ROOM_BYTES + (size_t)wanted * ROOM_EACH);
    const bool fits = room != NULL;
    free(room);
    return fits;
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
    if (!has_room(wanted)) team->size = 1;
    pthread_mutex_unlock(&trial);
    sigmask_restore(&before);
    pthread_attr_destroy(&attr);
    if (team->n_threads < wanted) team->spare = 0;
    if (team->n_threads < team->size - 1) team->size = 1 + team->n_threads;
}

bool threads_start(struct team *team) {
    pthread_once(&watched, watch_forks);
    if (team->size > team_size_limit()) team->size = team_size_limit();
    follow_variables(team);
    const int wanted = team->size - 1 + team->spare;
    if (!(team->threads = alloc_array((size_t)wanted, sizeof *team->threads))) return false;
    if (wanted > n_kept) try_threads(team, wanted);
    else if (wanted && !has_room(wanted)) team->size = 1;
    return true;
}

// Ends the trial threads; the runtime's threads stay.
void threads_stop(struct team *team) {
    for (; team->n_threads; team->n_threads--)
        if (!atomic_load(&forked)) pthread_join(team->threads[team->n_threads - 1].id, NULL);
    free(team->threads);
    team->threads = NULL;
}

// Signals are blocked while the runtime may create threads, so that the program's threads handle them. The runtime may
// provide fewer threads than requested; the others then do the shares of the missing ones.
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
        n_kept = n - 1;
        sigmask_restore(&before);
        body(arg);
        team_dismiss(team, (n < team->size ? n : team->size) - 1);
    } else if (omp_get_thread_num() < team->size) {
        team_work(team, omp_get_thread_num(), seen);
    }
    team->held = false;
}
