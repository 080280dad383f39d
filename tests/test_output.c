// SPDX-License-Identifier: MIT
// What the program writes: to a pipe whose reader is slow when a signal comes, and numbers of JSON. A signal is
// remembered for ever: each such case is a process of its own, which an alarm ends if it waits for a reader in vain.
#include "test.h"

#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "cli/io/json_out.h"
#include "cli/io/output.h"
#include "cli/io/signals.h"
#include "cli/options/options.h"

enum { PATIENCE = 60, RECORD = 100, LARGE = 1 << 20 };

struct pipe {
    int in, out; // of the reader and the writer
    int room;    // bytes
};

static struct pipe make_pipe(void) {
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    int room = fcntl(ends[1], F_GETPIPE_SZ);
    assert_true(room > RECORD && room < LARGE);
    return (struct pipe){ends[0], ends[1], room};
}

static void fill_pipe(const struct pipe *p) {
    char *bytes = calloc((size_t)p->room, 1);
    assert_int_equal(write(p->out, bytes, (size_t)p->room), p->room);
    free(bytes);
}

// In the child: writes n bytes as one record, or as text; the status is how the process ends.
static void write_and_exit(const struct pipe *p, bool records, bool signalled, size_t n) {
    struct output out;
    char path[32], *bytes = malloc(n);
    quill_error err = {0};
    close(p->in);
    alarm(PATIENCE);
    signals_catch();
    snprintf(path, sizeof path, "/proc/self/fd/%d", p->out);
    quill_status s = output_open(&out, path, true, &err);
    out.records = records;
    memset(bytes, 'r', n);
    if (signalled) raise(SIGINT);
    if (!s) s = output_write(&out, bytes, n, &err);
    if (!s) s = output_flush(&out, &err);
    _exit(s == QUILL_OK ? 0 : s == QUILL_E_SYSTEM && strcmp(err.text, "interrupted") == 0 ? 1 : 2);
}

static pid_t start(const struct pipe *p, bool records, bool signalled, size_t n) {
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) write_and_exit(p, records, signalled, n);
    close(p->out);
    return pid;
}

static void wait_until_full(const struct pipe *p) {
    const struct timespec tick = {.tv_nsec = 1000000};
    for (int n = 0; n < p->room;) {
        assert_int_equal(ioctl(p->in, FIONREAD, &n), 0);
        nanosleep(&tick, NULL);
    }
}

static size_t drain(const struct pipe *p) {
    char bytes[4096];
    size_t sum = 0;
    for (ssize_t n; (n = read(p->in, bytes, sizeof bytes)) > 0;) sum += (size_t)n;
    close(p->in);
    return sum;
}

enum { WRITTEN, INTERRUPTED };
static void expect_end(pid_t pid, int end) {
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    if (!WIFEXITED(status)) print_error("the writer waited for its reader\n");
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), end);
}

static void after_a_signal_what_there_is_room_for_is_written(void **state) {
    (void)state;
    for (int records = 0; records < 2; records++) {
        struct pipe p = make_pipe();
        expect_end(start(&p, records, true, RECORD), WRITTEN);
        assert_int_equal(drain(&p), RECORD);
    }
}

static void after_a_signal_nothing_is_begun_for_a_reader_who_does_not_read(void **state) {
    (void)state;
    for (int records = 0; records < 2; records++) {
        struct pipe p = make_pipe();
        fill_pipe(&p);
        expect_end(start(&p, records, true, RECORD), INTERRUPTED);
        assert_int_equal(drain(&p), p.room);
    }
}

static void after_a_signal_a_long_text_ends_where_the_reader_stops(void **state) {
    (void)state;
    struct pipe p = make_pipe();
    expect_end(start(&p, false, true, LARGE), INTERRUPTED);
    assert_int_equal(drain(&p), p.room);
}

// It waits in the middle of the record, or of the text, when the signal comes.
static void a_record_that_was_begun_is_finished_and_a_text_is_not(void **state) {
    (void)state;
    for (int records = 0; records < 2; records++) {
        struct pipe p = make_pipe();
        pid_t pid = start(&p, records, false, LARGE);
        wait_until_full(&p);
        assert_int_equal(kill(pid, SIGINT), 0);
        if (!records) expect_end(pid, INTERRUPTED);
        size_t n = drain(&p);
        if (records) expect_end(pid, WRITTEN);
        assert_int_equal(n, records ? LARGE : p.room);
    }
}

// It waits before the first byte.
static void a_record_that_was_not_begun_is_left(void **state) {
    (void)state;
    struct pipe p = make_pipe();
    fill_pipe(&p);
    pid_t pid = start(&p, true, false, RECORD);
    const struct timespec moment = {.tv_nsec = 50000000};
    nanosleep(&moment, NULL);
    assert_int_equal(kill(pid, SIGTERM), 0);
    expect_end(pid, INTERRUPTED);
    assert_int_equal(drain(&p), p.room);
}

// The decimal that is nearest, zero without a sign, and nothing that JSON cannot say.
static void decimals_are_rounded_and_zero_has_no_sign(void **state) {
    (void)state;
    static const struct {
        double value;
        int places;
        const char *text;
    } cases[] = {
        {0, 6, "0.0"},         {-0.0, 6, "0.0"},       {-0.0000004, 6, "0.0"}, {0.0000004, 6, "0.0"},
        {-0.0000006, 6, "-1e-6"}, {1.23456789, 3, "1.235"}, {-1.5, 0, "-2.0"},      {2, 3, "2.0"},
        {-1234.0625, 3, "-1234.063"}, {0.1, 6, "0.1"}, {(double)INFINITY, 3, "null"}, {-(double)INFINITY, 3, "null"},
        {(double)NAN, 3, "null"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        json_t *value = json_decimal(cases[i].value, cases[i].places);
        char *text = json_dumps(value, JSON_ENCODE_ANY | JSON_REAL_PRECISION(15));
        assert_string_equal(text, cases[i].text);
        free(text);
        json_decref(value);
    }
}

// Options of all verbs are those of each.
static void every_verb_has_a_bit_of_its_own(void **state) {
    (void)state;
    unsigned all = 0;
    for (const struct verb *v = verbs; v < verbs + n_verbs; v++) {
        assert_int_equal(all & (unsigned)v->bit, 0);
        all |= (unsigned)v->bit;
    }
    assert_int_equal(all, EVERY_VERB);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(after_a_signal_what_there_is_room_for_is_written),
        cmocka_unit_test(after_a_signal_nothing_is_begun_for_a_reader_who_does_not_read),
        cmocka_unit_test(after_a_signal_a_long_text_ends_where_the_reader_stops),
        cmocka_unit_test(a_record_that_was_begun_is_finished_and_a_text_is_not),
        cmocka_unit_test(a_record_that_was_not_begun_is_left),
        cmocka_unit_test(decimals_are_rounded_and_zero_has_no_sign),
        cmocka_unit_test(every_verb_has_a_bit_of_its_own),
    };
    return cmocka_run_group_tests_name("output", tests, NULL, NULL);
}
