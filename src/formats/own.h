// SPDX-License-Identifier: MIT
// What the readers of this folder share to build a struct weights. Not for other folders.
#ifndef QUILL_FORMATS_OWN_H
#define QUILL_FORMATS_OWN_H

#include "base/arena.h"
#include "base/reader.h"
#include "weights.h"

enum { NAME_BYTES = 1 << 16 }; // longest key or tensor name

// gguf_metadata_value_type
enum {
    GGUF_U8,
    GGUF_I8,
    GGUF_U16,
    GGUF_I16,
    GGUF_U32,
    GGUF_I32,
    GGUF_F32,
    GGUF_BOOL,
    GGUF_STRING,
    GGUF_ARRAY,
    GGUF_U64,
    GGUF_I64,
    GGUF_F64,
    GGUF_TYPES
};

// Finds records by name. A record begins with its name: both struct meta and struct tensor do.
_Static_assert(offsetof(struct meta, key) == 0 && offsetof(struct tensor, name) == 0, "a record begins with its name");
struct name_table {
    uint32_t *slots; // [mask + 1], record + 1, or 0
    size_t mask;
    uint64_t seed;
};

struct weights_private {
    struct arena arena;
    struct map *maps; // [n_maps], in the arena
    size_t n_maps;
    struct weights **parts; // [n_parts] the other files of a split GGUF model, in the arena
    size_t n_parts;
    struct name_table meta_table, tensor_table;
    uint64_t config; // checksum of config.json
};

struct weights *weights_new(enum weights_format format, const char *path); // NULL: no memory

// Allocates n records of `size` bytes, which `what` names in messages. QUILL_E_MODEL if they, with the tables they will
// need, exceed the promised memory (file size + 16 MiB in all): a tiny file may hold 20,000 tensors, but not a million.
quill_status weights_reserve(struct weights *w, uint64_t n, size_t size, const char *what, uint64_t file_bytes,
                             void **out, quill_error *err);

// Build the tables. A duplicate name is refused.
quill_status weights_index_meta(struct weights *w, quill_error *err);
quill_status weights_index_tensors(struct weights *w, quill_error *err);

// Orders tensors by file and offset. Writers usually store them in this order.
void weights_sort_tensors(struct weights *w);

// `records` are structs of `stride` bytes that begin with their name; at most n are added.
bool name_table_init(struct name_table *table, struct arena *arena, size_t n); // false: no memory
// Adds record i unless its name is present; returns the index of the record with that name.
size_t name_table_add(struct name_table *table, const void *records, size_t stride, size_t i);
size_t name_table_find(const struct name_table *table, const void *records, size_t stride,
                       struct str name); // SIZE_MAX: not there

// Parses a GGUF value of the given type at the cursor; the caller has set out->key. depth: how many arrays it is in.
quill_status gguf_value(struct reader *r, uint32_t type, int depth, struct meta *out, const char *file,
                        quill_error *err);
bool gguf_fixed_size(uint32_t type, size_t *bytes); // size of a value; false: a string, an array, or not a type

// Opens one GGUF file without looking for others.
quill_status gguf_open_file(struct weights **out, const char *path, enum weights_want want, enum map_how how,
                            quill_error *err);
// Opens the other files of a model that is split into several, and adds their tensors; does nothing for other models.
quill_status gguf_open_parts(struct weights *w, enum weights_want want, enum map_how how, quill_error *err);
quill_status gguf_open(struct weights **out, const char *path, enum weights_want want, enum map_how how,
                       quill_error *err);
quill_status hf_open(struct weights **out, const char *path, enum weights_want want, enum map_how how,
                     quill_error *err);

#define PATH_OF(w) QUOTED(str_of((w)->path))

#endif
