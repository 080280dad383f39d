// SPDX-License-Identifier: MIT
// The tiny models of every family (tests/data/families), as directories and GGUF files, and their expected numbers.
#ifndef QUILL_TESTS_FAMILY_MODELS_H
#define QUILL_TESTS_FAMILY_MODELS_H

#include "test.h"

#include <dirent.h>
#include <unistd.h>

#include "expected.h"

#define FAMILIES TEST_DATA("families")

enum { MAX_PATHS = 1000, NAME_BYTES = 300 };

struct paths {
    char names[MAX_PATHS][NAME_BYTES]; // below FAMILIES, ascending
    size_t n;
};

static inline const char *path_of(const char *name) {
    static char path[512];
    snprintf(path, sizeof path, FAMILIES "/%s", name);
    return path;
}

static inline void add_name(struct paths *paths, const char *name) {
    assert_true(paths->n < MAX_PATHS);
    snprintf(paths->names[paths->n++], NAME_BYTES, "%s", name);
}

static inline int by_name(const void *a, const void *b) { return strcmp(a, b); }

// Every directory, and every GGUF file in one.
static inline struct paths *all_paths(void) {
    struct paths *paths = calloc(1, sizeof *paths);
    DIR *dir = opendir(FAMILIES);
    assert_non_null(dir);
    for (struct dirent *entry; (entry = readdir(dir));) {
        char gguf[NAME_BYTES];
        if (entry->d_name[0] == '.') continue;
        add_name(paths, entry->d_name);
        snprintf(gguf, sizeof gguf, "%.200s/model.gguf", entry->d_name);
        if (access(path_of(gguf), R_OK) == 0) add_name(paths, gguf);
    }
    closedir(dir);
    qsort(paths->names, paths->n, sizeof paths->names[0], by_name);
    assert_true(paths->n > 0);
    return paths;
}

static inline struct expected expected_of(const char *name) {
    char text[600], logits[600];
    const int folder = (int)strcspn(name, "/");
    snprintf(text, sizeof text, FAMILIES "/%.*s/expect.txt", folder, name);
    snprintf(logits, sizeof logits, FAMILIES "/%.*s/logits.f32", folder, name);
    return read_expected(text, logits);
}

// The prompt and its continuation but the last token.
static inline struct list whole_text(const struct expected *e) {
    struct list text = {malloc((e->prompt.n + e->greedy.n) * sizeof *text.ids), e->prompt.n + e->greedy.n - 1};
    memcpy(text.ids, e->prompt.ids, e->prompt.n * sizeof *text.ids);
    memcpy(text.ids + e->prompt.n, e->greedy.ids, (e->greedy.n - 1) * sizeof *text.ids);
    return text;
}

// Of the whole text, in calls of `chunk` tokens (0: one call); NULL, and a message, if quill refuses the model.
static inline float *logits_as(const char *path, bool wide, const struct expected *e, size_t chunk, int threads) {
    struct loaded l;
    quill_error err;
    if (try_load_as(&l, path, wide, &err)) {
        print_error("%s\n", err.text);
        return NULL;
    }
    struct list text = whole_text(e);
    const struct way way = {.kv = KV_F32, .threads = threads, .chunk = chunk};
    assert_int_equal(model_hparams(l.model)->n_vocab, e->n_vocab);
    float *logits = rig_logits(l.model, &way, text.ids, text.n);
    free(text.ids);
    unload(&l);
    return logits;
}

static inline float *logits_at(const char *path, const struct expected *e, size_t chunk, int threads) {
    return logits_as(path, false, e, chunk, threads);
}

static inline float *logits_of(const char *name, const struct expected *e, size_t chunk, int threads) {
    return logits_at(path_of(name), e, chunk, threads);
}

static inline bool same_bits(const struct expected *e, const float *a, const float *b) {
    return a && b && memcmp(a, b, (e->prompt.n + e->greedy.n - 1) * e->n_vocab * sizeof *a) == 0;
}

#endif
