// SPDX-License-Identifier: MIT
// Typed look-ups in the metadata of a struct weights.
#include <inttypes.h>

#include "own.h"

static const char *const kind_names[META_KINDS] = {
    [META_NULL] = "null",           [META_BOOL] = "a truth value", [META_INT] = "an integer",
    [META_FLOAT] = "a real number", [META_STRING] = "a string",    [META_ARRAY] = "an array",
    [META_OBJECT] = "an object",
};

static quill_status wrong_kind(const struct weights *w, const struct meta *m, enum meta_kind wanted, quill_error *err) {
    return fail(err, QUILL_E_MODEL, "%s: metadata '%s': expected %s, found %s", PATH_OF(w), QUOTED(m->key),
                kind_names[wanted], kind_names[m->kind]);
}

static const struct meta *look_up(const struct weights *w, const char *key, bool *found) {
    const struct meta *m = weights_meta(w, str_of(key));
    *found = m && m->kind != META_NULL;
    return *found ? m : NULL;
}

quill_status meta_int(const struct weights *w, const char *key, int64_t min, int64_t max, int64_t *out, bool *found,
                      quill_error *err) {
    const struct meta *m = look_up(w, key, found);
    if (!m) return QUILL_OK;
    if (m->kind != META_INT) return wrong_kind(w, m, META_INT, err);
    if (m->is_unsigned)
        return fail(err, QUILL_E_MODEL, "%s: metadata '%s': expected %" PRId64 " to %" PRId64 ", found %" PRIu64,
                    PATH_OF(w), QUOTED(m->key), min, max, (uint64_t)m->i);
    if (m->i < min || m->i > max)
        return fail(err, QUILL_E_MODEL, "%s: metadata '%s': expected %" PRId64 " to %" PRId64 ", found %" PRId64,
                    PATH_OF(w), QUOTED(m->key), min, max, m->i);
    *out = m->i;
    return QUILL_OK;
}

quill_status meta_float(const struct weights *w, const char *key, double *out, bool *found, quill_error *err) {
    const struct meta *m = look_up(w, key, found);
    if (!m) return QUILL_OK;
    if (m->kind == META_FLOAT) *out = m->f;
    else if (m->kind == META_INT && w->format == WEIGHTS_HF)
        *out = m->is_unsigned ? (double)(uint64_t)m->i : (double)m->i;
    else return wrong_kind(w, m, META_FLOAT, err);
    return QUILL_OK;
}

quill_status meta_bool(const struct weights *w, const char *key, bool *out, bool *found, quill_error *err) {
    const struct meta *m = look_up(w, key, found);
    if (!m) return QUILL_OK;
    if (m->kind != META_BOOL) return wrong_kind(w, m, META_BOOL, err);
    *out = m->b;
    return QUILL_OK;
}

quill_status meta_string(const struct weights *w, const char *key, struct str *out, bool *found, quill_error *err) {
    const struct meta *m = look_up(w, key, found);
    if (!m) return QUILL_OK;
    if (m->kind != META_STRING) return wrong_kind(w, m, META_STRING, err);
    *out = m->s;
    return QUILL_OK;
}

bool meta_next(struct meta_walk *walk, struct meta *element) {
    const struct meta_array *a = walk->array;
    if (walk->index >= a->n) return false;
    if (!a->bytes) {
        *element = a->items[walk->index++];
        return true;
    }
    struct reader r = reader_over(a->data, a->bytes);
    reader_take(&r, walk->at);
    *element = (struct meta){0};
    if (gguf_value(&r, a->gguf_type, 1, element, "", NULL) != QUILL_OK) return false;
    walk->at = (size_t)reader_offset(&r);
    walk->index++;
    return true;
}

size_t meta_strings(const struct meta_array *a, struct str *list) {
    size_t i = 0;
    if (a->bytes) {
        struct reader r = reader_over(a->data, a->bytes);
        for (; i < a->n; i++) {
            list[i] = reader_string64(&r, UINT64_MAX);
            if (r.failed) break;
        }
    } else {
        for (; i < a->n; i++) list[i] = a->items[i].s;
    }
    return i;
}
