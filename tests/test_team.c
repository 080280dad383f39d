// SPDX-License-Identifier: MIT
#include "test.h"

#include <fenv.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/team.h"

#if defined(__has_feature) // clang
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED
#endif
#elif defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED
#endif

static const int sizes[] = {1, 2, 3, 8};
enum { N_SIZES = sizeof sizes / sizeof sizes[0], ITEMS = 1000 };

// ---- loops ----

struct claims {
    size_t total, chunk;
    int loops;
    int done[ITEMS]; // written by whoever claimed the item: plain, so that a race detector sees a double claim
};

// Every loop adds 1 to every item, and reads its neighbour: one that the loop before has not done is one behind.
static void claim_all(void *arg, struct member *m) {
    struct claims *c = arg;
    for (int loop = 0; loop < c->loops; loop++) {
        size_t begin, end;
        team_begin(m);
        while (team_claim(m, c->total, c->chunk, &begin, &end))
            for (size_t i = begin; i < end; i++) c->done[i] += c->done[i] == loop ? 1 : 1000000;
        team_end(m);
    }
}

static void every_item_is_claimed_once_in_each_loop(void **state) {
    (void)state;
    static const size_t totals[] = {0, 1, 7, 16, 999, ITEMS}, chunks[] = {1, 3, 16, 5000};
    for (size_t s = 0; s < N_SIZES; s++) {
        struct team *team = team_create(sizes[s]);
        assert_non_null(team);
        for (size_t t = 0; t < sizeof totals / sizeof totals[0]; t++)
            for (size_t k = 0; k < sizeof chunks / sizeof chunks[0]; k++) {
                struct claims c = {.total = totals[t], .chunk = chunks[k], .loops = 5};
                team_run(team, claim_all, &c);
                for (size_t i = 0; i < ITEMS; i++) assert_int_equal(c.done[i], i < c.total ? c.loops : 0);
            }
        team_free(team);
    }
}

enum { ROUNDS = 200, CELLS = 8 };
struct rounds {
    unsigned cells[2][CELLS];
    atomic_int wrong;
};

// Each loop computes cells from all cells of the loop before; now and then an item takes long, and the others sleep.
static void pass_rounds(void *arg, struct member *m) {
    struct rounds *r = arg;
    for (unsigned round = 1; round <= ROUNDS; round++) {
        size_t begin, end;
        team_begin(m);
        while (team_claim(m, CELLS, 1, &begin, &end)) {
            if (round % 50 == begin) nanosleep(&(struct timespec){.tv_nsec = 3000000}, NULL);
            for (size_t i = 0; i < CELLS; i++)
                if (r->cells[(round + 1) % 2][i] != round - 1) atomic_fetch_add(&r->wrong, 1);
            r->cells[round % 2][begin] = round;
        }
        team_end(m);
    }
}

static void what_a_loop_wrote_is_there_behind_its_end(void **state) {
    (void)state;
    for (size_t s = 0; s < N_SIZES; s++) {
        struct team *team = team_create(sizes[s]);
        for (int region = 0; region < 3; region++) {
            struct rounds r = {{{0}}, 0};
            team_run(team, pass_rounds, &r);
            assert_int_equal(atomic_load(&r.wrong), 0);
        }
        team_free(team);
    }
}

// ---- members that come late ----

struct lateness {
    struct claims claims;
    atomic_int here, finished;
};

static bool wait_for(atomic_int *count, int wanted) {
    for (int i = 0; i < 20000; i++) {
        if (atomic_load(count) >= wanted) return true;
        nanosleep(&(struct timespec){.tv_nsec = 500000}, NULL);
    }
    return false;
}

// All members but the first come to the loops only when the first has gone through them.
static void be_late(void *arg, struct member *m) {
    struct lateness *l = arg;
    atomic_fetch_add(&l->here, 1);
    if (m->index != 0) {
        if (!wait_for(&l->finished, 1)) l->claims.done[0] = -1;
    } else if (!wait_for(&l->here, m->size)) {
        l->claims.done[0] = -2;
    }
    claim_all(&l->claims, m);
    if (m->index == 0) atomic_store(&l->finished, 1);
}

static void late_members_hold_nobody_up_and_catch_up(void **state) {
    (void)state;
    for (size_t s = 0; s < N_SIZES; s++) {
        struct team *team = team_create(sizes[s]);
        struct lateness l = {.claims = {.total = ITEMS, .chunk = 10, .loops = 100}};
        team_run(team, be_late, &l);
        for (size_t i = 0; i < ITEMS; i++) assert_int_equal(l.claims.done[i], 100);
        assert_int_equal(atomic_load(&l.here), sizes[s]); // and the region waited for them
        team_free(team);
    }
}

// ---- members ----

struct presence {
    atomic_int here;
    int seen[CELLS], size[CELLS];
    int plain; // written by the caller before the region
};

static void be_present(void *arg, struct member *m) {
    struct presence *p = arg;
    p->seen[m->index] += p->plain;
    p->size[m->index] = m->size;
    atomic_fetch_add(&p->here, 1);
    wait_for(&p->here, m->size);
}

static void members_have_the_indices_below_size(void **state) {
    (void)state;
    for (size_t s = 0; s < N_SIZES; s++) {
        struct team *team = team_create(sizes[s]);
        assert_int_equal(team_size(team), sizes[s]);
        for (int region = 1; region < 20; region++) {
            struct presence p = {.plain = region};
            team_run(team, be_present, &p);
            for (int i = 0; i < CELLS; i++) assert_int_equal(p.seen[i], i < sizes[s] ? region : 0);
            for (int i = 0; i < sizes[s]; i++) assert_int_equal(p.size[i], sizes[s]);
        }
        team_free(team);
    }
}

static void count_one(void *arg, struct member *m) {
    size_t begin, end;
    team_begin(m);
    while (team_claim(m, 1, 1, &begin, &end)) ++*(int *)arg;
    team_end(m);
}

// Threads sleep, are woken, come late or not at all; every region does its work, and threads end whatever they do.
static void many_short_regions_do_their_work(void **state) {
    (void)state;
    for (size_t s = 0; s < N_SIZES; s++)
        for (int pause = 0; pause < 2; pause++) {
            struct team *team = team_create(sizes[s]);
            int n = pause ? 30 : 3000, count = 0;
            for (int i = 0; i < n; i++) {
                team_run(team, count_one, &count);
                if (pause) nanosleep(&(struct timespec){.tv_nsec = 2000000}, NULL);
            }
            assert_int_equal(count, n);
            team_free(team);
        }
    for (int i = 0; i < 100; i++) team_free(team_create(4)); // without any region
}

// ---- holds ----

struct held {
    struct team *team;
    int count, bodies;
    pthread_t caller;
    sigset_t mask; // of the caller, inside
};

static void run_regions(void *arg) {
    struct held *h = arg;
    h->bodies++;
    h->caller = pthread_self();
    pthread_sigmask(SIG_SETMASK, NULL, &h->mask);
    for (int i = 0; i < 300; i++) {
        team_run(h->team, count_one, &h->count);
        if (i % 100 == 0) nanosleep(&(struct timespec){.tv_nsec = 2000000}, NULL); // the others sleep
    }
}

static void run_holds(void *arg) {
    struct held *h = arg;
    for (int i = 0; i < 3; i++) team_hold(h->team, run_regions, h);
}

static void regions_within_a_hold_do_their_work(void **state) {
    (void)state;
    for (size_t s = 0; s < N_SIZES; s++) {
        struct held h = {.team = team_create(sizes[s])};
        team_hold(h.team, run_regions, &h);
        assert_true(pthread_equal(h.caller, pthread_self()));
        team_hold(h.team, run_holds, &h); // within a hold
        run_holds(&h);                    // one after the other
        team_run(h.team, count_one, &h.count);
        assert_int_equal(h.bodies, 7);
        assert_int_equal(h.count, 7 * 300 + 1);
        struct presence p = {.plain = 1};
        team_run(h.team, be_present, &p); // all of them are still there
        for (int i = 0; i < sizes[s]; i++) assert_int_equal(p.seen[i], 1);
        team_free(h.team);
    }
}

static void hold_nothing(void *arg) { ++*(int *)arg; }

static void a_hold_need_not_run_anything(void **state) {
    (void)state;
    struct team *team = team_create(3);
    int n = 0;
    for (int i = 0; i < 100; i++) team_hold(team, hold_nothing, &n);
    assert_int_equal(n, 100);
    team_free(team);
}

struct masks {
    atomic_int here;
    sigset_t mask[CELLS];
};

static void keep_mask(void *arg, struct member *m) {
    struct masks *k = arg;
    pthread_sigmask(SIG_SETMASK, NULL, &k->mask[m->index]);
    atomic_fetch_add(&k->here, 1);
    wait_for(&k->here, m->size);
}

// A signal that is sent to the process must find a thread of the program.
static void signals_are_for_the_callers_thread(void **state) {
    (void)state;
    sigset_t before, after;
    struct masks k = {0};
    struct team *team = team_create(3);
    struct held h = {.team = team};
    pthread_sigmask(SIG_SETMASK, NULL, &before);
    team_run(team, keep_mask, &k);
    team_hold(team, run_regions, &h);
    pthread_sigmask(SIG_SETMASK, NULL, &after);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(sigismember(&k.mask[i], SIGTERM), i > 0);
        assert_int_equal(sigismember(&k.mask[i], SIGALRM), i > 0);
        assert_int_equal(sigismember(&k.mask[i], SIGSEGV), 0);
    }
    for (int n = 1; n < 32; n++) {
        assert_int_equal(sigismember(&after, n), sigismember(&before, n));
        assert_int_equal(sigismember(&h.mask, n), sigismember(&before, n));
    }
    team_free(team);
}

static bool claims_are_right(struct team *team) {
    struct claims c = {.total = ITEMS, .chunk = 3, .loops = 3};
    if (!team) return false;
    team_run(team, claim_all, &c);
    for (size_t i = 0; i < ITEMS; i++)
        if (c.done[i] != 3) return false;
    return true;
}

// ---- limits ----

// A team is smaller where the system refuses threads. A process of its own, since a limit once set stays.
static int run_with_little_address_space(void) {
    unsigned long pages = 0;
    FILE *f = fopen("/proc/self/statm", "r");
    if (!f || fscanf(f, "%lu", &pages) != 1) return 2;
    fclose(f);
    struct rlimit limit = {(rlim_t)pages * 4096 + (20 << 20), (rlim_t)pages * 4096 + (20 << 20)};
    if (setrlimit(RLIMIT_AS, &limit) != 0) return 3;
    struct team *team = team_create(CELLS);
    if (!team) return 4;
    if (!claims_are_right(team)) return 5;
    int size = team_size(team);
    team_free(team);
    return size < CELLS ? 0 : 6;
}

static void team_is_smaller_where_threads_are_refused(void **state) {
    (void)state;
#if defined(SANITIZED)
    puts("sanitizers need more address space than this test leaves");
    skip();
#else
    char self[512], command[600];
    if (getenv("TEST_EMULATED")) {
        puts("an emulator keeps no memory limits");
        skip();
    }
    ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
    assert_true(n > 0);
    self[n] = '\0';
    snprintf(command, sizeof command, "'%s' limited", self);
    assert_int_equal(system(command), 0);
#endif
}

// ---- floating-point state ----

struct roundings {
    atomic_int here;
    float sum[CELLS], tiny[CELLS];
    volatile float one, little, smallest;
};

static void look_at_rounding(void *arg, struct member *m) {
    struct roundings *r = arg;
    r->sum[m->index] = r->one + r->little;
    r->tiny[m->index] = r->smallest * 0.5f; // a subnormal: 0 where subnormals are flushed
    atomic_fetch_add(&r->here, 1);
    wait_for(&r->here, m->size);
}

static void members_round_to_nearest_and_keep_subnormals(void **state) {
    (void)state;
    struct roundings r = {.one = 1, .little = 0x1p-40f, .smallest = 0x1p-126f};
#if defined(__SSE__)
    unsigned int before = __builtin_ia32_stmxcsr();
    __builtin_ia32_ldmxcsr(before | 0x8040); // flush to zero, denormals are zero: as -ffast-math programs start
#endif
    assert_int_equal(fesetround(FE_UPWARD), 0);
    struct team *team = team_create(3); // its threads begin with the caller's state
    team_run(team, look_at_rounding, &r);
    volatile float after = r.one + r.little; // stored before the rounding changes back
    fesetround(FE_TONEAREST);
#if defined(__SSE__)
    unsigned int kept = __builtin_ia32_stmxcsr() & 0x8040;
    __builtin_ia32_ldmxcsr(before);
    assert_int_equal(kept, 0x8040);
#endif
    assert_true(after > 1); // the caller's state is its own
    for (int i = 0; i < 3; i++) {
        assert_true(r.sum[i] == 1);
        assert_true(r.tiny[i] == 0x1p-127f);
    }
    team_free(team);
}

// ---- how many ----

static void default_size_is_at_least_one(void **state) {
    (void)state;
    assert_true(team_default_size() >= 1);
    assert_true(team_default_size() <= (int)sysconf(_SC_NPROCESSORS_CONF));
}

int main(int argc, char **argv) {
    if (argc == 2 && strcmp(argv[1], "limited") == 0) return run_with_little_address_space();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_item_is_claimed_once_in_each_loop),
        cmocka_unit_test(what_a_loop_wrote_is_there_behind_its_end),
        cmocka_unit_test(late_members_hold_nobody_up_and_catch_up),
        cmocka_unit_test(members_have_the_indices_below_size),
        cmocka_unit_test(many_short_regions_do_their_work),
        cmocka_unit_test(regions_within_a_hold_do_their_work),
        cmocka_unit_test(a_hold_need_not_run_anything),
        cmocka_unit_test(signals_are_for_the_callers_thread),
        cmocka_unit_test(team_is_smaller_where_threads_are_refused),
        cmocka_unit_test(members_round_to_nearest_and_keep_subnormals),
        cmocka_unit_test(default_size_is_at_least_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
