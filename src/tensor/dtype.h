// SPDX-License-Identifier: MIT
// THE weight-type table. Each type that quill runs is a row here; its kernels are in the tables of kernels.h.
#ifndef QUILL_TENSOR_DTYPE_H
#define QUILL_TENSOR_DTYPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

// X(name, name in a safetensors header, number in a GGUF tensor table (ggml_type), general.file_type of a file that is
// mostly of it (llama_ftype), values of a block, bytes of a block, activations). Layouts and numbers: ggml's gguf
// specification (docs/gguf.md).
#define DTYPES(X)                                                             \
    X(F32, "F32", 0, 0, 1, 4, ACT_FLOAT)                                      \
    X(F16, "F16", 1, 1, 1, 2, ACT_FLOAT)                                      \
    X(BF16, "BF16", 30, 32, 1, 2, ACT_BF16)                                   \
    X(Q8_0, NULL, 8, 7, 32, 34, ACT_Q8_32)                                    \
    X(Q4_0, NULL, 2, 2, 32, 18, ACT_Q8_32)                                    \
    X(Q4_1, NULL, 3, 3, 32, 20, ACT_Q8_32)                                    \
    X(Q5_0, NULL, 6, 8, 32, 22, ACT_Q8_32)                                    \
    X(Q5_1, NULL, 7, 9, 32, 24, ACT_Q8_32)                                    \
    X(IQ4_NL, NULL, 20, 25, 32, 18, ACT_Q8_32)                                \
    X(MXFP4, NULL, 39, 38, 32, 17, ACT_Q8_32)                                 \
    X(Q2_K, NULL, 10, 10, 256, 84, ACT_Q8_256)                                \
    X(Q3_K, NULL, 11, 11, 256, 110, ACT_Q8_256)                               \
    X(Q4_K, NULL, 12, 14, 256, 144, ACT_Q8_256)                               \
    X(Q5_K, NULL, 13, 16, 256, 176, ACT_Q8_256)                               \
    X(Q6_K, NULL, 14, 18, 256, 210, ACT_Q8_256)                               \
    X(IQ4_XS, NULL, 23, 30, 256, 136, ACT_Q8_256)

enum dtype {
#define DTYPE_ID(name, ...) DTYPE_##name,
    DTYPES(DTYPE_ID)
#undef DTYPE_ID
    DTYPE_COUNT,
    DTYPE_NONE = DTYPE_COUNT, // not a type quill knows
};

enum { // values and bytes of a block: Q8_0_VALUES, Q8_0_BYTES, ...
#define DTYPE_BLOCK(name, safetensors, gguf, file_type, values, bytes, acts) \
    name##_VALUES = values, name##_BYTES = bytes,
    DTYPES(DTYPE_BLOCK)
#undef DTYPE_BLOCK
};

// The format in which the kernels of a type take activations.
enum act_kind {
    ACT_FLOAT,  // f32, unchanged
    ACT_BF16,   // bfloat16, rows padded with zeros to whole blocks
    ACT_Q8_32,  // int8, one scale and one sum per 32 values
    ACT_Q8_256, // int8, one scale per 256 values, one sum per 16 and per 32
    ACT_KIND_COUNT,
};

// Values that are made together, and that have one scale if the format has scales.
extern const size_t act_block[ACT_KIND_COUNT];

struct dtype_info {
    const char *name;        // "Q8_0", as users and messages spell it
    const char *safetensors; // its name in a safetensors header; NULL: none
    uint32_t gguf;           // its number in a GGUF tensor table (ggml_type)
    uint32_t gguf_file_type; // general.file_type of a file that is mostly of this type (llama_ftype)
    uint32_t block_values;   // values per block
    uint32_t block_bytes;    // bytes per block
    enum act_kind acts;
};

extern const struct dtype_info dtypes[DTYPE_COUNT];

// Each value stands for itself: F32, F16, BF16.
static inline bool dtype_is_float(enum dtype type) { return dtypes[type].block_values == 1; }

enum dtype dtype_from_gguf(uint32_t number);
enum dtype dtype_from_safetensors(struct str name);
enum dtype dtype_from_name(struct str name); // any case
// ggml's name of a type number, for messages; includes types that quill does not run. NULL: not known.
const char *dtype_gguf_name(uint32_t number);
// Bytes of n values of a type number that has a name. False: no name, or as in dtype_bytes.
bool dtype_gguf_bytes(uint32_t number, uint64_t n, uint64_t *bytes);

// Bytes of n values. False: n is not a multiple of the block, or the size overflows.
bool dtype_bytes(enum dtype type, uint64_t n, uint64_t *bytes);

#endif
