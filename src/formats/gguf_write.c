// SPDX-License-Identifier: MIT
// Writes what gguf.c reads; the layout is described there.
#include "gguf_write.h"

#include "base/alloc.h"
#include "base/arena.h"
#include "base/buffer.h"
#include "base/bytes.h"
#include "base/checked.h"
#include "base/save.h"
#include "own.h"

enum { VERSION = 3, ALIGNMENT = 32, PIECE_BYTES = 1 << 20 };

struct gguf_writer {
    struct buffer meta;  // the encoded pairs
    uint64_t n_meta;
    struct buffer table; // the encoded tensor table
    struct buffer rows;  // struct extent[n_tensors]
    uint64_t n_tensors, next_offset;
    const char *failure; // NULL: none
    struct save_watch watch;
};

struct extent {
    uint64_t n_rows, row_bytes;
};

struct gguf_writer *gguf_writer_new(void) { return alloc_zeroed(1, sizeof(struct gguf_writer)); }

void gguf_writer_free(struct gguf_writer *g) {
    if (!g) return;
    buffer_free(&g->meta);
    buffer_free(&g->table);
    buffer_free(&g->rows);
    free(g);
}

static bool failed(struct gguf_writer *g, const char *why) {
    if (!g->failure) g->failure = why;
    return false;
}

static bool put(struct gguf_writer *g, struct buffer *b, const void *bytes, size_t n) {
    return !g->failure && (buffer_add(b, bytes, n) || failed(g, "out of memory"));
}

static bool put_u32(struct gguf_writer *g, struct buffer *b, uint32_t v) { return put(g, b, &v, sizeof v); }
static bool put_u64(struct gguf_writer *g, struct buffer *b, uint64_t v) { return put(g, b, &v, sizeof v); }

static bool put_str(struct gguf_writer *g, struct buffer *b, struct str s) {
    return put_u64(g, b, s.n) && put(g, b, s.p, s.n);
}

// ---- metadata -------------------------------------------------------------------------------------------------------

static bool put_key(struct gguf_writer *g, struct str key, uint32_t type) {
    g->n_meta++;
    return put_str(g, &g->meta, key) && put_u32(g, &g->meta, type);
}

static bool put_array(struct gguf_writer *g, struct str key, uint32_t type, uint64_t n) {
    return put_key(g, key, GGUF_ARRAY) && put_u32(g, &g->meta, type) && put_u64(g, &g->meta, n);
}

bool gguf_put_u32(struct gguf_writer *g, const char *key, uint32_t value) {
    return put_key(g, str_of(key), GGUF_U32) && put_u32(g, &g->meta, value);
}

bool gguf_put_f32(struct gguf_writer *g, const char *key, float value) {
    return put_key(g, str_of(key), GGUF_F32) && put_u32(g, &g->meta, f32_bits(value));
}

bool gguf_put_bool(struct gguf_writer *g, const char *key, bool value) {
    return put_key(g, str_of(key), GGUF_BOOL) && put(g, &g->meta, &(uint8_t){value}, 1);
}

bool gguf_put_string(struct gguf_writer *g, const char *key, struct str value) {
    return put_key(g, str_of(key), GGUF_STRING) && put_str(g, &g->meta, value);
}

bool gguf_put_strings(struct gguf_writer *g, const char *key, const struct str *values, size_t n) {
    bool ok = put_array(g, str_of(key), GGUF_STRING, n);
    for (size_t i = 0; ok && i < n; i++) ok = put_str(g, &g->meta, values[i]);
    return ok;
}

bool gguf_put_bools(struct gguf_writer *g, const char *key, const bool *values, size_t n) {
    bool ok = put_array(g, str_of(key), GGUF_BOOL, n);
    for (size_t i = 0; ok && i < n; i++) ok = put(g, &g->meta, &(uint8_t){values[i]}, 1);
    return ok;
}

bool gguf_put_i32s(struct gguf_writer *g, const char *key, const int32_t *values, size_t n) {
    return put_array(g, str_of(key), GGUF_I32, n) && put(g, &g->meta, values, n * sizeof *values);
}

bool gguf_put_f32s(struct gguf_writer *g, const char *key, const float *values, size_t n) {
    return put_array(g, str_of(key), GGUF_F32, n) && put(g, &g->meta, values, n * sizeof *values);
}

bool gguf_put_meta(struct gguf_writer *g, const struct meta *m) {
    if (str_is(m->key, "general.alignment")) return !g->failure; // the other file's; this file has its own
    if (m->gguf_type == GGUF_ARRAY)
        return put_array(g, m->key, m->a.gguf_type, m->a.n) && put(g, &g->meta, m->a.data, m->a.bytes);
    if (m->gguf_type == GGUF_STRING) return put_key(g, m->key, GGUF_STRING) && put_str(g, &g->meta, m->s);
    size_t n;
    if (!gguf_fixed_size(m->gguf_type, &n)) return failed(g, "a metadata value of an unknown type");
    uint64_t bits = (uint64_t)m->i; // little endian: the low bytes are the narrower integer
    if (m->kind == META_BOOL) bits = m->b;
    if (m->kind == META_FLOAT) bits = n == 4 ? f32_bits((float)m->f) : f64_bits(m->f);
    return put_key(g, m->key, m->gguf_type) && put(g, &g->meta, &bits, n);
}

// ---- tensors --------------------------------------------------------------------------------------------------------

bool gguf_put_tensor(struct gguf_writer *g, struct str name, enum dtype type, const uint64_t *shape, int n_dims) {
    struct extent e = {.n_rows = 1};
    uint64_t bytes, end;
    bool fits = type < DTYPE_NONE && n_dims >= 1 && n_dims <= TENSOR_MAX_DIMS;
    for (int i = 0; fits && i < n_dims - 1; i++) fits = checked_mul(&e.n_rows, e.n_rows, shape[i]);
    fits = fits && dtype_bytes(type, shape[n_dims - 1], &e.row_bytes) && checked_mul(&bytes, e.n_rows, e.row_bytes) &&
           checked_add(&end, g->next_offset, bytes) && checked_round_up(&end, end, ALIGNMENT);
    if (!fits) return failed(g, "a tensor whose shape does not fit its type");
    bool ok = put_str(g, &g->table, name) && put_u32(g, &g->table, (uint32_t)n_dims);
    for (int i = n_dims - 1; ok && i >= 0; i--) ok = put_u64(g, &g->table, shape[i]); // innermost first
    ok = ok && put_u32(g, &g->table, dtypes[type].gguf) && put_u64(g, &g->table, g->next_offset) &&
         put(g, &g->rows, &e, sizeof e);
    g->n_tensors++;
    g->next_offset = end;
    return ok;
}

// ---- the file -------------------------------------------------------------------------------------------------------

static quill_status pad(struct save *save, quill_error *err) {
    static const uint8_t zeros[ALIGNMENT];
    size_t rest = (size_t)(save->written % ALIGNMENT);
    return rest ? save_write(save, zeros, ALIGNMENT - rest, err) : QUILL_OK;
}

enum { HEADER_BYTES = 24 };

static void make_header(const struct gguf_writer *g, uint64_t n_tensors, uint8_t out[HEADER_BYTES]) {
    memcpy(out, "GGUF", 4);
    store_u32(out + 4, VERSION);
    store_u64(out + 8, n_tensors);
    store_u64(out + 16, g->n_meta);
}

bool gguf_writer_keys(const struct gguf_writer *g, struct buffer *out) {
    uint8_t header[HEADER_BYTES];
    make_header(g, 0, header);
    return !g->failure && buffer_add(out, header, sizeof header) && buffer_add(out, g->meta.p, g->meta.n);
}

static quill_status write_head(struct gguf_writer *g, struct save *save, quill_error *err) {
    uint8_t header[HEADER_BYTES];
    make_header(g, g->n_tensors, header);
    quill_status s = save_write(save, header, sizeof header, err);
    if (!s) s = save_write(save, g->meta.p, g->meta.n, err);
    if (!s) s = save_write(save, g->table.p, g->table.n, err);
    return s ? s : pad(save, err);
}

static quill_status write_tensor(struct save *save, size_t index, struct extent e, uint8_t *piece, gguf_fill_fn *fill,
                                 void *user, quill_error *err) {
    uint64_t rows = e.row_bytes && e.row_bytes < PIECE_BYTES ? PIECE_BYTES / e.row_bytes : 1; // in one piece
    for (uint64_t row = 0; e.row_bytes && row < e.n_rows; row += rows) {
        uint64_t n = rows < e.n_rows - row ? rows : e.n_rows - row;
        quill_status s = fill(user, index, row, n, piece, err);
        if (!s) s = save_write(save, piece, (size_t)(n * e.row_bytes), err);
        if (s) return s;
    }
    return pad(save, err);
}

void gguf_writer_watch(struct gguf_writer *g, struct save_watch watch) { g->watch = watch; }

quill_status gguf_writer_save(struct gguf_writer *g, const char *path, gguf_fill_fn *fill, void *user,
                              quill_error *err) {
    if (g->failure) return fail(err, QUILL_E_SYSTEM, "%s: cannot be written: %s", QUOTED(str_of(path)), g->failure);
    const struct extent *extents = (const struct extent *)(const void *)g->rows.p;
    size_t piece_bytes = PIECE_BYTES;
    for (size_t i = 0; i < g->n_tensors; i++)
        if (extents[i].n_rows && extents[i].row_bytes > piece_bytes) piece_bytes = (size_t)extents[i].row_bytes;
    uint8_t *piece = alloc_array(piece_bytes, 1);
    if (!piece) return fail_memory(err);
    struct save save;
    quill_status s = save_begin(&save, path, g->watch, err);
    if (!s) {
        s = write_head(g, &save, err);
        for (size_t i = 0; !s && i < g->n_tensors; i++) s = write_tensor(&save, i, extents[i], piece, fill, user, err);
        if (!s) s = save_commit(&save, err);
        else save_abort(&save);
    }
    free(piece);
    return s;
}
