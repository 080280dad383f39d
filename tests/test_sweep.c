// SPDX-License-Identifier: MIT
// Going over all weights with a team.
#include "test.h"

#include <pthread.h>
#include <stdatomic.h>

#include "base/clock.h"
#include "load/sweep.h"

enum { FIRST = 5 << 20, SECOND = 3, THIRD = 2 << 20, ALL = FIRST + SECOND + THIRD };

static uint8_t data[ALL];
static _Atomic uint8_t taken[ALL];

static void take(const void *p, size_t n) {
    const size_t at = (size_t)((const uint8_t *)p - data);
    assert_true(at < ALL && n <= ALL - at);
    for (size_t i = at; i < at + n; i++) atomic_fetch_add(&taken[i], 1);
}

static size_t count_taken(void) {
    size_t n = 0;
    for (size_t i = 0; i < ALL; i++) {
        assert_true(taken[i] <= 1);
        n += taken[i];
    }
    return n;
}

static struct tensor tensors[] = {
    {.data = data, .bytes = FIRST},
    {.data = data + FIRST, .bytes = SECOND},
    {.data = data + FIRST + SECOND, .bytes = THIRD}};
static const struct weights weights = {.tensors = tensors, .n_tensors = 3}, nothing = {.n_tensors = 0};
static const struct sweep sweep = {.weights = &weights, .take = take}, none = {.weights = &nothing, .take = take};

static void forget(void) {
    for (size_t i = 0; i < ALL; i++) taken[i] = 0;
}

static void every_byte_is_taken_once(void **state) {
    (void)state;
    assert_int_equal(sweep_bytes(&weights), ALL);
    for (int size = 1; size <= 3; size++) {
        struct team *team = team_create(size);
        forget();
        sweep_run(&none, team);
        assert_int_equal(count_taken(), 0);
        sweep_run(&sweep, team);
        assert_int_equal(count_taken(), ALL);
        team_free(team);
    }
}

static bool stop(void *user, uint64_t done, uint64_t all) {
    *(uint64_t *)user += done;
    assert_int_equal(all, ALL);
    return false;
}

static void progress_stops_it(void **state) {
    (void)state;
    uint64_t told = 0;
    struct team *team = team_create(1);
    forget();
    sweep_run(&(struct sweep){&weights, take, stop, &told, 0}, team);
    assert_true(told > 0 && told < ALL);
    assert_int_equal(count_taken(), told);
    team_free(team);
}

struct work {
    pthread_t thread;
    int done;
};

static void work_long(void *arg) {
    struct work *w = arg;
    assert_true(pthread_equal(pthread_self(), w->thread));
    const double begin = clock_ms();
    while (clock_ms() - begin < 20) {}
    w->done++;
}

static void the_caller_works_while_others_sweep(void **state) {
    (void)state;
    struct work w = {.thread = pthread_self()};
    for (int size = 1; size <= 3; size++) {
        struct team *team = team_create(size);
        forget();
        const uint64_t n = sweep_beside(&sweep, team, work_long, &w);
        assert_int_equal(count_taken(), n);
        if (size == 1) assert_int_equal(n, 0);
        assert_int_equal(sweep_beside(&none, team, work_long, &w), 0);
        assert_int_equal(count_taken(), n); // nothing goes on behind it
        sweep_run(&(struct sweep){.weights = &weights, .take = take, .from = n}, team);
        assert_int_equal(count_taken(), ALL);
        team_free(team);
    }
    assert_int_equal(w.done, 6);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_byte_is_taken_once),
        cmocka_unit_test(progress_stops_it),
        cmocka_unit_test(the_caller_works_while_others_sweep),
    };
    return cmocka_run_group_tests_name("sweep", tests, NULL, NULL);
}
