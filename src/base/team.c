// SPDX-License-Identifier: MIT
#include "team.h"

#include <omp.h>
#include <pthread.h>
#include <sched.h>
#include <stdalign.h>
#include <stdatomic.h>
#include <stdint.h>

#include "alloc.h"
#include "cpus.h"

// A waiting member looks SPINS times, some tens of microseconds; where members share CPUs it looks a few times only,
// since then the wait is for the CPU. Then it offers its CPU to others YIELDS times, and then it sleeps.
enum { SPINS = 1000, SPINS_SHARED = 10, YIELDS = 100, CACHE_LINE = 64 };

struct team {
    int size, spins;
    alignas(CACHE_LINE) atomic_size_t next[2]; // claimed so far of this claim loop, and of the one after it
    alignas(CACHE_LINE) atomic_int arrived;    // members in the barrier
    alignas(CACHE_LINE) atomic_uint phase;     // barriers completed
    atomic_int left;                           // members that finished the region
    pthread_mutex_t lock;                      // for those who sleep in the barrier
    pthread_cond_t wake;
};

int team_default_size(void) { return cpus_allowed(); }

// ---- creation ----

struct probe {
    pthread_mutex_t lock;
    pthread_cond_t go;
    bool done;
};

static void *wait_for_end(void *arg) {
    struct probe *probe = arg;
    pthread_mutex_lock(&probe->lock);
    while (!probe->done) pthread_cond_wait(&probe->go, &probe->lock);
    pthread_mutex_unlock(&probe->lock);
    return NULL;
}

// How many of `wanted` threads the system lets run at once. The OpenMP runtime ends the process when it cannot create a
// thread, so a team is never made larger than what was seen to work.
static int threads_possible(int wanted) {
    struct probe probe = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, false};
    pthread_t *threads = alloc_array((size_t)wanted, sizeof *threads);
    if (!threads) return 0;
    int n = 0;
    while (n < wanted && pthread_create(&threads[n], NULL, wait_for_end, &probe) == 0) n++;
    pthread_mutex_lock(&probe.lock);
    probe.done = true;
    pthread_cond_broadcast(&probe.go);
    pthread_mutex_unlock(&probe.lock);
    for (int i = 0; i < n; i++) pthread_join(threads[i], NULL);
    free(threads);
    return n;
}

struct team *team_create(int size) {
    struct team *team = alloc_aligned(CACHE_LINE, 1, sizeof *team);
    if (!team) return NULL;
    *team = (struct team){.lock = PTHREAD_MUTEX_INITIALIZER, .wake = PTHREAD_COND_INITIALIZER};
    team->size = 1 + (size > 1 ? threads_possible(size - 1) : 0);
    team->spins = team->size <= cpus_allowed() ? SPINS : SPINS_SHARED;
    return team;
}

void team_free(struct team *team) {
    if (!team) return;
    pthread_cond_destroy(&team->wake);
    pthread_mutex_destroy(&team->lock);
    free(team);
}

int team_size(const struct team *team) { return team->size; }

// ---- floating-point state: the numbers contract needs round to nearest and subnormals on every member ----

#if defined(__SSE__)
typedef unsigned int float_state;
static const float_state default_state = 0x1f80; // all exceptions masked, nothing else
static float_state get_state(void) { return __builtin_ia32_stmxcsr(); }
static void set_state(float_state s) { __builtin_ia32_ldmxcsr(s); }
#elif defined(__aarch64__)
typedef uint64_t float_state;
static const float_state default_state = 0;
static float_state get_state(void) {
    float_state s;
    __asm__ volatile("mrs %0, fpcr" : "=r"(s));
    return s;
}
static void set_state(float_state s) { __asm__ volatile("msr fpcr, %0" : : "r"(s)); }
#else
#include <fenv.h>
typedef int float_state;
static const float_state default_state = FE_TONEAREST;
static float_state get_state(void) { return fegetround(); }
static void set_state(float_state s) { fesetround(s); }
#endif

// ---- the region ----

// Race detectors do not see the order that the OpenMP runtime makes. So team_run, which hands its arguments over, is
// hidden from them, and `phase` and `left` order once more what comes before the region, in it, and after it.
static void enter_region(struct team *team) {
    atomic_store_explicit(&team->next[0], 0, memory_order_relaxed);
    atomic_store_explicit(&team->next[1], 0, memory_order_relaxed);
    atomic_store_explicit(&team->arrived, 0, memory_order_relaxed);
    atomic_store_explicit(&team->left, 0, memory_order_relaxed);
    atomic_store_explicit(&team->phase, 0, memory_order_release);
}

static void leave_region(struct team *team) { (void)atomic_load_explicit(&team->left, memory_order_acquire); }

static void run_member(struct team *team, int index, int size, void (*fn)(void *arg, struct member *m), void *arg) {
    struct member m = {.team = team, .index = index, .size = size};
    (void)atomic_load_explicit(&team->phase, memory_order_acquire);
    float_state callers = get_state();
    set_state(default_state);
    fn(arg, &m);
    set_state(callers);
    atomic_fetch_add_explicit(&team->left, 1, memory_order_release);
}

__attribute__((no_sanitize("thread")))
void team_run(struct team *team, void (*fn)(void *arg, struct member *m), void *arg) {
    enter_region(team);
#pragma omp parallel num_threads(team->size) if (team->size > 1)
    run_member(team, omp_get_thread_num(), omp_get_num_threads(), fn, arg);
    leave_region(team);
}

static inline void relax(void) {
#if defined(__SSE__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

void team_barrier(struct member *m) {
    if (m->size == 1) return;
    struct team *team = m->team;
    unsigned phase = m->phase++;
    if (atomic_fetch_add_explicit(&team->arrived, 1, memory_order_acq_rel) + 1 == m->size) {
        atomic_store_explicit(&team->arrived, 0, memory_order_relaxed);
        pthread_mutex_lock(&team->lock); // a member that is about to sleep either sees the new phase or is woken
        atomic_store_explicit(&team->phase, phase + 1, memory_order_release);
        pthread_mutex_unlock(&team->lock);
        pthread_cond_broadcast(&team->wake);
        return;
    }
    for (int i = 0; i < team->spins + YIELDS; i++) {
        if (atomic_load_explicit(&team->phase, memory_order_acquire) != phase) return;
        if (i < team->spins)
            relax();
        else
            sched_yield();
    }
    pthread_mutex_lock(&team->lock);
    while (atomic_load_explicit(&team->phase, memory_order_acquire) == phase)
        pthread_cond_wait(&team->wake, &team->lock);
    pthread_mutex_unlock(&team->lock);
}

// The counter of the loop before is set back while nobody uses it: all have left that loop, and the next loop, which
// takes the counter again, lies behind a barrier.
void team_begin(struct member *m) {
    m->job++;
    if (m->index == 0) atomic_store_explicit(&m->team->next[(m->job + 1) % 2], 0, memory_order_relaxed);
}

bool team_claim(struct member *m, size_t total, size_t chunk, size_t *begin, size_t *end) {
    atomic_size_t *next = &m->team->next[m->job % 2];
    if (atomic_load_explicit(next, memory_order_relaxed) >= total) return false; // so it never runs far past the end
    size_t at = atomic_fetch_add_explicit(next, chunk, memory_order_relaxed);
    if (at >= total) return false;
    *begin = at;
    *end = total - at < chunk ? total : at + chunk;
    return true;
}
