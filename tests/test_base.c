// SPDX-License-Identifier: MIT
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <math.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/arena.h"
#include "base/buffer.h"
#include "base/checked.h"
#include "base/destination.h"
#include "base/dmath.h"
#include "base/error.h"
#include "base/fma.h"
#include "base/hash.h"
#include "base/map.h"
#include "base/nearest.h"
#include "base/reader.h"
#include "base/rng.h"
#include "base/save.h"
#include "base/utf8.h"

static void checked_arithmetic_reports_overflow(void **state) {
    (void)state;
    uint64_t x;
    assert_true(checked_mul(&x, 1u << 31, 1u << 31));
    assert_false(checked_mul(&x, UINT64_MAX, 2));
    assert_false(checked_add(&x, UINT64_MAX, 1));
    assert_true(checked_round_up(&x, 33, 32) && x == 64);
    assert_true(checked_round_up(&x, 64, 32) && x == 64);
    assert_false(checked_round_up(&x, UINT64_MAX - 3, 32));
}

static void alloc_refuses_sizes_that_overflow(void **state) {
    (void)state;
    assert_null(alloc_array(SIZE_MAX / 2, 3));
    assert_null(alloc_aligned(64, SIZE_MAX / 2, 3));
    void *p = alloc_array(0, 8);
    assert_non_null(p);
    free(p);
}

static void arena_keeps_what_it_gave(void **state) {
    (void)state;
    struct arena arena = {0};
    char *first = arena_string(&arena, STR("first"));
    for (size_t i = 0; i < 1000; i++) assert_non_null(arena_alloc(&arena, 300, 1));
    assert_non_null(arena_alloc(&arena, 1 << 20, 1));
    assert_string_equal(first, "first");
    assert_null(arena_alloc(&arena, SIZE_MAX, 2));
    arena_free(&arena);
}

static void reader_failure_is_sticky(void **state) {
    (void)state;
    const uint8_t bytes[] = {1, 2, 3, 4, 5};
    struct reader r = reader_over(bytes, sizeof bytes);
    assert_int_equal(reader_u32le(&r), 0x04030201);
    assert_int_equal(reader_u32le(&r), 0);
    assert_true(r.failed);
    assert_int_equal(reader_u32le(&r), 0);
    assert_int_equal(reader_offset(&r), 4);
}

static void reader_string_respects_its_limit(void **state) {
    (void)state;
    const uint8_t bytes[] = {3, 0, 0, 0, 0, 0, 0, 0, 'a', 'b', 'c'};
    struct reader r = reader_over(bytes, sizeof bytes);
    assert_true(str_is(reader_string64(&r, 3), "abc"));
    r = reader_over(bytes, sizeof bytes);
    reader_string64(&r, 2);
    assert_true(r.failed);
    r = reader_over(bytes, sizeof bytes - 1);
    reader_string64(&r, 100);
    assert_true(r.failed);
}

static void utf8_agrees_with_the_unicode_table(void **state) {
    (void)state;
    uint32_t code;
    assert_int_equal(utf8_step("a", 1, &code), 1);
    assert_int_equal(utf8_step("\xc3\xa9", 2, &code), 2);
    assert_int_equal(code, 0xe9);
    assert_int_equal(utf8_step("\xf4\x8f\xbf\xbf", 4, &code), 4);
    assert_int_equal(code, 0x10ffff);
    assert_int_equal(utf8_step("\xf4\x90\x80\x80", 4, &code), -1); // above U+10FFFF
    assert_int_equal(utf8_step("\xed\xa0\x80", 3, &code), -1);     // a surrogate
    assert_int_equal(utf8_step("\xc0\x80", 2, &code), -1);         // overlong
    assert_int_equal(utf8_step("\xe2\x82z", 3, &code), -2);
    assert_int_equal(utf8_step("\xf0\x9f\x98", 3, &code), -3);
    assert_int_equal(utf8_unfinished_tail("ab\xf0\x9f\x98", 5), 3);
    assert_int_equal(utf8_unfinished_tail("ab\xf0\x80", 4), 0);
    assert_int_equal(utf8_unfinished_tail("ab", 2), 0);
    assert_true(utf8_is_beginning("\xe2\x82", 2));
    assert_false(utf8_is_beginning("\xe2\x82\xac", 3));
    for (uint32_t c = 0; c <= 0x10ffff; c += c < 0x3000 ? 1 : 37) {
        if (c >= 0xd800 && c < 0xe000) continue;
        char text[4];
        int n = utf8_write(text, c);
        assert_int_equal(utf8_step(text, (size_t)n, &code), n);
        assert_int_equal(code, c);
    }
}

static void quoted_text_is_printable_and_short(void **state) {
    (void)state;
    assert_string_equal(QUOTED(STR("plain \xc3\xa9")), "plain \xc3\xa9");
    assert_string_equal(QUOTED(STR("\x1b[31m")), "\\x1b[31m");
    assert_string_equal(QUOTED(STR("\xff\xc2\x85")), "\\xff\\xc2\\x85");
    assert_string_equal(QUOTED(STR("a\xe2\x80\xae")), "a\\xe2\\x80\\xae"); // right-to-left override
    assert_string_equal(QUOTED(STR("\xd8\x9c\xd8\x9d")), "\\xd8\\x9c\xd8\x9d"); // Arabic letter mark; a letter
    assert_string_equal(QUOTED(STR("\xe2\x80\xa8\xe2\x80\xa9")), "\\xe2\\x80\\xa8\\xe2\\x80\\xa9"); // line separators
    char longer[500];
    memset(longer, '\n', sizeof longer);
    const char *q = QUOTED(((struct str){longer, sizeof longer}));
    assert_true(strlen(q) <= 95);
    assert_string_equal(q + strlen(q) - 3, "...");
}

// Against fma() in double with more bits than the exact product and sum need, rounded once by the C library.
// Of these names the nearest to `typed`, or "".
static const char *nearest_name(struct str typed) {
    static const char *const names[] = {"llama", "gemma", "gemma2", "gpt2", "gpt_neox", "mpt"};
    struct nearest search = {.typed = typed};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) nearest_offer(&search, str_of(names[i]));
    return search.best.p ? search.best.p : "";
}

static void the_nearest_name_is_found(void **state) {
    (void)state;
    assert_string_equal(nearest_name(STR("lama")), "llama");       // one missing
    assert_string_equal(nearest_name(STR("lalma")), "llama");      // two swapped
    assert_string_equal(nearest_name(STR("gtp2")), "gpt2");
    assert_string_equal(nearest_name(STR("gptneox")), "gpt_neox");
    assert_string_equal(nearest_name(STR("gem")), "gemma");        // a beginning; of equal ones the first
    assert_string_equal(nearest_name(STR("gemma3")), "gemma");
    assert_string_equal(nearest_name(STR("mp")), "mpt");
    assert_string_equal(nearest_name(STR("bert")), "");
    assert_string_equal(nearest_name(STR("")), "");
    assert_string_equal(nearest_name((struct str){NULL, 0}), "");
    assert_string_equal(nearest_name(STR("llama\0")), "llama");    // a NUL is a byte like others
    char forty[41];
    memset(forty, 'm', sizeof forty);
    assert_string_equal(nearest_name((struct str){forty, sizeof forty}), ""); // too long for a name
}

static void exact_fma_rounds_once(void **state) {
    (void)state;
    uint64_t seed = 1;
    for (int i = 0; i < 2000000 / test_share(); i++) {
        uint64_t r = test_random(&seed), r2 = test_random(&seed);
        float a = f32_from_bits((uint32_t)r), b = f32_from_bits((uint32_t)(r >> 32)), c = f32_from_bits((uint32_t)r2);
        if (i & 1) { // exponents close together, where cancellation and ties occur
            a = f32_from_bits(((uint32_t)r & 0x807fffff) | 0x3f000000);
            b = f32_from_bits(((uint32_t)(r >> 32) & 0x807fffff) | 0x3f800000);
            c = f32_from_bits(((uint32_t)r2 & 0x83ffffff) | 0x3c000000);
        }
        float expected = fmaf(a, b, c), got = q_fma_exact(a, b, c);
        if (isnan(expected)) assert_true(isnan(got));
        else assert_int_equal(f32_bits(expected), f32_bits(got));
    }
}

static void exp_and_log_meet_their_bounds(void **state) {
    (void)state;
    uint64_t seed = 2;
    for (int i = 0; i < 300000; i++) {
        double x = ((double)(test_random(&seed) >> 11) * 0x1p-53 - 0.5) * 1400;
        long double e = expl((long double)x);
        assert_true(fabsl(((long double)d_exp(x) - e) / e) < 0x1p-50L || e < 1e-307L);
        double y = f64_from_bits((test_random(&seed) & 0x7fffffffffffffffu) % 0x7ff0000000000000u);
        long double l = logl((long double)y);
        if (y > 0) assert_true(fabsl((long double)d_log(y) - l) < 0x1p-50L * fmaxl(1, fabsl(l)));
        double z = 1 + ((double)(test_random(&seed) >> 11) * 0x1p-53 - 0.5) * 1e-3;
        assert_true(fabsl((long double)d_log(z) - logl((long double)z)) < 0x1p-50L);
        double w = ((double)(test_random(&seed) >> 11) * 0x1p-53 - 0.5) * 0x1p21;
        assert_true(fabsl((long double)d_sin(w) - sinl((long double)w)) < 0x1p-48L);
        assert_true(fabsl((long double)d_cos(w) - cosl((long double)w)) < 0x1p-48L);
    }
    assert_true(d_exp(0) == 1 && d_exp(-1e300) == 0 && isinf(d_exp(1e300)) && isnan(d_exp((double)NAN)));
    assert_true(d_log(1) == 0 && isinf(d_log(0)) && isnan(d_log(-1)) && isinf(d_log((double)INFINITY)));
}

static void a_row_of_exps_is_each_of_them(void **state) {
    (void)state;
    uint64_t seed = 3;
    double x[64], row[64];
    for (int round = 0; round < 2000; round++) {
        double width = round & 1 ? 1500 : 30;
        for (int i = 0; i < 64; i++) x[i] = 709 - (double)(test_random(&seed) >> 11) * 0x1p-53 * width;
        d_exp_row(row, x, 64);
        for (int i = 0; i < 64; i++) assert_true(f64_bits(row[i]) == (x[i] > -708 ? f64_bits(d_exp(x[i])) : 0));
    }
}

static void a_median_is_in_the_middle(void **state) {
    (void)state;
    static const struct {
        double values[6];
        size_t n;
        double median;
    } cases[] = {
        {{7}, 1, 7}, {{7, 2}, 2, 4.5}, {{3, 1, 2}, 3, 2}, {{9, 1, 5, 2}, 4, 3.5}, {{-4, 1, -2, 8}, 4, -0.5},
        {{5, 4, 3, 2, 1, 100}, 6, 3.5}, {{1, 1, 1, 2}, 4, 1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        double values[6];
        memcpy(values, cases[i].values, sizeof values);
        assert_true(d_median(values, cases[i].n) == cases[i].median);
    }
    assert_true(isnan(d_median(NULL, 0)));
}

static void hash_and_rng_are_fixed_functions(void **state) {
    (void)state;
    // Goldens: the same numbers on every machine is the promise.
    assert_int_equal(hash_bytes("", 0, 0), hash_bytes(NULL, 0, 0));
    assert_true(hash_bytes("abc", 3, 0) != hash_bytes("abd", 3, 0));
    assert_true(hash_bytes("a\0", 2, 0) != hash_bytes("a", 1, 0));
    double sum = 0;
    for (uint64_t i = 0; i < 100000; i++) {
        double u = rng_unit(&(struct rng_key){.seed = 1, .position = i});
        assert_true(u >= 0 && u < 1);
        sum += u;
    }
    assert_true(fabs(sum / 100000 - 0.5) < 0.005);
    struct rng_key a = {.seed = 5, .prompt = 6, .sample = 1, .position = 9}, b = a;
    b.rejected = 1;
    assert_true(rng_u64(&a) != rng_u64(&b));
    b = a, b.sample = 0;
    assert_true(rng_u64(&a) != rng_u64(&b));
}

static void buffer_grows(void **state) {
    (void)state;
    struct buffer b = {0};
    for (int i = 0; i < 1000; i++) assert_true(buffer_add(&b, "xyz", 3));
    assert_true(b.n == 3000 && str_is((struct str){b.p + 2998, 2}, "yz"));
    assert_false(buffer_reserve(&b, SIZE_MAX));
    buffer_free(&b);
}

static void map_refuses_what_is_no_file(void **state) {
    (void)state;
    quill_error err;
    struct map map;
    assert_int_equal(map_open(&map, "/nonexistent", MAP_FILE, QUILL_E_MODEL, &err), QUILL_E_MODEL);
    assert_non_null(strstr(err.text, "/nonexistent"));
    assert_int_equal(map_open(&map, "tests", MAP_FILE, QUILL_E_MODEL, &err), QUILL_E_MODEL);
    assert_non_null(strstr(err.text, "a directory"));
    char path[] = "/tmp/quill-test-fifo-XXXXXX";
    assert_non_null(mkdtemp(path));
    char fifo[64];
    snprintf(fifo, sizeof fifo, "%s/f", path);
    assert_int_equal(mkfifo(fifo, 0600), 0);
    assert_int_equal(map_open(&map, fifo, MAP_FILE, QUILL_E_MODEL, &err), QUILL_E_MODEL);
    unlink(fifo);
    rmdir(path);
}

// ---- reads that do not go well (the linker leads every read of this program here) ----

ssize_t __real_read(int fd, void *out, size_t n);
ssize_t __wrap_read(int fd, void *out, size_t n);

// What the calls of read give, one after the other: at most so many bytes, or -errno; behind the last one as it is.
static long read_plan[4];
static size_t n_reads, n_planned;

ssize_t __wrap_read(int fd, void *out, size_t n) {
    long planned = n_reads < n_planned ? read_plan[n_reads] : (long)n;
    n_reads++;
    if (planned < 0) {
        errno = (int)-planned;
        return -1;
    }
    return __real_read(fd, out, (size_t)planned < n ? (size_t)planned : n);
}

#define PLAN_READS(...)                                                                                        \
    do {                                                                                                       \
        const long plan[] = {__VA_ARGS__};                                                                     \
        memcpy(read_plan, plan, sizeof plan);                                                                  \
        n_planned = sizeof plan / sizeof *plan;                                                                \
        n_reads = 0;                                                                                           \
    } while (0)

static size_t memory_in_use(void) {
    struct mallinfo2 info = mallinfo2();
    return info.uordblks + info.hblkhd;
}

static void files_are_read_whole_or_refused(void **state) {
    (void)state;
    enum { SIZE = 1 << 20 };
    quill_error err;
    struct map map;
    char path[] = "/tmp/quill-test-XXXXXX", words[128];
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    for (int i = 0; i < SIZE / 4096; i++) {
        char page[4096];
        memset(page, i, sizeof page);
        assert_int_equal(write(fd, page, sizeof page), sizeof page);
    }
    assert_int_equal(close(fd), 0);
    assert_int_equal(map_open(&map, "/nonexistent", MAP_READ, QUILL_E_MODEL, &err), QUILL_E_MODEL); // warms up
    const size_t before = memory_in_use();

    PLAN_READS(7, -EINTR, 4096, 1); // what comes in pieces is the whole file
    assert_ok(map_open(&map, path, MAP_READ, QUILL_E_MODEL, &err), err);
    assert_true(map.size == SIZE && n_reads == 5);
    for (size_t i = 0; i < SIZE; i++) assert_int_equal(map.data[i], i / 4096 % 256);
    map_close(&map);
    assert_int_equal(memory_in_use(), before);

    PLAN_READS(4096, 0); // cut behind its first page
    assert_int_equal(map_open(&map, path, MAP_READ, QUILL_E_MODEL, &err), QUILL_E_MODEL);
    snprintf(words, sizeof words, "%s: the file shrank while it was read", path);
    assert_string_equal(err.text, words);
    assert_true(!map.data && !map.size && n_reads == 2);
    map_close(&map); // of what was not opened: nothing
    assert_int_equal(memory_in_use(), before);

    PLAN_READS(4096, -EIO);
    assert_int_equal(map_open(&map, path, MAP_READ, QUILL_E_SYSTEM, &err), QUILL_E_SYSTEM);
    snprintf(words, sizeof words, "%s: cannot read: Input/output error", path);
    assert_string_equal(err.text, words);
    assert_true(!map.data && n_reads == 2);
    assert_int_equal(memory_in_use(), before);

    char head[8];
    size_t n = sizeof head;
    PLAN_READS(-EIO);
    assert_int_equal(map_head(head, &n, path, QUILL_E_MODEL, &err), QUILL_E_MODEL);
    assert_string_equal(err.text + strlen(path), ": cannot read: Input/output error");
    n_planned = 0;
    unlink(path);
}

static void saved_file_replaces_the_old_one_whole(void **state) {
    (void)state;
    quill_error err;
    char dir[] = "/tmp/quill-test-save-XXXXXX", path[64];
    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/out", dir);
    for (enum map_how how = MAP_FILE; how <= MAP_READ; how++) {
        struct save save;
        assert_ok(save_begin(&save, path, (struct save_watch){0}, &err), err);
        char block[1000];
        memset(block, 'a' + (int)how, sizeof block);
        for (int i = 0; i < 200; i++) assert_ok(save_write(&save, block, sizeof block, &err), err);
        assert_ok(save_commit(&save, &err), err);
        struct map map;
        assert_ok(map_open(&map, path, how, QUILL_E_MODEL, &err), err);
        assert_int_equal(map.size, 200000);
        assert_int_equal(map.data[199999], 'a' + (int)how);
        map_close(&map);
    }
    struct save save; // an aborted save leaves the old file and nothing else
    assert_ok(save_begin(&save, path, (struct save_watch){0}, &err), err);
    save_abort(&save);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(rmdir(dir), 0);
    assert_int_equal(save_begin(&save, "/nonexistent/dir/file", (struct save_watch){0}, &err), QUILL_E_SYSTEM);
}

static void expect_destination(const char *path, enum destination_kind kind, int fd, const char *target) {
    struct destination to;
    quill_error err;
    assert_ok(destination_find(&to, path, &err), err);
    assert_int_equal(to.kind, kind);
    if (kind == DESTINATION_DESCRIPTOR) assert_int_equal(to.fd, fd);
    if (target) assert_string_equal(to.path, target);
    free(to.path);
}

static void a_path_leads_to_a_file_a_device_or_a_descriptor(void **state) {
    (void)state;
    char dir[] = "/tmp/quill-test-to-XXXXXX", name[64];
    quill_error err;
    struct destination to;
    assert_non_null(mkdtemp(dir));
    const int before = open(".", O_RDONLY | O_DIRECTORY);
    assert_int_equal(chdir(dir), 0);
    const int written = open("file", O_WRONLY | O_CREAT, 0640), only_read = open("file", O_RDONLY);
    assert_int_equal(symlink("/dev/stderr", "to_stderr") | symlink("to_stderr", "twice") | symlink("new", "dangling") |
                         symlink("loop", "loop") | symlink("file", "link") | mkdir("folder", 0777),
                     0);
    expect_destination("new", DESTINATION_REPLACED, -1, "new");
    expect_destination("dangling", DESTINATION_REPLACED, -1, "new"); // where the link leads
    snprintf(name, sizeof name, "%s/file", dir);
    expect_destination("link", DESTINATION_REPLACED, -1, name);
    expect_destination("/dev/null", DESTINATION_IN_PLACE, -1, NULL);
    expect_destination("/dev/stderr", DESTINATION_DESCRIPTOR, 2, NULL);
    expect_destination("twice", DESTINATION_DESCRIPTOR, 2, NULL);
    snprintf(name, sizeof name, "/dev/fd/%d", written);
    expect_destination(name, DESTINATION_DESCRIPTOR, written, NULL);
    snprintf(name, sizeof name, "/dev/fd/%d", only_read);
    assert_int_equal(destination_find(&to, name, &err), QUILL_E_SYSTEM);
    assert_int_equal(destination_find(&to, "/dev/fd/999999999", &err), QUILL_E_SYSTEM);
    assert_int_equal(destination_find(&to, "folder", &err), QUILL_E_SYSTEM);
    assert_int_equal(destination_find(&to, "loop", &err), QUILL_E_SYSTEM);
    assert_int_equal(destination_find(&to, "", &err), QUILL_E_USAGE);
    assert_true(destination_same("new", "./new") && destination_same("folder/a", "folder//a"));
    assert_false(destination_same("new", "folder/new") || destination_same("new", "now") ||
                 destination_same("none/a", "none/a")); // where there is no folder nothing can be said
    close(written), close(only_read);
    static const char *const names[] = {"file", "to_stderr", "twice", "dangling", "loop", "link"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) assert_int_equal(unlink(names[i]), 0);
    assert_int_equal(rmdir("folder") | fchdir(before) | rmdir(dir), 0);
    close(before);
}

static void a_system_error_is_put_into_words(void **state) {
    (void)state;
    quill_error err;
    assert_int_equal(fail_errno(&err, QUILL_E_SYSTEM, "a\nb", "open", ENOENT), QUILL_E_SYSTEM);
    assert_string_equal(err.text, "a\\x0ab: cannot open: No such file or directory");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_system_error_is_put_into_words),
        cmocka_unit_test(checked_arithmetic_reports_overflow),
        cmocka_unit_test(alloc_refuses_sizes_that_overflow),
        cmocka_unit_test(arena_keeps_what_it_gave),
        cmocka_unit_test(reader_failure_is_sticky),
        cmocka_unit_test(reader_string_respects_its_limit),
        cmocka_unit_test(utf8_agrees_with_the_unicode_table),
        cmocka_unit_test(quoted_text_is_printable_and_short),
        cmocka_unit_test(the_nearest_name_is_found),
        cmocka_unit_test(exact_fma_rounds_once),
        cmocka_unit_test(exp_and_log_meet_their_bounds),
        cmocka_unit_test(a_row_of_exps_is_each_of_them),
        cmocka_unit_test(a_median_is_in_the_middle),
        cmocka_unit_test(hash_and_rng_are_fixed_functions),
        cmocka_unit_test(buffer_grows),
        cmocka_unit_test(map_refuses_what_is_no_file),
        cmocka_unit_test(files_are_read_whole_or_refused),
        cmocka_unit_test(saved_file_replaces_the_old_one_whole),
        cmocka_unit_test(a_path_leads_to_a_file_a_device_or_a_descriptor),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
