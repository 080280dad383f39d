// SPDX-License-Identifier: MIT
#include "dtype.h"

#include <strings.h>

#include "base/checked.h"

// Block layouts and numbers: ggml's gguf specification (docs/gguf.md, enum ggml_type and general.file_type).
const struct dtype_info dtypes[DTYPE_COUNT] = {
    [DTYPE_F32] = {"F32", "F32", 0, 0, 1, 4, ACT_FLOAT},
    [DTYPE_F16] = {"F16", "F16", 1, 1, 1, 2, ACT_FLOAT},
    [DTYPE_BF16] = {"BF16", "BF16", 30, 32, 1, 2, ACT_FLOAT},
    [DTYPE_Q8_0] = {"Q8_0", NULL, 8, 7, 32, Q8_0_BYTES, ACT_Q8_32},
    [DTYPE_Q4_0] = {"Q4_0", NULL, 2, 2, 32, Q4_0_BYTES, ACT_Q8_32},
    [DTYPE_Q4_1] = {"Q4_1", NULL, 3, 3, 32, Q4_1_BYTES, ACT_Q8_32},
    [DTYPE_Q5_0] = {"Q5_0", NULL, 6, 8, 32, Q5_0_BYTES, ACT_Q8_32},
    [DTYPE_Q5_1] = {"Q5_1", NULL, 7, 9, 32, Q5_1_BYTES, ACT_Q8_32},
    [DTYPE_IQ4_NL] = {"IQ4_NL", NULL, 20, 25, 32, IQ4_NL_BYTES, ACT_Q8_32},
    [DTYPE_MXFP4] = {"MXFP4", NULL, 39, 38, 32, MXFP4_BYTES, ACT_Q8_32},
    [DTYPE_Q2_K] = {"Q2_K", NULL, 10, 10, 256, Q2_K_BYTES, ACT_Q8_256},
    [DTYPE_Q3_K] = {"Q3_K", NULL, 11, 11, 256, Q3_K_BYTES, ACT_Q8_256},
    [DTYPE_Q4_K] = {"Q4_K", NULL, 12, 14, 256, Q4_K_BYTES, ACT_Q8_256},
    [DTYPE_Q5_K] = {"Q5_K", NULL, 13, 16, 256, Q5_K_BYTES, ACT_Q8_256},
    [DTYPE_Q6_K] = {"Q6_K", NULL, 14, 18, 256, Q6_K_BYTES, ACT_Q8_256},
    [DTYPE_IQ4_XS] = {"IQ4_XS", NULL, 23, 30, 256, IQ4_XS_BYTES, ACT_Q8_256},
};

const struct act_info act_kinds[ACT_KIND_COUNT] = {
    [ACT_FLOAT] = {1, 1},
    [ACT_Q8_32] = {32, 32},
    [ACT_Q8_256] = {256, 16},
};

// Type numbers of types quill does not run: their names and extents are known.
static const struct {
    const char *name;
    uint16_t block_values, block_bytes;
} other_types[] = {
    [9] = {"Q8_1", 32, 36},       [15] = {"Q8_K", 256, 292},    [16] = {"IQ2_XXS", 256, 66}, [17] = {"IQ2_XS", 256, 74},
    [18] = {"IQ3_XXS", 256, 98},  [19] = {"IQ1_S", 256, 50},    [21] = {"IQ3_S", 256, 110},  [22] = {"IQ2_S", 256, 82},
    [24] = {"I8", 1, 1},          [25] = {"I16", 1, 2},         [26] = {"I32", 1, 4},        [27] = {"I64", 1, 8},
    [28] = {"F64", 1, 8},         [29] = {"IQ1_M", 256, 56},    [34] = {"TQ1_0", 256, 54},   [35] = {"TQ2_0", 256, 66},
    [40] = {"NVFP4", 64, 36},     [41] = {"Q1_0", 128, 18},
};

enum dtype dtype_from_gguf(uint32_t number) {
    for (int i = 0; i < DTYPE_COUNT; i++)
        if (dtypes[i].gguf == number) return (enum dtype)i;
    return DTYPE_NONE;
}

enum dtype dtype_from_safetensors(struct str name) {
    for (int i = 0; i < DTYPE_COUNT; i++)
        if (dtypes[i].safetensors && str_is(name, dtypes[i].safetensors)) return (enum dtype)i;
    return DTYPE_NONE;
}

enum dtype dtype_from_name(struct str name) {
    for (int i = 0; i < DTYPE_COUNT; i++)
        if (strlen(dtypes[i].name) == name.n && strncasecmp(dtypes[i].name, name.p, name.n) == 0) return (enum dtype)i;
    return DTYPE_NONE;
}

static bool is_other(uint32_t number) {
    return number < sizeof other_types / sizeof *other_types && other_types[number].name;
}

const char *dtype_gguf_name(uint32_t number) {
    const enum dtype type = dtype_from_gguf(number);
    if (type != DTYPE_NONE) return dtypes[type].name;
    return is_other(number) ? other_types[number].name : NULL;
}

static bool whole_blocks(uint64_t n, uint32_t block_values, uint32_t block_bytes, uint64_t *bytes) {
    return n % block_values == 0 && checked_mul(bytes, n / block_values, block_bytes);
}

bool dtype_gguf_bytes(uint32_t number, uint64_t n, uint64_t *bytes) {
    const enum dtype type = dtype_from_gguf(number);
    if (type != DTYPE_NONE) return dtype_bytes(type, n, bytes);
    return is_other(number) &&
           whole_blocks(n, other_types[number].block_values, other_types[number].block_bytes, bytes);
}

bool dtype_bytes(enum dtype type, uint64_t n, uint64_t *bytes) {
    return whole_blocks(n, dtypes[type].block_values, dtypes[type].block_bytes, bytes);
}
