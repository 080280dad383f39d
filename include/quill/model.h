// SPDX-License-Identifier: MIT
// A model: weights, hyper-parameters and tokenizer of one GGUF file or one Hugging Face directory, mapped read-only.
//
// A model is immutable after it was opened and may be shared by any number of threads, each with a session of its own.
#ifndef QUILL_MODEL_H
#define QUILL_MODEL_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "error.h"
#include "tokenizer.h"

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

typedef struct quill_model quill_model;

typedef struct quill_model_options {
    const char *cpu; // "ref" "sse4" "avx2" "avxvnni" "avx512" "avx512vnni" "amx" "neon" "neondot": the best kernels not
                     // above the one named; NULL: the best. One this machine lacks is QUILL_E_USAGE.
    bool no_mmap;    // read the file into memory instead of mapping it (network drives)
} quill_model_options;

// The name of the kernels that a model opened with this `cpu` uses on this machine. Errors: QUILL_E_USAGE.
QUILL_MUST_CHECK quill_status quill_kernels_name(const char **name, const char *cpu, quill_error *err);

// Opens `path`: a GGUF file, or a directory with config.json, model.safetensors (or shards with an index) and a
// tokenizer; the path of these weights means their directory. `options` may be NULL. Everything in the file is checked
// against what the family expects before this returns; no weight is copied or converted, but F64 ones, which are
// rounded to F32 and count as that. Errors: QUILL_E_MODEL, QUILL_E_SYSTEM, QUILL_E_USAGE (cpu).
QUILL_MUST_CHECK quill_status quill_model_open(quill_model **out, const char *path, const quill_model_options *options,
                                               quill_error *err);
// The same from a GGUF file in memory, such as one linked into the program. `data` is borrowed until the model is
// freed.
QUILL_MUST_CHECK quill_status quill_model_open_memory(quill_model **out, const void *data, size_t size,
                                                      const char *name, const quill_model_options *options,
                                                      quill_error *err);
void quill_model_free(quill_model *model); // NULL is fine; sessions on it must be gone

const quill_tokenizer *quill_model_tokenizer(const quill_model *model); // borrowed from the model
int32_t quill_model_n_ctx(const quill_model *model);                    // positions the model was made for

// Facts for reports. Absent ones are NULL, 0 or -1 as the comment says; strings are borrowed from the model.
typedef struct quill_model_info {
    const char *file, *format, *family, *name; // format: "gguf" "hf" "builtin"
    uint64_t parameters, file_bytes;
    int32_t n_vocab, n_ctx, n_embd, n_layer, n_head, n_head_kv, head_dim, n_ff;
    bool tied_embeddings, chat_template;
    bool head_differs;                         // the file calls them tied, and holds a head that differs: it is used
    const char *cpu;                           // the kernels in use
} quill_model_info;
void quill_model_describe(const quill_model *model, quill_model_info *info);

typedef struct quill_tensor_info {
    const char *name;   // [name_length], not NUL-terminated; borrowed from the model
    size_t name_length;
    const char *type;   // "F32", "Q8_0", ...
    int n_dims;
    uint64_t shape[4];       // outermost first: a matrix is [rows, cols]
    uint64_t offset, bytes;  // within the file that holds it
} quill_tensor_info;
size_t quill_model_n_tensors(const quill_model *model);
void quill_model_tensor(const quill_model *model, size_t index, quill_tensor_info *info); // index < n_tensors

// Whether `path`, through links, is one of the files that the model `model` (a GGUF file, the first of several, or a
// directory) consists of: what writes there destroys it.
bool quill_model_has_file(const char *model, const char *path);

// Writes `in` (a GGUF file or a directory; or, when `in` is NULL, the GGUF in data[0..size)) as a GGUF file whose
// matrices have the weight type `type` ("F32", "F16", "BF16", "Q8_0", ...; norms, biases and positions stay F32). The
// file appears at `out` whole or not at all; a device, a pipe or a descriptor (/dev/stdout) is written as it is made.
// QUILL_E_USAGE when `out` is one of the files of `in`, or no name. `note` and `summary` may be NULL: of matrices whose
// rows are no whole blocks of the type, and which get one that fits, `note` is called with a line for each, `summary`
// with one line about all. `note` is told of BOS and EOS that no token is, too. `progress` may be NULL.
typedef struct quill_quantize_options {
    const void *data;
    size_t size;
    void (*note)(void *user, const char *line);
    void (*summary)(void *user, const char *line);
    void (*progress)(void *user, uint64_t done, uint64_t all); // bytes of `in`; from the calling thread
    void *user;
    const volatile sig_atomic_t *interrupted; // polled while writing; NULL: never. When set: QUILL_E_SYSTEM, no file
    // Optional; called with the temporary file's path before the file is there, and with NULL once it is gone: what to
    // remove when the process must end at once (SIGBUS, when `in` shrinks).
    void (*temporary)(void *user, const char *path);
} quill_quantize_options;
QUILL_MUST_CHECK quill_status quill_quantize(const char *in, const char *out, const char *type,
                                             const quill_quantize_options *options, quill_error *err);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif
#endif
