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
    const char *cpu; // "ref" "sse4" "avx2" "avxvnni" "avx512" "avx512vnni" "amx" "neon" "neondot" "i8mm": the best
                     // kernels up to the one named; NULL: the best. Others than it can run are QUILL_E_USAGE.
    bool no_mmap;    // read the file into memory instead of mapping it (network drives)
    int n_threads;   // that may map pages of the file while the tokenizer is made; 0 and 1: the calling thread alone
} quill_model_options;

// The name of the kernels that a model opened with this `cpu` (NULL: the best) would use on this machine; a static
// string. Errors: QUILL_E_USAGE (unknown, or this machine cannot run them).
QUILL_MUST_CHECK quill_status quill_kernels_name(const char **name, const char *cpu, quill_error *err);

// Opens `path`: a GGUF file, or a directory with config.json, model.safetensors (or shards with an index) and a
// tokenizer; the path of such weights means their directory. `options` may be NULL. Everything in the file is checked
// against what the family expects before this returns. Matrices are used in place; vectors may be converted to F32. F64
// weights are rounded to F32 and count as such. Errors: QUILL_E_MODEL, QUILL_E_SYSTEM (memory), QUILL_E_USAGE (cpu).
QUILL_MUST_CHECK quill_status quill_model_open(quill_model **out, const char *path, const quill_model_options *options,
                                               quill_error *err);
// The same from a GGUF file in memory, such as one linked into the program. data[0..size) is borrowed until the model
// is freed; `name` is for messages.
QUILL_MUST_CHECK quill_status quill_model_open_memory(quill_model **out, const void *data, size_t size,
                                                      const char *name, const quill_model_options *options,
                                                      quill_error *err);
void quill_model_free(quill_model *model); // NULL is fine; sessions on it must be gone

const quill_tokenizer *quill_model_tokenizer(const quill_model *model); // borrowed from the model
int32_t quill_model_n_ctx(const quill_model *model);                    // the most positions the model can have

// Rotary positions (Su et al. 2021), for reports. Strings are static.
typedef struct quill_rope_info {
    const char *kind;    // which of a head's values turn together: "halves" (i and i + dims/2) or "pairs" (2i and
                         // 2i + 1); NULL: the model has no rotary positions, and all else is 0
    int32_t dims;        // how many of a head's values turn
    double base;
    const char *scaling; // for contexts longer than that of the training: "linear" "llama3" "yarn" "longrope", or
                         // "factors": the file has a divisor for each pair; NULL: none
    double factor;       // of the scaling; 0: it has none
    int32_t n_ctx_original; // the context of the training; 0: the file does not say it, or nothing is scaled
    double base_window;  // of layers with an attention window, which have no scaling then; 0: all layers are alike
    int32_t layers;      // how many layers have rotary positions
} quill_rope_info;

// Facts for reports. Strings are borrowed from the model.
typedef struct quill_model_info {
    const char *file, *format, *family, *name; // format: "gguf" "hf" "builtin"
    uint64_t parameters, file_bytes;
    int32_t n_vocab, n_ctx, n_embd, n_layer, n_head, n_head_kv, head_dim, n_ff;
    bool tied_embeddings, chat_template;
    bool head_differs;                         // the file says tied but holds a head that differs; that head is used
    const char *cpu;                           // name of the kernels in use
    quill_rope_info rope;
    int32_t window, window_layers; // positions that a token sees, itself included, in so many layers; 0: all before it
} quill_model_info;
void quill_model_describe(const quill_model *model, quill_model_info *info);

// A family of models that quill runs; a model file names its own. Strings are static.
typedef struct quill_family_info {
    const char *name;       // as general.architecture of a GGUF file and model_type of config.json spell it
    const char *tokenizers; // what its models use, for people
    const char *serves;     // its public models, for people
    bool gguf, hf;          // whether quill runs it from GGUF files, from Hugging Face directories
} quill_family_info;
bool quill_family(size_t index, quill_family_info *info); // false: there are no more; `info` is unchanged

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

// Whether `path`, through links, is one of the files that make up the model at `model` (a GGUF file, the first of
// several, or a directory): writing there would destroy the model.
bool quill_model_has_file(const char *model, const char *path);

// An adapter (adapter.h) by its path; what it adds is multiplied by `scale`.
typedef struct quill_adapter_file {
    const char *path;
    float scale;
} quill_adapter_file;

// Writes `in` (a GGUF file or a directory; or, when `in` is NULL, the GGUF in data[0..size)) as a GGUF file whose
// matrices have the weight type `type` ("F32", "F16", "BF16", "Q8_0", ...; norms, biases and positions stay F32). A
// matrix whose rows are not whole blocks of the type gets another type that fits. The file appears at `out` whole or
// not at all; a device, a pipe or a descriptor (/dev/stdout) is written while the file is made.
// Errors: QUILL_E_USAGE (an unknown type; `out` is one of the files of `in`, or empty), QUILL_E_MODEL (`in`),
// QUILL_E_SYSTEM (memory, writing, interrupted).
typedef struct quill_quantize_options {
    const void *data; // [size], used when `in` is NULL; borrowed during the call
    size_t size;
    // What these add becomes part of the matrices, which are then rounded to their types. Not to an embedding that is
    // the head too: QUILL_E_MODEL, as for adapters that cannot be loaded.
    const quill_adapter_file *adapters; // [n_adapters]
    size_t n_adapters;
    // Both optional. `note` gets a line for each matrix of another type than `type`, and for a BOS or EOS that is not a
    // token; `summary` gets one line about all such matrices.
    void (*note)(void *user, const char *line);
    void (*summary)(void *user, const char *line);
    void (*progress)(void *user, uint64_t done, uint64_t all); // optional; bytes of `in`; from the calling thread
    void *user;
    const volatile sig_atomic_t *interrupted; // polled while writing; NULL: never. When set: QUILL_E_SYSTEM, no file
    // Optional; called with the temporary file's path before the file exists, and with NULL once it is gone. Remove
    // that file if the process must end at once (SIGBUS, when `in` shrinks).
    void (*temporary)(void *user, const char *path);
} quill_quantize_options;
QUILL_MUST_CHECK quill_status quill_quantize(const char *in, const char *out, const char *type,
                                             const quill_quantize_options *options, quill_error *err);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif
#endif
