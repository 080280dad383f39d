// SPDX-License-Identifier: MIT
// Teams whose threads are OpenMP's: its variables, parallel regions of the caller's own, and children of the process.
#include "test.h"

#include <sched.h>
#include <stdatomic.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/team.h"

enum { ITEMS = 1000, LOOPS = 3 };

// ---- regions ----

// Every loop adds 1 to every item.
static void add_ones(void *arg, struct member *m) {
    int *items = arg;
    for (int loop = 0; loop < LOOPS; loop++) {
        size_t begin, end;
        team_begin(m);
        while (team_claim(m, ITEMS, 3, &begin, &end))
            for (size_t i = begin; i < end; i++) items[i]++;
        team_end(m);
    }
}

static bool works(struct team *team) {
    int items[ITEMS] = {0};
    if (!team) return false;
    team_run(team, add_ones, items);
    for (size_t i = 0; i < ITEMS; i++)
        if (items[i] != LOOPS) return false;
    return true;
}

static bool wait_until(atomic_int *count, int wanted) {
    for (int i = 0; i < 20000; i++) {
        if (atomic_load(count) >= wanted) return true;
        nanosleep(&(struct timespec){.tv_nsec = 500000}, NULL);
    }
    return false;
}

static void wait_for_all(void *arg, struct member *m) {
    atomic_fetch_add((atomic_int *)arg, 1);
    wait_until(arg, m->size);
}

// ---- forks ----

// The team of a child has one thread, which does all the work, and nothing waits for the others.
static void a_child_does_not_wait_for_threads_that_it_lacks(void **state) {
    (void)state;
    struct team *team = team_create(3);
    assert_true(works(team));
    const pid_t child = fork();
    if (child == 0) {
        alarm(60);
        struct team *own = team_create(3);
        bool ok = works(own) && works(team) && team_size(own) == 1 && team_default_size() == 1;
        team_free(own);
        team_free(team);
        _exit(ok ? 0 : 1);
    }
    int status;
    assert_true(child > 0);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_true(works(team));
    team_free(team);
}

// ---- within parallel regions ----

static void count_member(void *arg, struct member *m) {
    (void)m;
    atomic_fetch_add((atomic_int *)arg, 1);
    nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL); // time for the others to come
}

static void a_team_within_a_parallel_region_has_one_thread(void **state) {
    (void)state;
    struct team *outside = team_create(3);
    atomic_int wrong = 0, members = 0;
#pragma omp parallel num_threads(2)
    {
        struct team *inside = team_create(3);
        atomic_int here = 0;
        team_run(inside, count_member, &here);
        if (atomic_load(&here) != 1 || team_default_size() != 1 || !works(inside)) atomic_fetch_add(&wrong, 1);
        team_free(inside);
#pragma omp single
        {
            here = 0;
            team_run(outside, count_member, &here);
            if (atomic_load(&here) != 1) atomic_fetch_add(&wrong, 1);
        }
        atomic_fetch_add(&members, 1);
    }
    assert_int_equal(atomic_load(&members), 2);
    assert_int_equal(atomic_load(&wrong), 0);
    atomic_int all = 0;
    team_run(outside, wait_for_all, &all); // outside again all come
    assert_int_equal(atomic_load(&all), 3);
    team_free(outside);
}

struct two_teams {
    struct team *other;
    atomic_int here;
};

static void run_other(void *arg) {
    struct two_teams *t = arg;
    team_run(t->other, count_member, &t->here);
}

static void another_team_within_a_hold_has_one_thread(void **state) {
    (void)state;
    struct team *team = team_create(3);
    struct two_teams t = {.other = team_create(3)};
    team_hold(team, run_other, &t);
    assert_int_equal(atomic_load(&t.here), 1);
    team_free(t.other);
    team_free(team);
}

// ---- variables ----

// Each variable in a process of its own, since the runtime reads them when it is loaded.
static int run_self(const char *variables, const char *what) {
    char self[512], command[900];
    ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
    assert_true(n > 0);
    self[n] = '\0';
    snprintf(command, sizeof command, "env -u OMP_NUM_THREADS -u OMP_WAIT_POLICY %s '%s' %s", variables, self, what);
    int status = system(command);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void skip_emulated(void) {
    if (!getenv("TEST_EMULATED")) return;
    puts("an emulator does not run a program by itself");
    skip();
}

static void the_number_of_threads_follows_openmp(void **state) {
    (void)state;
    skip_emulated();
    const int usual = run_self("", "default");
    assert_true(usual >= 1);
    assert_int_equal(run_self("OMP_NUM_THREADS=5", "default"), 5);
    assert_int_equal(run_self("OMP_NUM_THREADS=1", "default"), 1);
    assert_int_equal(run_self("OMP_NUM_THREADS=5 OMP_THREAD_LIMIT=3", "default"), 3);
    assert_int_equal(run_self("OMP_THREAD_LIMIT=3", "of-eight"), 3);
    assert_int_equal(run_self("OMP_THREAD_LIMIT=1", "of-eight"), 1);
    assert_int_equal(run_self("OMP_NUM_THREADS=2", "of-eight"), 8); // who asks for 8 gets them
    assert_int_equal(run_self("OMP_DYNAMIC=true", "work"), 0);
    assert_int_equal(run_self("OMP_NESTED=true OMP_MAX_ACTIVE_LEVELS=4", "work"), 0);
    // The affinity of a bound thread is one CPU; the process has more.
    assert_int_equal(run_self("OMP_PROC_BIND=true", "default"), usual);
    assert_int_equal(run_self("OMP_PROC_BIND=spread OMP_PLACES=threads", "default"), usual);
}

struct places {
    atomic_int here;
    int cpus[2];
    size_t cpu[2]; // the first of them
};

static void look_at_place(void *arg, struct member *m) {
    struct places *p = arg;
    cpu_set_t set;
    CPU_ZERO(&set);
    if (sched_getaffinity(0, sizeof set, &set) == 0) p->cpus[m->index] = CPU_COUNT(&set);
    size_t first = 0;
    while (first + 1 < CPU_SETSIZE && !CPU_ISSET(first, &set)) first++;
    p->cpu[m->index] = first;
    atomic_fetch_add(&p->here, 1);
    wait_until(&p->here, m->size);
}

// Of a team of two: each has one CPU, and not the other's.
static int run_bound(void) {
    struct places p = {0};
    struct team *team = team_create(2);
    team_run(team, look_at_place, &p);
    team_free(team);
    return p.cpus[0] == 1 && p.cpus[1] == 1 && p.cpu[0] != p.cpu[1] ? 0 : 1;
}

static void threads_are_bound_as_openmp_says(void **state) {
    (void)state;
    skip_emulated();
    if (team_default_size() < 2) {
        puts("one CPU is no choice");
        skip();
    }
    assert_int_equal(run_self("OMP_PROC_BIND=true OMP_PLACES=threads", "bound"), 0);
    assert_int_equal(run_self("OMP_PROC_BIND=close OMP_PLACES=threads", "bound"), 0);
    assert_int_equal(run_self("OMP_PROC_BIND=true OMP_PLACES=threads", "work"), 0);
    assert_int_equal(run_self("OMP_PROC_BIND=false", "bound"), 1);
}

// 'R' or 'S' of a thread of this process.
static char state_of(int task) {
    char path[64], letter = 0;
    snprintf(path, sizeof path, "/proc/self/task/%d/stat", task);
    FILE *f = fopen(path, "r");
    if (f && fscanf(f, "%*d (%*[^)]) %c", &letter) != 1) letter = 0;
    if (f) fclose(f);
    return letter;
}

struct waiting {
    struct team *team;
    atomic_int here, task; // of member 1
    int looks, sleeps;
};

static void tell_task(void *arg, struct member *m) {
    struct waiting *w = arg;
    if (m->index == 1) atomic_store(&w->task, (int)gettid());
    atomic_fetch_add(&w->here, 1);
    wait_until(&w->here, m->size);
}

// Does the other thread fall asleep while the caller does nothing?
static void watch_waiting(void *arg) {
    struct waiting *w = arg;
    team_run(w->team, tell_task, w);
    for (int i = 0; i < w->looks && !w->sleeps; i++) {
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
        w->sleeps = i >= 100 && state_of(atomic_load(&w->task)) == 'S';
    }
}

static int run_waiting(int looks) {
    struct waiting w = {.team = team_create(2), .looks = looks};
    team_hold(w.team, watch_waiting, &w);
    team_free(w.team);
    return w.sleeps;
}

static void waiting_threads_sleep_or_spin_as_openmp_says(void **state) {
    (void)state;
    skip_emulated();
    assert_int_equal(run_self("", "sleeps"), 1);
    assert_int_equal(run_self("OMP_WAIT_POLICY=passive", "sleeps"), 1);
    assert_int_equal(run_self("OMP_WAIT_POLICY=PASSIVE", "work"), 0);
    assert_int_equal(run_self("OMP_WAIT_POLICY=active", "work"), 0);
    if (team_default_size() >= 2) assert_int_equal(run_self("OMP_WAIT_POLICY=ACTIVE", "spins"), 0);
}

static int run_as(const char *what) {
    if (strcmp(what, "default") == 0) return team_default_size();
    if (strcmp(what, "bound") == 0) return run_bound();
    if (strcmp(what, "sleeps") == 0) return run_waiting(20000);
    if (strcmp(what, "spins") == 0) return run_waiting(400);
    struct team *team = team_create(8);
    int result = strcmp(what, "of-eight") == 0 ? team_size(team) : works(team) ? 0 : 1;
    team_free(team);
    return result;
}

int main(int argc, char **argv) {
    if (argc == 2) return run_as(argv[1]);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_child_does_not_wait_for_threads_that_it_lacks),
        cmocka_unit_test(a_team_within_a_parallel_region_has_one_thread),
        cmocka_unit_test(another_team_within_a_hold_has_one_thread),
        cmocka_unit_test(the_number_of_threads_follows_openmp),
        cmocka_unit_test(threads_are_bound_as_openmp_says),
        cmocka_unit_test(waiting_threads_sleep_or_spin_as_openmp_says),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
