// SPDX-License-Identifier: MIT
#include "spm_model.h"

#include "base/alloc.h"
#include "base/bytes.h"
#include "base/reader.h"

// ---- protobuf -------------------------------------------------------------------------------------------------------

// A field of a message, by its kind on the wire.
enum wire { WIRE_VARINT, WIRE_8_BYTES, WIRE_BYTES, WIRE_4_BYTES = 5 };
struct field {
    uint64_t number;
    enum wire wire;
    uint64_t value;   // WIRE_VARINT
    struct str bytes; // the others
};

// At most ten bytes, seven bits in each, the lowest first.
static uint64_t read_varint(struct reader *r) {
    uint64_t value = 0;
    for (unsigned shift = 0; shift < 70; shift += 7) {
        const uint8_t *byte = reader_take(r, 1);
        if (!byte) return 0;
        if (shift == 63 && *byte > 1) break;
        value |= (uint64_t)(*byte & 0x7f) << shift;
        if (*byte < 0x80) return value;
    }
    r->failed = true;
    return 0;
}

// False: the message ends, or it is damaged (r->failed).
static bool next_field(struct reader *r, struct field *field) {
    if (reader_left(r) == 0) return false;
    const uint64_t key = read_varint(r);
    *field = (struct field){.number = key >> 3, .wire = (enum wire)(key & 7)};
    r->failed |= field->number == 0;
    uint64_t n = 0;
    switch (field->wire) {
    case WIRE_VARINT: field->value = read_varint(r); break;
    case WIRE_8_BYTES: n = 8; break;
    case WIRE_4_BYTES: n = 4; break;
    case WIRE_BYTES: n = read_varint(r); break;
    default: r->failed = true;
    }
    const uint8_t *bytes = reader_take(r, n);
    if (bytes) field->bytes = (struct str){(const char *)bytes, (size_t)n};
    return !r->failed;
}

static bool is_field(const struct field *field, uint64_t number, enum wire wire) {
    return field->number == number && field->wire == wire;
}

static struct reader message(const struct field *field) { return reader_over(field->bytes.p, field->bytes.n); }

// An int32: negative ones have all 64 bits.
static int64_t number_of(const struct field *field) { return (int64_t)field->value; }

// ---- the parts of a model -------------------------------------------------------------------------------------------

static bool read_piece(struct spm_piece *piece, const struct field *of) {
    struct reader r = message(of);
    struct field field;
    *piece = (struct spm_piece){.text = {"", 0}, .type = SPM_NORMAL};
    while (next_field(&r, &field)) {
        if (is_field(&field, 1, WIRE_BYTES)) piece->text = field.bytes;
        if (is_field(&field, 2, WIRE_4_BYTES)) memcpy(&piece->score, field.bytes.p, sizeof piece->score);
        if (!is_field(&field, 3, WIRE_VARINT)) continue;
        if (field.value < SPM_NORMAL || field.value > SPM_BYTE) return false;
        piece->type = (enum spm_type)field.value;
    }
    return !r.failed;
}

static bool read_trainer(struct spm_model *m, const struct field *of) {
    struct reader r = message(of);
    struct field field;
    while (next_field(&r, &field)) {
        if (field.wire != WIRE_VARINT) continue;
        switch (field.number) {
        case 3: m->algorithm = number_of(&field); break;
        case 24: m->suffix_spaces = field.value != 0; break;
        case 35: m->byte_fallback = field.value != 0; break;
        case 40: m->unk = number_of(&field); break;
        case 41: m->bos = number_of(&field); break;
        case 42: m->eos = number_of(&field); break;
        default: break;
        }
    }
    return !r.failed;
}

static bool read_normalizer(struct spm_model *m, const struct field *of) {
    struct reader r = message(of);
    struct field field;
    while (next_field(&r, &field)) {
        if (is_field(&field, 2, WIRE_BYTES)) m->charsmap = field.bytes;
        if (is_field(&field, 3, WIRE_VARINT)) m->dummy_prefix = field.value != 0;
        if (is_field(&field, 4, WIRE_VARINT)) m->merges_spaces = field.value != 0;
        if (is_field(&field, 5, WIRE_VARINT)) m->escapes_spaces = field.value != 0;
    }
    return !r.failed;
}

static quill_status damaged(const char *file, uint64_t at, quill_error *err) {
    return fail_at(err, QUILL_E_MODEL, at, "%s: expected SentencePiece's model, found something else (byte %llu)",
                   QUOTED(str_of(file)), (unsigned long long)at);
}

static quill_status add_piece(struct spm_model *m, const struct field *field, size_t most, const char *file,
                              quill_error *err) {
    if (m->n == most)
        return fail(err, QUILL_E_MODEL, "%s: expected at most %zu tokens, found more", QUOTED(str_of(file)), most);
    if (m->n == m->cap) {
        struct spm_piece *pieces = alloc_grow(m->pieces, &m->cap, m->n + 1, sizeof *pieces);
        if (!pieces) return fail_memory(err);
        m->pieces = pieces;
    }
    if (read_piece(&m->pieces[m->n], field)) return m->n++, QUILL_OK;
    return fail(err, QUILL_E_MODEL, "%s: token %zu: expected a text, a score and a type, found something else",
                QUOTED(str_of(file)), m->n);
}

static quill_status read_model(struct spm_model *m, struct str bytes, size_t most, const char *file,
                               quill_error *err) {
    struct reader r = reader_over(bytes.p, bytes.n);
    struct field field;
    quill_status status = QUILL_OK;
    uint64_t at = 0;
    while (!status && (at = reader_offset(&r), next_field(&r, &field))) {
        if (is_field(&field, 1, WIRE_BYTES)) status = add_piece(m, &field, most, file, err);
        if (is_field(&field, 2, WIRE_BYTES) && !read_trainer(m, &field)) return damaged(file, at, err);
        if (is_field(&field, 3, WIRE_BYTES) && !read_normalizer(m, &field)) return damaged(file, at, err);
    }
    return status || (!reader_left(&r) && !r.failed && m->n) ? status : damaged(file, at, err);
}

quill_status spm_model_read(struct spm_model *m, struct str bytes, size_t most, const char *file, quill_error *err) {
    *m = (struct spm_model){.algorithm = SPM_UNIGRAM, .unk = 0, .bos = 1, .eos = 2, .dummy_prefix = true,
                            .merges_spaces = true, .escapes_spaces = true};
    quill_status status = read_model(m, bytes, most, file, err);
    if (status) spm_model_free(m);
    return status;
}

void spm_model_free(struct spm_model *m) {
    free(m->pieces);
    *m = (struct spm_model){0};
}
