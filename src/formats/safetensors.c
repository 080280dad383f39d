// SPDX-License-Identifier: MIT
// safetensors (https://github.com/huggingface/safetensors, "Format"): u64 length, a JSON header of that length, data.
#include <inttypes.h>

#include "base/bytes.h"
#include "base/checked.h"
#include "hf.h"
#include "json.h"

enum { MAX_HEADER = 100000000, ENTRY_ROOM = 1 << 16 };

// Every type of the format, and its bits per value.
static const struct {
    const char *name;
    uint8_t bits;
} types[] = {
    {"F32", 32},    {"F16", 16},    {"BF16", 16},   {"F64", 64},        {"I64", 64},        {"I32", 32},
    {"I16", 16},    {"I8", 8},      {"U64", 64},    {"U32", 32},        {"U16", 16},        {"U8", 8},
    {"BOOL", 8},    {"C64", 64},    {"F4", 4},      {"F6_E2M3", 6},     {"F6_E3M2", 6},     {"F8_E4M3", 8},
    {"F8_E5M2", 8}, {"F8_E8M0", 8}, {"F8_E4M3FNUZ", 8}, {"F8_E5M2FNUZ", 8},
};

quill_status safetensors_begin(struct safetensors *st, const char *path, struct map *map, quill_error *err) {
    *st = (struct safetensors){.path = path, .map = map};
    if (map->size < 8)
        return fail(err, QUILL_E_MODEL, "%s: expected a safetensors file, found a file of %zu bytes",
                    QUOTED(str_of(path)), map->size);
    uint64_t length = load_u64(map->data);
    if (length > MAX_HEADER || length > map->size - 8)
        return fail(err, QUILL_E_MODEL,
                    "%s: expected a safetensors header of at most %d bytes, all within the file, "
                    "found a length of %" PRIu64,
                    QUOTED(str_of(path)), MAX_HEADER, length);
    st->header = (struct str){(const char *)map->data + 8, (size_t)length};
    st->data_at = 8 + length;
    if (length == 0 || st->header.p[0] != '{')
        return fail_at(err, QUILL_E_MODEL, 8, "%s: expected a safetensors header that begins with '{', found %s",
                       QUOTED(str_of(path)), length ? "something else" : "none");
    struct json_walk walk = {.text = st->header};
    struct str name, value;
    if (json_enter(&walk))
        while (!walk.mistake && json_member(&walk, &name, &value)) {
            st->n_members++;
            if (value.n > ENTRY_ROOM && !str_is(name, "\"__metadata__\""))
                walk.mistake = "expected a short description of a tensor, found a longer one";
        }
    if (!walk.mistake) json_at_end(&walk);
    if (!walk.mistake) return QUILL_OK;
    return fail_at(err, QUILL_E_MODEL, 8 + walk.at, "%s: header: %s (byte %zu)", QUOTED(str_of(path)), walk.mistake,
                   8 + walk.at);
}

static quill_status refuse(const struct safetensors *st, struct str name, quill_error *err, const char *text) {
    return fail(err, QUILL_E_MODEL, "%s: tensor '%s': %s", QUOTED(str_of(st->path)), QUOTED(name), text);
}

// Reads a JSON integer that is not negative.
static bool natural(const json_t *value, uint64_t *out) {
    if (!json_is_integer(value) || json_integer_value(value) < 0) return false;
    *out = (uint64_t)json_integer_value(value);
    return true;
}

// Folds dimensions beyond the most that quill supports into the first, so that the shape matches no weight.
static quill_status set_shape(const struct safetensors *st, struct tensor *t, const json_t *shape, uint64_t *count,
                              quill_error *err) {
    size_t n = json_array_size(shape);
    if (!json_is_array(shape)) return refuse(st, t->name, err, "expected a list as its shape, found none");
    t->n_dims = n < TENSOR_MAX_DIMS ? (int)n : TENSOR_MAX_DIMS;
    *count = 1;
    for (size_t i = 0; i < n; i++) {
        uint64_t dim;
        if (!natural(json_array_get(shape, i), &dim))
            return refuse(st, t->name, err, "expected dimensions that are whole numbers, found another value");
        if (!checked_mul(count, *count, dim))
            return refuse(st, t->name, err, "expected a size that fits 64 bits, found a larger one");
        size_t folded = n - (size_t)t->n_dims;
        t->shape[i <= folded ? 0 : i - folded] = i <= folded ? *count : dim;
    }
    return QUILL_OK;
}

static quill_status set_type(const struct safetensors *st, struct tensor *t, const json_t *dtype, uint64_t count,
                             quill_error *err) {
    if (!json_is_string(dtype)) return refuse(st, t->name, err, "expected a string as its dtype, found none");
    struct str name = {json_string_value(dtype), json_string_length(dtype)};
    t->dtype = dtype_from_safetensors(name);
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        uint64_t bits;
        if (!str_is(name, types[i].name)) continue;
        t->type = types[i].name;
        if (!checked_mul(&bits, count, types[i].bits) || bits % 8 || bits / 8 != t->bytes)
            return fail(err, QUILL_E_MODEL,
                        "%s: tensor '%s': expected the bytes of %" PRIu64 " %s values, found %" PRIu64 " bytes",
                        QUOTED(str_of(st->path)), QUOTED(t->name), count, types[i].name, t->bytes);
    }
    return QUILL_OK;
}

static quill_status set_place(const struct safetensors *st, struct tensor *t, const json_t *offsets, quill_error *err) {
    uint64_t begin, end, size = st->map->size - st->data_at;
    if (json_array_size(offsets) != 2 || !natural(json_array_get(offsets, 0), &begin) ||
        !natural(json_array_get(offsets, 1), &end))
        return refuse(st, t->name, err, "expected two whole numbers as its data_offsets, found another value");
    if (begin > end || end > size)
        return fail(err, QUILL_E_MODEL,
                    "%s: tensor '%s': expected data within the file's %" PRIu64 " bytes of data, "
                    "found %" PRIu64 " to %" PRIu64,
                    QUOTED(str_of(st->path)), QUOTED(t->name), size, begin, end);
    t->bytes = end - begin;
    t->offset = st->data_at + begin;
    t->data = st->map->data + t->offset;
    return QUILL_OK;
}

static quill_status read_tensor(const struct safetensors *st, struct str text, struct tensor *t, quill_error *err) {
    struct json_problem problem;
    bool all_real;
    uint64_t count = 0;
    json_t *tree = json_tree(text, ENTRY_ROOM, &all_real, &problem);
    if (!tree) return problem.no_memory ? fail_memory(err) : refuse(st, t->name, err, problem.text);
    quill_status s = QUILL_OK;
    if (!json_is_object(tree)) s = refuse(st, t->name, err, "expected an object, found another value");
    if (!s) s = set_place(st, t, json_object_get(tree, "data_offsets"), err);
    if (!s) s = set_shape(st, t, json_object_get(tree, "shape"), &count, err);
    if (!s) s = set_type(st, t, json_object_get(tree, "dtype"), count, err);
    json_decref(tree);
    return s;
}

// "__metadata__" holds free text of the file's author: strings by name.
static quill_status check_metadata(const struct safetensors *st, struct str text, quill_error *err) {
    struct json_walk walk = {.text = text};
    struct str name, value;
    if (json_enter(&walk))
        while (!walk.mistake && json_member(&walk, &name, &value))
            if (value.p[0] != '"') walk.mistake = "expected strings, found another value";
    if (!walk.mistake) return QUILL_OK;
    return fail(err, QUILL_E_MODEL, "%s: __metadata__: %s", QUOTED(str_of(st->path)), walk.mistake);
}

static quill_status tensor_name(struct weights *w, const struct safetensors *st, struct str written, struct str *name,
                                quill_error *err) {
    struct json_problem problem = {.text = "expected a name of at most 65536 bytes, found a longer one"};
    if (written.n - 2 <= NAME_BYTES && json_string_of(written, &w->own->arena, name, &problem)) return QUILL_OK;
    return problem.no_memory ? fail_memory(err) : refuse(st, written, err, problem.text);
}

quill_status safetensors_read(struct weights *w, const struct safetensors *st, uint32_t file, quill_error *err) {
    struct json_walk walk = {.text = st->header};
    struct str written, value;
    bool metadata = false;
    json_enter(&walk);
    while (json_member(&walk, &written, &value)) {
        struct tensor *t = &w->tensors[w->n_tensors];
        *t = (struct tensor){.file = file};
        quill_status s = tensor_name(w, st, written, &t->name, err);
        if (s) return s;
        if (!str_is(t->name, "__metadata__")) s = read_tensor(st, value, t, err), w->n_tensors++;
        else if (metadata) s = refuse(st, t->name, err, "expected once, found twice");
        else s = check_metadata(st, value, err), metadata = true;
        if (s) return s;
    }
    return QUILL_OK;
}

quill_status safetensors_check_cover(const struct weights *w, const struct safetensors *files, size_t n,
                                     quill_error *err) {
    size_t i = 0;
    for (size_t f = 0; f < n; f++) {
        uint64_t at = files[f].data_at;
        for (; i < w->n_tensors && w->tensors[i].file == f; at += w->tensors[i++].bytes)
            if (w->tensors[i].offset != at)
                return fail(err, QUILL_E_MODEL, "%s: tensor '%s': expected data from byte %" PRIu64 ", found %s",
                            QUOTED(str_of(files[f].path)), QUOTED(w->tensors[i].name), at,
                            w->tensors[i].offset < at ? "an overlap with another tensor" : "a hole before it");
        if (at != files[f].map->size)
            return fail(err, QUILL_E_MODEL,
                        "%s: expected the file to end with its last tensor, found %" PRIu64 " bytes more",
                        QUOTED(str_of(files[f].path)), files[f].map->size - at);
    }
    return QUILL_OK;
}

quill_status safetensors_round_doubles(struct weights *w, quill_error *err) {
    for (size_t i = 0; i < w->n_tensors; i++) {
        struct tensor *t = &w->tensors[i];
        if (t->dtype != DTYPE_NONE || !t->type || strcmp(t->type, "F64") != 0) continue;
        const size_t n = (size_t)(t->bytes / sizeof(double));
        float *values = arena_alloc(&w->own->arena, n, sizeof *values);
        if (!values) return fail_memory(err);
        for (size_t k = 0; k < n; k++) {
            const uint64_t bits = load_u64(t->data + k * sizeof bits);
            double value;
            memcpy(&value, &bits, sizeof value);
            values[k] = (float)value;
        }
        t->dtype = DTYPE_F32, t->type = dtypes[DTYPE_F32].name;
        t->data = (const uint8_t *)values;
        t->bytes = n * sizeof *values;
    }
    return QUILL_OK;
}
