// SPDX-License-Identifier: MIT
// GGUF files that are very large, cut, or damaged.
#include "gguf_bytes.h"

#include <dirent.h>
#include <malloc.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"

// ---- amounts --------------------------------------------------------------------------------------------------------

static struct buffer with_many(uint32_t n) {
    struct buffer b = {0};
    char name[64];
    put_header(&b, 3, n, n);
    for (uint32_t i = 0; i < n; i++) snprintf(name, sizeof name, "key.of.some.length.%u", i), put_u32(&b, name, i);
    for (uint32_t i = 0; i < n; i++) {
        snprintf(name, sizeof name, "model.layers.%u.weight", i * 7919 % n); // names in no order
        put_tensor(&b, name, 2, 4, 2, 0, 32 * (n - 1 - i));                  // data in reverse
    }
    put_data(&b, 32 * n);
    return b;
}

static void many_keys_and_tensors_cost_milliseconds(void **state) {
    (void)state;
    struct buffer b = with_many(20000);
    struct weights *w;
    quill_error err;
    double best = 1e9;
    for (int run = 0; run < 3; run++) {
        double start = clock_ms();
        assert_ok(weights_open_memory(&w, b.p, b.n, "test.gguf", WEIGHTS_ALL, &err), err);
        double took = clock_ms() - start;
        if (took < best) best = took;
        if (run < 2) weights_close(w);
    }
    print_message("20,000 keys and 20,000 tensors: %.1f ms\n", best);
    if (!getenv("TEST_EMULATED")) assert_true(best < 20000); // a list instead of a table takes minutes
    assert_int_equal(weights_meta(w, STR("key.of.some.length.19999"))->i, 19999);
    assert_int_equal(weights_tensor(w, STR("model.layers.7919.weight"))->offset, b.n - 64);
    weights_close(w);
    buffer_free(&b);
}

// More records than the memory promise has room for, in a file that holds them all.
static void too_many_records_for_the_file_are_refused(void **state) {
    (void)state;
    struct buffer b = {0};
    enum { N = 1 << 19 };
    put_header(&b, 3, 0, N);
    for (uint32_t i = 0; i < N; i++) put64(&b, 1), put(&b, "k", 1), put32(&b, U8), put(&b, "", 1);
    size_t before = mallinfo2().uordblks + mallinfo2().hblkhd;
    struct weights *w;
    quill_error err;
    assert_int_equal(weights_open_memory(&w, b.p, b.n, "test.gguf", WEIGHTS_ALL, &err), QUILL_E_MODEL);
    assert_non_null(strstr(err.text, "expected fewer metadata keys"));
    assert_true(mallinfo2().uordblks + mallinfo2().hblkhd <= before + (1 << 16));
    buffer_free(&b);
}

// ---- damage ---------------------------------------------------------------------------------------------------------

// Bytes of the file, all of which can be read.
static void look(struct str file, struct str part) {
    unsigned sum = 0;
    assert_true(part.n <= file.n && part.p >= file.p && part.p + part.n <= file.p + file.n);
    for (size_t i = 0; i < part.n; i++) sum += (unsigned char)part.p[i];
    assert_true(sum <= 255 * part.n);
}

// Opens and reads all there is.
static quill_status use(const char *p, size_t n) {
    struct weights *w;
    void *copy;
    quill_error err = {0};
    quill_status s = open_bytes(&w, &copy, p, n, &err);
    if (s) {
        bool fine = s == QUILL_E_MODEL && err.status == s && strncmp(err.text, "test.gguf: ", 11) == 0 &&
                    strstr(err.text, "expected ") && !strchr(err.text, '\n');
        if (!fine) print_error("status %d, '%s'\n", (int)s, err.text);
        assert_true(fine && !w);
    }
    const struct str file = {copy, n};
    for (size_t i = 0; w && i < w->n_tensors; i++)
        look(file, (struct str){(const char *)w->tensors[i].data, (size_t)w->tensors[i].bytes});
    for (size_t i = 0; w && i < w->n_meta; i++) {
        const struct meta *m = &w->meta[i];
        struct meta_walk walk = {.array = &m->a};
        struct meta e;
        uint64_t count = 0;
        look(file, m->key);
        if (m->kind == META_STRING) look(file, m->s);
        if (m->kind != META_ARRAY) continue;
        for (; meta_next(&walk, &e); count++)
            if (e.kind == META_STRING) look(file, e.s);
        assert_int_equal(count, m->a.n);
    }
    weights_close(w);
    free(copy);
    return s;
}

static void every_truncation_is_refused(void **state) {
    (void)state;
    struct buffer b = tiny();
    assert_int_equal(use(b.p, b.n), QUILL_OK);
    // "future" has no known extent and the last 8 bytes are after the last tensor that has one.
    for (size_t n = 0; n < b.n - 8; n++) assert_int_equal(use(b.p, n), QUILL_E_MODEL);
    for (size_t n = b.n - 8; n < b.n; n++) use(b.p, n);
    buffer_free(&b);
}

static void every_flipped_bit_is_survived(void **state) {
    (void)state;
    struct buffer b = tiny();
    size_t fine = 0;
    for (size_t bit = 0; bit < 8 * b.n; bit++) {
        b.p[bit / 8] = (char)(b.p[bit / 8] ^ (1 << bit % 8));
        fine += use(b.p, b.n) == QUILL_OK;
        b.p[bit / 8] = (char)(b.p[bit / 8] ^ (1 << bit % 8));
    }
    // What may change: numbers, bytes of keys, names and texts, and what lies in the data.
    print_message("%zu of %zu flips leave a valid file\n", fine, 8 * b.n);
    assert_true(fine > 8 * 160 && 8 * b.n - fine > 8 * b.n / 2);
    buffer_free(&b);
}

static void bytes_at_random_are_survived(void **state) {
    (void)state;
    const int rounds = 20000 / test_share();
    uint64_t seed = 1;
    int fine = 0;
    for (int round = 0; round < rounds; round++) {
        struct buffer b = tiny();
        for (int i = 0; i < 4; i++) {
            uint64_t r = test_random(&seed);
            static const unsigned char values[] = {0, 1, 8, 9, 13, 0x7f, 0x80, 0xff};
            b.p[8 + r % (b.n - 8)] = (char)values[r >> 40 & 7];
        }
        fine += use(b.p, b.n) == QUILL_OK;
        buffer_free(&b);
    }
    print_message("%d of %d files are valid\n", fine, rounds);
    assert_true(fine > 0 && rounds - fine > rounds / 2);
}

// ---- files ----------------------------------------------------------------------------------------------------------

static void files_are_opened_by_path(void **state) {
    (void)state;
    char path[] = "/tmp/quill-test-XXXXXX";
    int fd = mkstemp(path);
    struct buffer b = tiny();
    assert_true(fd >= 0 && write(fd, b.p, b.n) == (ssize_t)b.n);
    close(fd);
    quill_error err;
    struct weights *w;
    for (enum map_how how = MAP_FILE; how <= MAP_READ; how++) {
        assert_ok(weights_open(&w, path, WEIGHTS_ALL, how, &err), err);
        assert_true(w->format == WEIGHTS_GGUF && str_is(str_of(w->path), path) && w->file_bytes == b.n);
        assert_int_equal(weights_tensor(w, STR("blocks"))->data[0], 32);
        weights_close(w);
    }
    assert_int_equal(truncate(path, 100), 0);
    assert_int_equal(weights_open(&w, path, WEIGHTS_ALL, MAP_FILE, &err), QUILL_E_MODEL);
    assert_non_null(strstr(err.text, path));
    assert_null(w);
    unlink(path);
    assert_int_equal(weights_open(&w, path, WEIGHTS_ALL, MAP_FILE, &err), QUILL_E_MODEL);
    assert_non_null(strstr(err.text, "cannot open: No such file or directory"));
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_int_equal(weights_open(&w, path, WEIGHTS_ALL, MAP_FILE, &err), QUILL_E_MODEL);
    assert_non_null(strstr(err.text, "expected a regular file"));
    unlink(path);
    buffer_free(&b);
}

static void every_vocabulary_of_the_test_data_opens(void **state) {
    (void)state;
    const char *data = shared_data();
    if (!data) skip();
    char path[4096];
    snprintf(path, sizeof path, "%s/tokenizers", data);
    DIR *dir = opendir(path);
    assert_non_null(dir);
    int n = 0;
    for (struct dirent *entry; (entry = readdir(dir));) {
        size_t length = strlen(entry->d_name);
        if (length < 5 || strcmp(entry->d_name + length - 5, ".gguf") != 0) continue;
        snprintf(path, sizeof path, "%s/tokenizers/%s", data, entry->d_name);
        struct weights *w;
        quill_error err;
        assert_ok(weights_open(&w, path, WEIGHTS_ALL, MAP_FILE, &err), err);
        const struct meta_array *tokens = &get(w, "tokenizer.ggml.tokens", META_ARRAY)->a;
        struct meta_walk walk = {.array = tokens};
        struct meta e;
        uint64_t count = 0;
        while (meta_next(&walk, &e)) count += e.kind == META_STRING;
        assert_true(count == tokens->n && count > 1000);
        weights_close(w);
        n++;
    }
    closedir(dir);
    assert_true(n > 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(many_keys_and_tensors_cost_milliseconds),
        cmocka_unit_test(too_many_records_for_the_file_are_refused),
        cmocka_unit_test(every_truncation_is_refused),
        cmocka_unit_test(every_flipped_bit_is_survived),
        cmocka_unit_test(bytes_at_random_are_survived),
        cmocka_unit_test(files_are_opened_by_path),
        cmocka_unit_test(every_vocabulary_of_the_test_data_opens),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
