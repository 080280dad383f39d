// SPDX-License-Identifier: MIT
// A growable run of bytes. Zeros are an empty buffer; buffer_free makes it empty again.
#ifndef QUILL_BASE_BUFFER_H
#define QUILL_BASE_BUFFER_H

#include <stdbool.h>
#include <stddef.h>

#include "str.h"

struct buffer {
    char *p; // [n], room for cap
    size_t n, cap;
};

bool buffer_reserve(struct buffer *b, size_t more); // room for `more` bytes after n; false: no memory, unchanged
bool buffer_add(struct buffer *b, const void *bytes, size_t n);
static inline bool buffer_add_str(struct buffer *b, struct str s) { return buffer_add(b, s.p, s.n); }
static inline bool buffer_add_string(struct buffer *b, const char *string) { return buffer_add_str(b, str_of(string)); }
__attribute__((format(printf, 2, 3))) bool buffer_add_format(struct buffer *b, const char *format, ...);
static inline bool buffer_add_byte(struct buffer *b, char c) {
    if (b->n == b->cap && !buffer_reserve(b, 1)) return false;
    b->p[b->n++] = c;
    return true;
}
void buffer_free(struct buffer *b);
static inline struct str buffer_str(const struct buffer *b) { return (struct str){b->p, b->n}; }

#endif
