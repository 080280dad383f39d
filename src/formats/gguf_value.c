// SPDX-License-Identifier: MIT
// Values of GGUF metadata (https://github.com/ggml-org/ggml/blob/master/docs/gguf.md, gguf_metadata_value_type).
#include <inttypes.h>

#include "base/bytes.h"
#include "own.h"

enum { MAX_DEPTH = 8 }; // of arrays in arrays

static const struct {
    uint8_t bytes; // size of a value; for strings and arrays the smallest size, that of an empty one
    uint8_t kind;
} types[GGUF_TYPES] = {
    [GGUF_U8] = {1, META_INT},       [GGUF_I8] = {1, META_INT},    [GGUF_U16] = {2, META_INT},
    [GGUF_I16] = {2, META_INT},      [GGUF_U32] = {4, META_INT},   [GGUF_I32] = {4, META_INT},
    [GGUF_U64] = {8, META_INT},      [GGUF_I64] = {8, META_INT},   [GGUF_F32] = {4, META_FLOAT},
    [GGUF_F64] = {8, META_FLOAT},    [GGUF_BOOL] = {1, META_BOOL}, [GGUF_STRING] = {8, META_STRING},
    [GGUF_ARRAY] = {12, META_ARRAY},
};

static quill_status bad(const struct reader *r, const struct meta *m, const char *file, quill_error *err,
                        const char *text) {
    return fail_at(err, QUILL_E_MODEL, reader_offset(r), "%s: metadata '%s': %s (byte %" PRIu64 ")",
                   QUOTED(str_of(file)), QUOTED(m->key), text, reader_offset(r));
}

// Skips n elements and checks all of them.
static quill_status skip_elements(struct reader *r, uint32_t type, uint64_t n, int depth, const struct meta *m,
                                  const char *file, quill_error *err) {
    if (type == GGUF_STRING) {
        for (uint64_t i = 0; i < n && !r->failed; i++) reader_string64(r, UINT64_MAX);
    } else if (type == GGUF_ARRAY) {
        for (uint64_t i = 0; i < n; i++) {
            struct meta inner = {.key = m->key};
            quill_status s = gguf_value(r, GGUF_ARRAY, depth, &inner, file, err);
            if (s) return s;
        }
    } else {
        const uint8_t *p = reader_take(r, n * types[type].bytes); // fits: the caller compared n with what is left
        for (uint64_t i = 0; type == GGUF_BOOL && p && i < n; i++)
            if (p[i] > 1) return bad(r, m, file, err, "expected truth values of 0 or 1, found another byte");
    }
    return r->failed ? bad(r, m, file, err, "expected a string that ends within the file") : QUILL_OK;
}

static quill_status array(struct reader *r, int depth, struct meta *m, const char *file, quill_error *err) {
    if (depth > MAX_DEPTH) return bad(r, m, file, err, "expected arrays nested at most 8 deep, found more");
    uint32_t type = reader_u32le(r);
    uint64_t n = reader_u64le(r);
    if (r->failed) return bad(r, m, file, err, "expected an array, found the end of the file");
    if (type >= GGUF_TYPES)
        return bad(r, m, file, err, "expected array elements of type 0 to 12, found another number");
    if (n > reader_left(r) / types[type].bytes)
        return fail_at(err, QUILL_E_MODEL, reader_offset(r),
                       "%s: metadata '%s': expected array elements within the file, found a count of %" PRIu64
                       " with %zu bytes left",
                       QUOTED(str_of(file)), QUOTED(m->key), n, reader_left(r));
    const uint8_t *data = r->at;
    quill_status s = skip_elements(r, type, n, depth + 1, m, file, err);
    if (s) return s;
    bool plain = n > 0 && type != GGUF_ARRAY;
    m->a = (struct meta_array){.kind = plain ? (enum meta_kind)types[type].kind : META_NULL, .gguf_type = type, .n = n,
                               .data = data, .bytes = (size_t)(r->at - data)};
    m->kind = META_ARRAY;
    return QUILL_OK;
}

bool gguf_fixed_size(uint32_t type, size_t *bytes) {
    if (type >= GGUF_TYPES || type == GGUF_STRING || type == GGUF_ARRAY) return false;
    *bytes = types[type].bytes;
    return true;
}

static void set_int(struct meta *m, const uint8_t *p, uint32_t type) {
    switch (type) {
    case GGUF_U8: m->i = *p; break;
    case GGUF_I8: m->i = (int8_t)*p; break;
    case GGUF_U16: m->i = load_u16(p); break;
    case GGUF_I16: m->i = (int16_t)load_u16(p); break;
    case GGUF_U32: m->i = load_u32(p); break;
    case GGUF_I32: m->i = (int32_t)load_u32(p); break;
    default:
        m->i = (int64_t)load_u64(p);
        m->is_unsigned = type == GGUF_U64 && m->i < 0;
    }
}

quill_status gguf_value(struct reader *r, uint32_t type, int depth, struct meta *m, const char *file,
                        quill_error *err) {
    m->gguf_type = (uint8_t)type; // checked below
    m->is_unsigned = false;
    if (type == GGUF_ARRAY) return array(r, depth, m, file, err);
    if (type >= GGUF_TYPES)
        return fail_at(err, QUILL_E_MODEL, reader_offset(r),
                       "%s: metadata '%s': expected a value type from 0 to 12, found %" PRIu32, QUOTED(str_of(file)),
                       QUOTED(m->key), type);
    m->kind = (enum meta_kind)types[type].kind;
    if (type == GGUF_STRING) {
        m->s = reader_string64(r, UINT64_MAX);
        return r->failed ? bad(r, m, file, err, "expected a string that ends within the file") : QUILL_OK;
    }
    const uint8_t *p = reader_take(r, types[type].bytes);
    if (!p) return bad(r, m, file, err, "expected a value, found the end of the file");
    if (type == GGUF_BOOL && *p > 1)
        return bad(r, m, file, err, "expected a truth value of 0 or 1, found another byte");
    if (m->kind == META_BOOL) m->b = *p;
    else if (type == GGUF_F32) m->f = (double)load_f32(p);
    else if (type == GGUF_F64) m->f = load_f64(p);
    else set_int(m, p, type);
    return QUILL_OK;
}
