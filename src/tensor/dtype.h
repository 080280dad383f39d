// SPDX-License-Identifier: MIT
// THE weight-type table. A type that quill knows is a row here; what the kernels do with it is a row in kernels.h.
#ifndef QUILL_TENSOR_DTYPE_H
#define QUILL_TENSOR_DTYPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

enum dtype {
    DTYPE_F32,
    DTYPE_F16,
    DTYPE_BF16,
    DTYPE_Q8_0,
    DTYPE_Q4_0,
    DTYPE_Q4_1,
    DTYPE_Q5_0,
    DTYPE_Q5_1,
    DTYPE_IQ4_NL,
    DTYPE_MXFP4,
    DTYPE_Q2_K,
    DTYPE_Q3_K,
    DTYPE_Q4_K,
    DTYPE_Q5_K,
    DTYPE_Q6_K,
    DTYPE_IQ4_XS,
    DTYPE_COUNT,
    DTYPE_NONE = DTYPE_COUNT, // not a type quill knows
};

// Bytes of a block, of 32 values or of 256.
enum {
    Q8_0_BYTES = 34, Q4_0_BYTES = 18, Q4_1_BYTES = 20, Q5_0_BYTES = 22, Q5_1_BYTES = 24, IQ4_NL_BYTES = 18,
    MXFP4_BYTES = 17, Q2_K_BYTES = 84, Q3_K_BYTES = 110, Q4_K_BYTES = 144, Q5_K_BYTES = 176, Q6_K_BYTES = 210,
    IQ4_XS_BYTES = 136,
};

// How activations are given to the kernels of a type.
enum act_kind {
    ACT_FLOAT,  // as they are
    ACT_Q8_32,  // int8, one scale and one sum per 32 values
    ACT_Q8_256, // int8, one scale per 256 values, one sum per 16
    ACT_KIND_COUNT,
};

struct act_info {
    size_t block; // values per scale
    size_t group; // values per sum
};

extern const struct act_info act_kinds[ACT_KIND_COUNT];

struct dtype_info {
    const char *name;        // "Q8_0", as users and messages spell it
    const char *safetensors; // its name in a safetensors header, NULL: none
    uint32_t gguf;           // its number in a GGUF tensor table (ggml_type)
    uint32_t gguf_file_type; // general.file_type of a file that is mostly of this type (llama_ftype)
    uint32_t block_values;   // values per block
    uint32_t block_bytes;    // bytes per block
    enum act_kind acts;
};

extern const struct dtype_info dtypes[DTYPE_COUNT];

enum dtype dtype_from_gguf(uint32_t number);
enum dtype dtype_from_safetensors(struct str name);
enum dtype dtype_from_name(struct str name); // any case
// The name ggml gives to a type number, also of types quill does not run, for messages; NULL: not known.
const char *dtype_gguf_name(uint32_t number);
// Bytes of n values of a type number that has a name; false otherwise, and where dtype_bytes is false.
bool dtype_gguf_bytes(uint32_t number, uint64_t n, uint64_t *bytes);

// Bytes of n values; false when n is no multiple of the block or the size overflows.
bool dtype_bytes(enum dtype type, uint64_t n, uint64_t *bytes);

#endif
