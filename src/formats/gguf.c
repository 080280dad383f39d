// SPDX-License-Identifier: MIT
// GGUF versions 2 and 3 (https://github.com/ggml-org/ggml/blob/master/docs/gguf.md): header, metadata, tensor table,
// data.
#include <inttypes.h>

#include "base/bytes.h"
#include "base/checked.h"
#include "own.h"

enum { HEADER_BYTES = 24, LEAST_KEY = 14, LEAST_TENSOR = 32 }; // the smallest records: bounds for the counts
enum { DEFAULT_ALIGNMENT = 32, MIN_ALIGNMENT = 8, MAX_ALIGNMENT = 1 << 16 };

struct gguf {
    struct reader r;
    struct weights *w;
    uint64_t n_tensors, n_meta;
    uint64_t alignment, data_start;
    quill_error *err;
};

#define REFUSE(g, ...) fail_at((g)->err, QUILL_E_MODEL, reader_offset(&(g)->r), __VA_ARGS__)

// Recognizes other formats that users often pass by mistake. NULL: none of them.
static const char *other_format(const uint8_t *data, size_t size) {
    static const struct {
        uint8_t at, n;
        const char *bytes, *name;
    } known[] = {
        {0, 4, "PK\3\4", "a PyTorch checkpoint (not supported; convert it to GGUF or safetensors)"},
        {0, 2, "\x80\2", "a Python pickle (not supported; convert it to GGUF or safetensors)"},
        {0, 4, "lmgg", "a ggml file older than GGUF (not supported; convert it again)"},
        {0, 4, "fmgg", "a ggml file older than GGUF (not supported; convert it again)"},
        {0, 4, "tjgg", "a ggml file older than GGUF (not supported; convert it again)"},
        {0, 4, "\x89HDF", "an HDF5 file (not supported; convert it to GGUF or safetensors)"},
        {0, 7, "version", "what may be a Git LFS pointer in place of the file"},
        {8, 1, "{", "a safetensors file; give the folder it lies in"},
        {0, 1, "{", "JSON; give the folder it lies in"},
        {0, 1, "<", "what may be a web page in place of the file"},
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (size >= (size_t)known[i].at + known[i].n && memcmp(data + known[i].at, known[i].bytes, known[i].n) == 0)
            return known[i].name;
    return size ? "something else" : "an empty file";
}

static quill_status check_magic(const uint8_t *data, size_t size, enum weights_want want, const char *path,
                                quill_error *err) {
    const char *kind = want == WEIGHTS_ADAPTER ? "an adapter's GGUF file or its" : "a GGUF file or a model";
    if (size >= 4 && memcmp(data, "GGUF", 4) == 0) return QUILL_OK;
    return fail(err, QUILL_E_MODEL, "%s: expected %s folder, found %s", QUOTED(str_of(path)), kind,
                other_format(data, size));
}

static quill_status header(struct gguf *g, enum weights_want want) {
    struct reader *r = &g->r;
    size_t size = reader_left(r);
    quill_status s = check_magic(r->at, size, want, g->w->path, g->err);
    if (s) return s;
    reader_take(r, 4);
    uint32_t version = reader_u32le(r);
    if (version && (version & 0xffff) == 0)
        return REFUSE(g, "%s: expected a little-endian GGUF file, found a big-endian one", PATH_OF(g->w));
    if (size >= 8 && version != 2 && version != 3)
        return REFUSE(g, "%s: expected GGUF version 2 or 3, found %" PRIu32, PATH_OF(g->w), version);
    g->n_tensors = reader_u64le(r);
    g->n_meta = reader_u64le(r);
    if (r->failed)
        return REFUSE(g, "%s: expected a GGUF header of %d bytes, found a file of %zu", PATH_OF(g->w), HEADER_BYTES,
                      size);
    return QUILL_OK;
}

// A count is accepted only if that many of the smallest records fit into the rest of the file.
static quill_status check_count(struct gguf *g, uint64_t n, uint64_t least, const char *what) {
    if (n <= reader_left(&g->r) / least) return QUILL_OK;
    return REFUSE(g, "%s: expected %s within the file, found a count of %" PRIu64 " with %zu bytes left", PATH_OF(g->w),
                  what, n, reader_left(&g->r));
}

static quill_status metadata(struct gguf *g) {
    struct weights *w = g->w;
    quill_status s = check_count(g, g->n_meta, LEAST_KEY, "metadata");
    void *p = NULL;
    if (!s) s = weights_reserve(w, g->n_meta, sizeof *w->meta, "metadata keys", w->file_bytes, &p, g->err);
    if (s) return s;
    w->meta = p;
    for (uint64_t i = 0; i < g->n_meta; i++) {
        struct meta m = {.key = reader_string64(&g->r, NAME_BYTES)};
        uint32_t type = reader_u32le(&g->r);
        if (g->r.failed)
            return REFUSE(g,
                          "%s: metadata key %" PRIu64 ": expected at most %d bytes, all within the file (byte %" PRIu64
                          ")",
                          PATH_OF(w), i, NAME_BYTES, reader_offset(&g->r));
        if (m.key.n == 0) return REFUSE(g, "%s: metadata key %" PRIu64 ": expected a name, found none", PATH_OF(w), i);
        s = gguf_value(&g->r, type, 1, &m, w->path, g->err);
        if (s) return s;
        w->meta[w->n_meta++] = m;
    }
    return weights_index_meta(w, g->err);
}

static quill_status read_alignment(struct gguf *g) {
    const struct meta *m = weights_meta(g->w, STR("general.alignment"));
    g->alignment = DEFAULT_ALIGNMENT;
    if (!m) return QUILL_OK;
    if (m->gguf_type != GGUF_U32)
        return REFUSE(g, "%s: metadata 'general.alignment': expected type 4 (u32), found type %" PRIu32, PATH_OF(g->w),
                      (uint32_t)m->gguf_type);
    if (m->i < MIN_ALIGNMENT || m->i > MAX_ALIGNMENT || (m->i & (m->i - 1)))
        return REFUSE(g, "%s: metadata 'general.alignment': expected a power of two from %d to %d, found %" PRId64,
                      PATH_OF(g->w), MIN_ALIGNMENT, MAX_ALIGNMENT, m->i);
    g->alignment = (uint64_t)m->i;
    return QUILL_OK;
}

// Sets t->bytes; 0 if the type number is not known.
static quill_status extent(struct gguf *g, struct tensor *t, uint32_t type) {
    uint64_t values = 1;
    for (int i = 0; i < t->n_dims; i++)
        if (!checked_mul(&values, values, t->shape[i]))
            return REFUSE(g, "%s: tensor '%s': expected a size that fits 64 bits, found a larger one", PATH_OF(g->w),
                          QUOTED(t->name));
    t->bytes = 0;
    uint64_t row;
    if (!t->type) return QUILL_OK;
    if (!dtype_gguf_bytes(type, t->shape[t->n_dims - 1], &row) || !dtype_gguf_bytes(type, values, &t->bytes))
        return REFUSE(g, "%s: tensor '%s': expected rows of whole %s blocks, found %" PRIu64 " values", PATH_OF(g->w),
                      QUOTED(t->name), t->type, t->shape[t->n_dims - 1]);
    return QUILL_OK;
}

// One entry of the tensor table. t->offset stays relative to the data, which begins after the table.
static quill_status tensor_entry(struct gguf *g, struct tensor *t) {
    struct reader *r = &g->r;
    *t = (struct tensor){.name = reader_string64(r, NAME_BYTES)};
    uint32_t n_dims = reader_u32le(r);
    if (!r->failed && (n_dims < 1 || n_dims > TENSOR_MAX_DIMS))
        return REFUSE(g, "%s: tensor '%s': expected 1 to %d dimensions, found %" PRIu32, PATH_OF(g->w), QUOTED(t->name),
                      TENSOR_MAX_DIMS, n_dims);
    t->n_dims = r->failed ? 0 : (int)n_dims;
    for (int i = t->n_dims - 1; i >= 0; i--) t->shape[i] = reader_u64le(r); // the file stores the innermost first
    const uint32_t type = reader_u32le(r);
    t->offset = reader_u64le(r);
    if (r->failed)
        return REFUSE(g, "%s: tensor %zu ('%s'): expected an entry within the file, found its end (byte %" PRIu64 ")",
                      PATH_OF(g->w), g->w->n_tensors, QUOTED(t->name), reader_offset(r));
    t->dtype = dtype_from_gguf(type);
    t->type = dtype_gguf_name(type);
    return extent(g, t, type);
}

// Turns the relative offset into an offset in the file, and checks that the tensor lies within the file.
static quill_status place(struct gguf *g, struct tensor *t) {
    uint64_t end, size = (uint64_t)(g->r.end - g->r.start);
    if (t->offset % g->alignment)
        return REFUSE(g, "%s: tensor '%s': expected an offset aligned to %" PRIu64 ", found %" PRIu64, PATH_OF(g->w),
                      QUOTED(t->name), g->alignment, t->offset);
    if (!checked_add(&t->offset, t->offset, g->data_start) || !checked_add(&end, t->offset, t->bytes) || end > size)
        return REFUSE(g,
                      "%s: tensor '%s': expected %" PRIu64 " bytes within the file, found a file of %" PRIu64 " bytes",
                      PATH_OF(g->w), QUOTED(t->name), t->bytes, size);
    t->data = g->r.start + t->offset;
    return QUILL_OK;
}

static quill_status check_overlap(struct gguf *g) {
    const struct weights *w = g->w;
    for (size_t i = 1; i < w->n_tensors; i++) {
        const struct tensor *a = &w->tensors[i - 1], *b = &w->tensors[i];
        if (a->offset + a->bytes > b->offset)
            return REFUSE(g, "%s: tensor '%s': expected data of its own, found an overlap with tensor '%s'", PATH_OF(w),
                          QUOTED(b->name), QUOTED(a->name));
    }
    return QUILL_OK;
}

static quill_status tensors(struct gguf *g) {
    struct weights *w = g->w;
    quill_status s = read_alignment(g);
    if (!s) s = check_count(g, g->n_tensors, LEAST_TENSOR, "tensors");
    void *p = NULL;
    if (!s) s = weights_reserve(w, g->n_tensors, sizeof *w->tensors, "tensors", w->file_bytes, &p, g->err);
    if (s) return s;
    w->tensors = p;
    for (uint64_t i = 0; i < g->n_tensors; i++, w->n_tensors++)
        if ((s = tensor_entry(g, &w->tensors[i]))) return s;
    if (!checked_round_up(&g->data_start, reader_offset(&g->r), g->alignment)) return fail_memory(g->err); // never
    for (size_t i = 0; i < w->n_tensors; i++)
        if ((s = place(g, &w->tensors[i]))) return s;
    weights_sort_tensors(w);
    s = weights_index_tensors(w, g->err);
    return s ? s : check_overlap(g);
}

static quill_status parse(struct weights *w, const void *data, size_t size, enum weights_want want, quill_error *err) {
    struct gguf g = {.r = reader_over(data, size), .w = w, .err = err};
    w->file_bytes = size;
    quill_status s = header(&g, want);
    if (!s) s = metadata(&g);
    if (!s && weights_want_tensors(want)) s = tensors(&g);
    return s;
}

quill_status weights_open_memory(struct weights **out, const void *data, size_t size, const char *name,
                                 enum weights_want want, quill_error *err) {
    struct weights *w = weights_new(WEIGHTS_GGUF, name);
    *out = NULL;
    if (!w) return fail_memory(err);
    quill_status s = parse(w, data, size, want, err);
    if (s) weights_close(w);
    else *out = w;
    return s;
}

quill_status gguf_open_file(struct weights **out, const char *path, enum weights_want want, enum map_how how,
                            quill_error *err) {
    struct weights *w = weights_new(WEIGHTS_GGUF, path);
    *out = NULL;
    if (!w) return fail_memory(err);
    quill_status s = QUILL_OK;
    w->own->maps = arena_alloc(&w->own->arena, 1, sizeof *w->own->maps);
    if (!w->own->maps) s = fail_memory(err);
    if (!s && how == MAP_READ) { // checks the format before gigabytes of another are read
        uint8_t head[16] = {0};
        size_t n = sizeof head;
        s = map_head(head, &n, path, QUILL_E_MODEL, err);
        if (!s) s = check_magic(head, n, want, path, err);
    }
    if (!s) s = map_open(&w->own->maps[0], path, how, QUILL_E_MODEL, err);
    if (!s) {
        w->own->n_maps = 1;
        s = parse(w, w->own->maps[0].data, w->own->maps[0].size, want, err);
    }
    if (s) weights_close(w);
    else *out = w;
    return s;
}

quill_status gguf_open(struct weights **out, const char *path, enum weights_want want, enum map_how how,
                       quill_error *err) {
    quill_status s = gguf_open_file(out, path, want, how, err);
    if (!s) s = gguf_open_parts(*out, want, how, err);
    if (!s || !*out) return s;
    weights_close(*out);
    *out = NULL;
    return s;
}
