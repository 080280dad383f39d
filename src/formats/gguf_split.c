// SPDX-License-Identifier: MIT
// Models split into several GGUF files, as llama.cpp's gguf-split makes them: NAME-00001-of-0000N.gguf holds the
// metadata (split.count files, split.tensors.count tensors in all), and every file holds its own number (split.no, from
// 0) and its tensors.
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "own.h"

enum { MAX_SPLIT = 99999, SUFFIX_BYTES = sizeof "-00001-of-00001.gguf" - 1 };

struct suffix {
    char text[64];
};

static const char *suffix_of(struct suffix *out, int64_t number, int64_t count) {
    snprintf(out->text, sizeof out->text, "-%05" PRId64 "-of-%05" PRId64 ".gguf", number, count);
    return out->text;
}

static quill_status check_key(const struct weights *w, const char *key, int64_t expected, quill_error *err) {
    int64_t value = 0;
    bool found;
    quill_status s = meta_int(w, key, 0, INT64_MAX, &value, &found, err);
    if (s || (found && value == expected)) return s;
    if (!found) return fail(err, QUILL_E_MODEL, "%s: metadata '%s': expected it, found none", PATH_OF(w), key);
    return fail(err, QUILL_E_MODEL, "%s: metadata '%s': expected %" PRId64 ", found %" PRId64, PATH_OF(w), key,
                expected, value);
}

// Checks the first file's name, from which all other names follow.
static quill_status check_name(const struct weights *w, int64_t count, quill_error *err) {
    struct suffix suffix;
    struct str path = str_of(w->path), end = str_of(suffix_of(&suffix, 1, count));
    if (path.n > end.n && memcmp(path.p + path.n - end.n, end.p, end.n) == 0) return QUILL_OK;
    return fail(err, QUILL_E_MODEL, "%s: expected the name of the first of %" PRId64 " files, ending in '%s'",
                PATH_OF(w), count, end.p);
}

static quill_status open_part(struct weights *w, int64_t number, int64_t count, enum map_how how, quill_error *err) {
    struct suffix suffix;
    const size_t stem = strlen(w->path) - SUFFIX_BYTES;
    char *path = arena_alloc(&w->own->arena, stem + sizeof suffix.text, 1);
    if (!path) return fail_memory(err);
    memcpy(path, w->path, stem);
    memcpy(path + stem, suffix_of(&suffix, number + 1, count), sizeof suffix.text);
    struct weights *part;
    quill_status s = gguf_open_file(&part, path, WEIGHTS_ALL, how, err);
    if (s) return s;
    w->own->parts[w->own->n_parts++] = part;
    s = check_key(part, "split.no", number, err);
    return s ? s : check_key(part, "split.count", count, err);
}

// Appends the tensors of all parts to those of the first file.
static quill_status join(struct weights *w, quill_error *err) {
    uint64_t n = w->n_tensors;
    for (size_t i = 0; i < w->own->n_parts; i++) {
        n += w->own->parts[i]->n_tensors;
        w->file_bytes += w->own->parts[i]->file_bytes;
    }
    void *all;
    quill_status s = weights_reserve(w, n, sizeof *w->tensors, "tensors", w->file_bytes, &all, err);
    if (s) return s;
    struct tensor *tensors = all;
    if (w->n_tensors) memcpy(tensors, w->tensors, w->n_tensors * sizeof *tensors);
    w->tensors = tensors;
    for (size_t i = 0; i < w->own->n_parts; i++)
        for (size_t k = 0; k < w->own->parts[i]->n_tensors; k++) {
            struct tensor *t = &tensors[w->n_tensors++];
            *t = w->own->parts[i]->tensors[k];
            t->file = (uint32_t)i + 1;
        }
    return weights_index_tensors(w, err);
}

quill_status gguf_open_parts(struct weights *w, enum weights_want want, enum map_how how, quill_error *err) {
    int64_t count = 1, n_tensors = 0;
    bool found;
    quill_status s = meta_int(w, "split.count", 0, MAX_SPLIT, &count, &found, err);
    if (s || count <= 1) return s;
    s = check_key(w, "split.no", 0, err);
    if (!s) s = check_name(w, count, err);
    if (s || !weights_want_tensors(want)) return s;
    w->own->parts = arena_alloc(&w->own->arena, (size_t)count, sizeof(struct weights *));
    if (!w->own->parts) return fail_memory(err);
    for (int64_t i = 1; i < count && !s; i++) s = open_part(w, i, count, how, err);
    if (!s) s = join(w, err);
    if (!s) s = meta_int(w, "split.tensors.count", 0, INT64_MAX, &n_tensors, &found, err);
    if (!s && found && n_tensors != (int64_t)w->n_tensors)
        s = fail(err, QUILL_E_MODEL, "%s: metadata 'split.tensors.count': expected %zu, which the files hold, found %"
                 PRId64, PATH_OF(w), w->n_tensors, n_tensors);
    return s;
}
