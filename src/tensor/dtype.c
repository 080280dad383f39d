// SPDX-License-Identifier: MIT
#include "dtype.h"

#include <strings.h>

#include "base/checked.h"

// Block layouts and numbers: ggml's gguf specification (docs/gguf.md, enum ggml_type and general.file_type).
const struct dtype_info dtypes[DTYPE_COUNT] = {
    [DTYPE_F32] = {"F32", "F32", 0, 0, 1, 4, ACT_FLOAT},
    [DTYPE_F16] = {"F16", "F16", 1, 1, 1, 2, ACT_FLOAT},
    [DTYPE_BF16] = {"BF16", "BF16", 30, 32, 1, 2, ACT_FLOAT},
    [DTYPE_Q8_0] = {"Q8_0", NULL, 8, 7, 32, 34, ACT_Q8_32},
};

static const char *const gguf_names[] = {
    [0] = "F32",      [1] = "F16",      [2] = "Q4_0",    [3] = "Q4_1",   [6] = "Q5_0",    [7] = "Q5_1",
    [8] = "Q8_0",     [9] = "Q8_1",     [10] = "Q2_K",   [11] = "Q3_K",  [12] = "Q4_K",   [13] = "Q5_K",
    [14] = "Q6_K",    [15] = "Q8_K",    [16] = "IQ2_XXS", [17] = "IQ2_XS", [18] = "IQ3_XXS", [19] = "IQ1_S",
    [20] = "IQ4_NL",  [21] = "IQ3_S",   [22] = "IQ2_S",  [23] = "IQ4_XS", [24] = "I8",     [25] = "I16",
    [26] = "I32",     [27] = "I64",     [28] = "F64",    [29] = "IQ1_M", [30] = "BF16",   [34] = "TQ1_0",
    [35] = "TQ2_0",   [39] = "MXFP4",
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

const char *dtype_gguf_name(uint32_t number) {
    return number < sizeof gguf_names / sizeof *gguf_names ? gguf_names[number] : NULL;
}

bool dtype_bytes(enum dtype type, uint64_t n, uint64_t *bytes) {
    const struct dtype_info *info = &dtypes[type];
    return n % info->block_values == 0 && checked_mul(bytes, n / info->block_values, info->block_bytes);
}
