// SPDX-License-Identifier: MIT
// Writes GGUF version 3: metadata first, then tensors, whose data a callback provides one by one. The file appears
// whole or not at all (base/save.h).
#ifndef QUILL_FORMATS_GGUF_WRITE_H
#define QUILL_FORMATS_GGUF_WRITE_H

#include "base/buffer.h"
#include "base/error.h"
#include "base/save.h"
#include "base/str.h"
#include "weights.h"

struct gguf_writer; // collects metadata and the tensor table in memory

struct gguf_writer *gguf_writer_new(void); // NULL: no memory
void gguf_writer_free(struct gguf_writer *g);

// Each returns false if memory is short. The first failure sticks, and gguf_writer_save reports it.
bool gguf_put_u32(struct gguf_writer *g, const char *key, uint32_t value);
bool gguf_put_f32(struct gguf_writer *g, const char *key, float value);
bool gguf_put_bool(struct gguf_writer *g, const char *key, bool value);
bool gguf_put_string(struct gguf_writer *g, const char *key, struct str value);
bool gguf_put_strings(struct gguf_writer *g, const char *key, const struct str *values, size_t n);
bool gguf_put_bools(struct gguf_writer *g, const char *key, const bool *values, size_t n);
bool gguf_put_i32s(struct gguf_writer *g, const char *key, const int32_t *values, size_t n);
bool gguf_put_f32s(struct gguf_writer *g, const char *key, const float *values, size_t n);
// Copies a value of another GGUF file unchanged.
bool gguf_put_meta(struct gguf_writer *g, const struct meta *meta);

// Adds to *out a whole GGUF file of what was put so far, without tensors. False: no memory.
bool gguf_writer_keys(const struct gguf_writer *g, struct buffer *out);

// Declares the next tensor. gguf_writer_save requests the data in the order of declaration.
bool gguf_put_tensor(struct gguf_writer *g, struct str name, enum dtype type, const uint64_t *shape, int n_dims);

// Fills out with the next rows (innermost dimension) of tensor `index`. It is called with ascending pieces of whole
// rows, of at most a few MiB unless one row is larger.
typedef quill_status gguf_fill_fn(void *user, size_t index, uint64_t first_row, uint64_t n_rows, uint8_t *out,
                                  quill_error *err);
// Sets who is told of the temporary file.
void gguf_writer_watch(struct gguf_writer *g, struct save_watch watch);
quill_status gguf_writer_save(struct gguf_writer *g, const char *path, gguf_fill_fn *fill, void *user,
                              quill_error *err);

#endif
