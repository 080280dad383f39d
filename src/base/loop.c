// SPDX-License-Identifier: MIT
#include <assert.h>
#include <sched.h>

#include "alloc.h"
#include "threads.h"

int team_size(const struct team *team) { return team->size; }

// ---- waiting ----

static inline void relax(void) {
#if defined(__SSE__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

static uint64_t sleep_while(struct team *team, _Atomic uint64_t *word, uint64_t mask, uint64_t old) {
    uint64_t now;
    pthread_mutex_lock(&team->lock);
    atomic_fetch_add(&team->sleepers, 1); // before reading the word: whoever changes it afterwards sees the sleeper
    while (((now = atomic_load(word)) & mask) == old) pthread_cond_wait(&team->wake, &team->lock);
    atomic_fetch_sub(&team->sleepers, 1);
    pthread_mutex_unlock(&team->lock);
    return now;
}

// Waits while the bits of `mask` in the word are `old`; returns the new word.
static uint64_t wait_while(struct team *team, _Atomic uint64_t *word, uint64_t mask, uint64_t old) {
    for (int i = 0; i < team->spins + team->yields; i++) {
        uint64_t now = atomic_load_explicit(word, memory_order_acquire);
        if ((now & mask) != old) return now;
        if (i < team->spins) relax();
        else sched_yield();
    }
    return sleep_while(team, word, mask, old);
}

// Called after a word has changed (that store and the load of `sleepers` are sequentially consistent).
static void wake_sleepers(struct team *team) {
    if (atomic_load(&team->sleepers) == 0) return;
    pthread_mutex_lock(&team->lock); // so no thread is between reading the word and waiting
    pthread_cond_broadcast(&team->wake);
    pthread_mutex_unlock(&team->lock);
}

// ---- loops ----

// Each member has a share, a run of chunks with a cache line of its own. A member claims chunks from its own share
// first, then from those of the members after it. It reports its finished chunks when nothing is left to claim. Loop
// numbers are never reused. A word holds a loop's number and a count of chunks, so one exchange moves it from one state
// to the next: a late member finds a later number and leaves; a share with an earlier number is still untouched.
enum { COUNT_BITS = 24 };
static const uint64_t count_mask = (1u << COUNT_BITS) - 1;

static uint64_t loop_word(uint64_t number, uint64_t count) { return number << COUNT_BITS | count; }

// The first chunk of a member's share of n chunks; for index == size it is n.
static uint64_t share_begin(uint64_t n, int index, int size) {
    return (n * (uint64_t)index + (uint64_t)size - 1) / (uint64_t)size;
}

// Claims the next of the n chunks of a share; false: none is left.
static bool take(struct share *share, uint64_t number, uint64_t n, uint64_t *chunk) {
    uint64_t now = atomic_load_explicit(&share->given, memory_order_relaxed);
    do {
        *chunk = now >> COUNT_BITS == number ? now & count_mask : 0;
        if (now >> COUNT_BITS > number || *chunk == n) return false;
    } while (!atomic_compare_exchange_weak(&share->given, &now, loop_word(number, *chunk + 1)));
    return true;
}

// Adds this member's finished chunks to the loop's word. The last report begins the next loop.
static void report(struct member *m, uint64_t n) {
    _Atomic uint64_t *loop = &m->team->loop;
    uint64_t now = atomic_load_explicit(loop, memory_order_acquire), next;
    do {
        const uint64_t done = (now & count_mask) + m->done;
        if (now >> COUNT_BITS != m->loop) return; // the loop is over
        next = done == n ? loop_word(m->loop + 1, 0) : loop_word(m->loop, done);
        if (next == now) return;
    } while (!atomic_compare_exchange_weak(loop, &now, next));
    m->done = 0;
    if (next >> COUNT_BITS != m->loop) wake_sleepers(m->team);
}

void team_begin(struct member *m) {
    m->loop++;
    m->passed = 0;
}

bool team_claim(struct member *m, size_t total, size_t chunk, size_t *begin, size_t *end) {
    const uint64_t n = total / chunk + (total % chunk != 0);
    uint64_t taken;
    assert(n <= count_mask);
    m->done += m->holds;
    m->holds = false;
    for (; m->passed < m->size; m->passed++) {
        const int of = (m->index + m->passed) % m->size;
        const uint64_t first = share_begin(n, of, m->size), last = share_begin(n, of + 1, m->size);
        if (!take(&m->team->shares[of], m->loop, last - first, &taken)) continue;
        m->holds = true;
        *begin = (size_t)(first + taken) * chunk;
        *end = total - *begin < chunk ? total : *begin + chunk;
        return true;
    }
    report(m, n);
    return false;
}

void team_end(struct member *m) {
    wait_while(m->team, &m->team->loop, ~count_mask, loop_word(m->loop, 0));
}

// ---- floating-point state ----

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

// ---- regions ----

// The gate holds the region's number, whether it is open, and how many threads are inside. A thread enters only while
// it is open; the caller closes it when its own work is done, and waits for the threads inside.
enum { OPEN_BIT = 31 };
static const uint64_t inside_mask = (1u << OPEN_BIT) - 1, open_flag = 1u << OPEN_BIT, region_step = (uint64_t)1 << 32;
static const uint64_t region_mask = ~(uint64_t)0 << 32;

static void run_member(struct team *team, int index) {
    struct member m = {.team = team, .index = index, .size = team->size, .loop = team->first_loop - 1};
    float_state callers = get_state();
    set_state(default_state);
    team->fn(team->arg, &m);
    set_state(callers);
}

// *now: the gate as it was read; then as it was when it was entered, or found closed, which may be another region's.
static bool enter(struct team *team, uint64_t *now) {
    while (*now & open_flag)
        if (atomic_compare_exchange_weak(&team->gate, now, *now + 1)) return true;
    return false;
}

static void leave(struct team *team) {
    uint64_t before = atomic_fetch_sub(&team->gate, 1);
    if (!(before & open_flag) && (before & inside_mask) == 1) wake_sleepers(team);
}

// A region without a function ends the work.
void team_work(struct team *team, int index, uint64_t seen) {
    for (;;) {
        uint64_t now = wait_while(team, &team->gate, region_mask, seen);
        const bool entered = enter(team, &now);
        seen = now & region_mask;
        if (!entered) continue;
        bool go_on = team->fn != NULL;
        if (go_on) run_member(team, index);
        leave(team);
        if (!go_on) break;
    }
    atomic_fetch_add(&team->gone, 1);
    wake_sleepers(team);
}

uint64_t team_region(const struct team *team) { return atomic_load(&team->gate) & region_mask; }

static void open_region(struct team *team, void (*fn)(void *arg, struct member *m), void *arg) {
    team->fn = fn;
    team->arg = arg;
    team->first_loop = atomic_load_explicit(&team->loop, memory_order_relaxed) >> COUNT_BITS;
    atomic_store(&team->gate, team_region(team) + region_step + open_flag);
    wake_sleepers(team);
}

void team_dismiss(struct team *team, int n) {
    open_region(team, NULL, NULL); // stays open until all threads have entered
    uint64_t gone = atomic_load(&team->gone);
    while (gone < (uint64_t)n) gone = wait_while(team, &team->gone, ~(uint64_t)0, gone);
    atomic_store(&team->gone, 0);
}

struct region {
    struct team *team;
    void (*fn)(void *arg, struct member *m);
    void *arg;
};

static void run_region(void *arg) {
    const struct region *r = arg;
    struct team *team = r->team;
    open_region(team, r->fn, r->arg);
    run_member(team, 0);
    uint64_t now = atomic_fetch_and(&team->gate, ~open_flag) & ~open_flag;
    while (now & inside_mask) now = wait_while(team, &team->gate, ~(uint64_t)0, now);
}

void team_run(struct team *team, void (*fn)(void *arg, struct member *m), void *arg) {
    team_hold(team, run_region, &(struct region){team, fn, arg});
}

// ---- creation ----

struct team *team_create(int size) {
    struct team *team = alloc_aligned(CACHE_LINE, 1, sizeof *team);
    if (!team) return NULL;
    *team = (struct team){.lock = PTHREAD_MUTEX_INITIALIZER, .wake = PTHREAD_COND_INITIALIZER};
    team->size = size;
    team->spins = size <= threads_cpus() ? SPINS : SPINS_SHARED;
    team->yields = YIELDS;
    team->shares = alloc_aligned(CACHE_LINE, (size_t)size, sizeof *team->shares);
    for (int i = 0; team->shares && i < size; i++) atomic_init(&team->shares[i].given, 0);
    atomic_init(&team->loop, loop_word(1, 0));
    if (team->shares && threads_start(team)) return team;
    free(team->shares);
    free(team);
    return NULL;
}

void team_free(struct team *team) {
    if (!team) return;
    threads_stop(team);
    pthread_cond_destroy(&team->wake);
    pthread_mutex_destroy(&team->lock);
    free(team->shares);
    free(team);
}
