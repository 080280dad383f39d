// SPDX-License-Identifier: MIT
// Tells models apart without reading all of them.
#include "base/checksum.h"
#include "base/hash.h"
#include "own.h"

enum { SAMPLE = 4096 }; // bytes at each end of a tensor

static uint64_t with_value(uint64_t sum, uint64_t value) { return hash_mix(sum ^ hash_mix(value + 1)); }

static uint64_t with_bytes(uint64_t sum, const void *data, size_t n) {
    return with_value(sum, checksum_bytes(n ? data : "", n, sum));
}

// Arrays of config.json are left to the checksum of the whole file.
static uint64_t with_meta(uint64_t sum, const struct meta *m, bool gguf) {
    sum = with_bytes(sum, m->key.p, m->key.n);
    sum = with_value(sum, (uint64_t)m->kind << 8 | m->gguf_type);
    switch (m->kind) {
    case META_BOOL: return with_value(sum, m->b);
    case META_INT: return with_value(sum, (uint64_t)m->i);
    case META_FLOAT: return with_bytes(sum, &m->f, sizeof m->f);
    case META_STRING: return with_bytes(sum, m->s.p, m->s.n);
    case META_ARRAY: return gguf ? with_bytes(with_value(sum, m->a.gguf_type), m->a.data, m->a.bytes) : sum;
    default: return sum;
    }
}

static uint64_t with_tensor(uint64_t sum, const struct tensor *t, bool whole) {
    const size_t n = (size_t)t->bytes;
    sum = with_bytes(sum, t->name.p, t->name.n);
    sum = with_bytes(sum, t->shape, (size_t)t->n_dims * sizeof *t->shape);
    sum = with_value(with_value(with_value(sum, (uint64_t)t->dtype), t->offset), n);
    if (whole || n <= 2 * (size_t)SAMPLE) return with_bytes(sum, t->data, n);
    return with_bytes(with_bytes(sum, t->data, SAMPLE), t->data + n - SAMPLE, SAMPLE);
}

uint64_t weights_identity(const struct weights *w) {
    const struct weights_private *own = w->own;
    uint64_t sum = with_value(own->config, (uint64_t)w->format);
    for (size_t i = 0; i < own->n_maps; i++) sum = with_value(sum, own->maps[i].stamp);
    for (size_t i = 0; i < own->n_parts; i++)
        for (size_t k = 0; k < own->parts[i]->own->n_maps; k++)
            sum = with_value(sum, own->parts[i]->own->maps[k].stamp);
    for (size_t i = 0; i < w->n_meta; i++) sum = with_meta(sum, &w->meta[i], w->format == WEIGHTS_GGUF);
    for (size_t i = 0; i < w->n_tensors; i++) sum = with_tensor(sum, &w->tensors[i], own->n_maps == 0);
    return sum;
}
