// SPDX-License-Identifier: MIT
#include "dtype.h"

#include <strings.h>

#include "base/checked.h"

const struct dtype_info dtypes[DTYPE_COUNT] = {
#define ROW(name, ...) [DTYPE_##name] = {#name, __VA_ARGS__},
    DTYPES(ROW)
};

const size_t act_block[ACT_KIND_COUNT] = {[ACT_FLOAT] = 1, [ACT_BF16] = 32, [ACT_Q8_32] = 32, [ACT_Q8_256] = 256};

// Types that quill does not run: their names and block sizes, so that messages can name them.
static const struct other {
    const char *name;
    uint16_t block_values, block_bytes;
} others[] = {
    [9] = {"Q8_1", 32, 36}, [15] = {"Q8_K", 256, 292}, [16] = {"IQ2_XXS", 256, 66},
    [17] = {"IQ2_XS", 256, 74}, [18] = {"IQ3_XXS", 256, 98}, [19] = {"IQ1_S", 256, 50},
    [21] = {"IQ3_S", 256, 110}, [22] = {"IQ2_S", 256, 82}, [24] = {"I8", 1, 1},
    [25] = {"I16", 1, 2}, [26] = {"I32", 1, 4}, [27] = {"I64", 1, 8}, [28] = {"F64", 1, 8},
    [29] = {"IQ1_M", 256, 56}, [34] = {"TQ1_0", 256, 54}, [35] = {"TQ2_0", 256, 66},
    [40] = {"NVFP4", 64, 36}, [41] = {"Q1_0", 128, 18},
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

static const struct other *other_type(uint32_t number) {
    return number < sizeof others / sizeof *others && others[number].name ? &others[number] : NULL;
}

const char *dtype_gguf_name(uint32_t number) {
    const enum dtype type = dtype_from_gguf(number);
    const struct other *other = other_type(number);
    return type != DTYPE_NONE ? dtypes[type].name : other ? other->name : NULL;
}

bool dtype_gguf_bytes(uint32_t number, uint64_t n, uint64_t *bytes) {
    const enum dtype type = dtype_from_gguf(number);
    const struct other *other = other_type(number);
    if (type != DTYPE_NONE) return dtype_bytes(type, n, bytes);
    return other && n % other->block_values == 0 && checked_mul(bytes, n / other->block_values, other->block_bytes);
}

bool dtype_bytes(enum dtype type, uint64_t n, uint64_t *bytes) {
    const struct dtype_info *info = &dtypes[type];
    return n % info->block_values == 0 && checked_mul(bytes, n / info->block_values, info->block_bytes);
}
