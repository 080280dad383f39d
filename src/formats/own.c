// SPDX-License-Identifier: MIT
#include "own.h"

#include <inttypes.h>

#include "base/alloc.h"
#include "base/hash.h"

struct weights *weights_new(enum weights_format format, const char *path) {
    struct both {
        struct weights w;
        struct weights_private own;
    } *both = alloc_zeroed(1, sizeof *both);
    if (!both) return NULL;
    both->w.format = format;
    both->w.own = &both->own;
    both->w.path = arena_string(&both->own.arena, str_of(path));
    if (both->w.path) return &both->w;
    weights_close(&both->w);
    return NULL;
}

void weights_close(struct weights *w) {
    if (!w) return;
    for (size_t i = 0; i < w->own->n_parts; i++) weights_close(w->own->parts[i]);
    for (size_t i = 0; i < w->own->n_maps; i++) map_close(&w->own->maps[i]);
    struct tokenizer_files *f = &w->files;
    struct map *files[] = {&f->tokenizer_json,        &f->tokenizer_model,         &f->vocab_json,
                           &f->merges_txt,            &f->tokenizer_config_json,   &f->special_tokens_map_json,
                           &f->added_tokens_json,     &f->generation_config_json};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) map_close(files[i]);
    arena_free(&w->own->arena);
    free(w);
}

// ---- names ----------------------------------------------------------------------------------------------------------

static struct str record_name(const void *records, size_t stride, size_t i) {
    return *(const struct str *)(const void *)((const char *)records + i * stride);
}

// The slot that holds the name, or the empty slot where it belongs.
static uint32_t *find_slot(const struct name_table *table, const void *records, size_t stride, struct str name) {
    size_t at = (size_t)hash_bytes(name.p, name.n, table->seed) & table->mask;
    while (table->slots[at] && !str_equal(record_name(records, stride, table->slots[at] - 1), name))
        at = (at + 1) & table->mask;
    return &table->slots[at];
}

// Never more than two thirds full.
static size_t table_size(size_t n) {
    size_t size = 4;
    while (size < n + n / 2 + 1) size *= 2;
    return size;
}

bool name_table_init(struct name_table *table, struct arena *arena, size_t n) {
    size_t size = table_size(n);
    // The seed differs from run to run, so that no file can have names that all collide.
    *table = (struct name_table){arena_alloc(arena, size, sizeof *table->slots), size - 1, hash_mix((uintptr_t)arena)};
    if (!table->slots) return false;
    memset(table->slots, 0, size * sizeof *table->slots);
    return true;
}

size_t name_table_add(struct name_table *table, const void *records, size_t stride, size_t i) {
    uint32_t *slot = find_slot(table, records, stride, record_name(records, stride, i));
    if (*slot == 0) *slot = (uint32_t)i + 1;
    return *slot - 1;
}

size_t name_table_find(const struct name_table *table, const void *records, size_t stride, struct str name) {
    return table->slots ? (size_t)*find_slot(table, records, stride, name) - 1 : SIZE_MAX;
}

static quill_status index_records(struct weights *w, struct name_table *table, const void *records, size_t stride,
                                  size_t n, const char *what, quill_error *err) {
    if (!name_table_init(table, &w->own->arena, n)) return fail_memory(err);
    for (size_t i = 0; i < n; i++)
        if (name_table_add(table, records, stride, i) != i)
            return fail(err, QUILL_E_MODEL, "%s: %s '%s': expected once, found twice", PATH_OF(w), what,
                        QUOTED(record_name(records, stride, i)));
    return QUILL_OK;
}

quill_status weights_index_meta(struct weights *w, quill_error *err) {
    return index_records(w, &w->own->meta_table, w->meta, sizeof *w->meta, w->n_meta, "metadata", err);
}

quill_status weights_index_tensors(struct weights *w, quill_error *err) {
    return index_records(w, &w->own->tensor_table, w->tensors, sizeof *w->tensors, w->n_tensors, "tensor", err);
}

const struct tensor *weights_tensor(const struct weights *w, struct str name) {
    size_t i = name_table_find(&w->own->tensor_table, w->tensors, sizeof *w->tensors, name);
    return i == SIZE_MAX ? NULL : &w->tensors[i];
}

const struct meta *weights_meta(const struct weights *w, struct str key) {
    size_t i = name_table_find(&w->own->meta_table, w->meta, sizeof *w->meta, key);
    return i == SIZE_MAX ? NULL : &w->meta[i];
}

// ---- records --------------------------------------------------------------------------------------------------------

// The promise is file size + 16 MiB. The program itself takes a few MiB, and the file's pages count once they are
// touched. Records may take 14 MiB, since not all that is counted here is touched, and a large file is mostly data that
// a reader of its head never touches.
quill_status weights_reserve(struct weights *w, uint64_t n, size_t size, const char *what, uint64_t file_bytes,
                             void **out, quill_error *err) {
    enum { ROOM = 14 << 20, TABLE_BYTES = 12, SORT_BYTES = 16 };
    uint64_t room = ROOM + file_bytes / 64, used = w->own->arena.bytes;
    if (used > room || n > (room - used) / (size + TABLE_BYTES + SORT_BYTES))
        return fail(err, QUILL_E_MODEL, "%s: expected fewer %s in a file of %" PRIu64 " bytes, found %" PRIu64,
                    PATH_OF(w), what, file_bytes, n);
    *out = arena_alloc(&w->own->arena, (size_t)n, size);
    return *out ? QUILL_OK : fail_memory(err);
}

static int compare_tensors(const void *left, const void *right) {
    const struct tensor *a = left, *b = right;
    if (a->file != b->file) return a->file < b->file ? -1 : 1;
    if (a->offset != b->offset) return a->offset < b->offset ? -1 : 1;
    if (a->bytes != b->bytes) return a->bytes < b->bytes ? -1 : 1; // empty tensors come first
    return str_compare(a->name, b->name);
}

void weights_sort_tensors(struct weights *w) {
    for (size_t i = 1; i < w->n_tensors; i++)
        if (compare_tensors(&w->tensors[i - 1], &w->tensors[i]) > 0) {
            qsort(w->tensors, w->n_tensors, sizeof *w->tensors, compare_tensors);
            return;
        }
}
