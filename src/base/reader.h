// SPDX-License-Identifier: MIT
// A cursor over untrusted little-endian bytes with a sticky error: reads past the end return zeros and set `failed`, so
// a parser reads a whole record and checks once. Limits are arguments.
#ifndef QUILL_BASE_READER_H
#define QUILL_BASE_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bytes.h"
#include "str.h"

struct reader {
    const uint8_t *start, *at, *end; // start <= at <= end
    bool failed;                     // a read did not fit; `at` stays where the first such read began
};

static inline struct reader reader_over(const void *data, size_t size) {
    const uint8_t *p = data;
    return (struct reader){p, p, size ? p + size : p, false};
}

static inline size_t reader_left(const struct reader *r) { return r->failed ? 0 : (size_t)(r->end - r->at); }

static inline uint64_t reader_offset(const struct reader *r) { return (uint64_t)(r->at - r->start); }

// The next n bytes, borrowed; NULL and `failed` when there are fewer.
static inline const uint8_t *reader_take(struct reader *r, uint64_t n) {
    if (r->failed || n > (uint64_t)(r->end - r->at)) {
        r->failed = true;
        return NULL;
    }
    const uint8_t *p = r->at;
    r->at += n;
    return p;
}

static inline uint32_t reader_u32le(struct reader *r) {
    const uint8_t *p = reader_take(r, 4);
    return p ? load_u32(p) : 0;
}

static inline uint64_t reader_u64le(struct reader *r) {
    const uint8_t *p = reader_take(r, 8);
    return p ? load_u64(p) : 0;
}

// A u64 length of at most `limit`, then that many bytes.
static inline struct str reader_string64(struct reader *r, uint64_t limit) {
    uint64_t n = reader_u64le(r);
    if (n > limit) r->failed = true;
    const uint8_t *p = reader_take(r, n);
    return p ? (struct str){(const char *)p, (size_t)n} : (struct str){NULL, 0};
}

#endif
