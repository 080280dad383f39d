// SPDX-License-Identifier: MIT
// A borrowed run of bytes: length-delimited, may hold NULs, need not be UTF-8.
#ifndef QUILL_BASE_STR_H
#define QUILL_BASE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct str {
    const char *p; // [n], may be NULL when n is 0
    size_t n;
};

#define STR(literal) ((struct str){"" literal, sizeof(literal) - 1})

// The value of a hexadecimal digit; -1: it is none.
static inline int hex_value(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    return (c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32) - 'a' + 10 : -1;
}

static inline struct str str_of(const char *text) { return (struct str){text, strlen(text)}; }

static inline bool str_equal(struct str a, struct str b) {
    return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

static inline bool str_is(struct str a, const char *text) { return str_equal(a, str_of(text)); }

static inline bool str_starts(struct str a, struct str prefix) {
    return a.n >= prefix.n && (prefix.n == 0 || memcmp(a.p, prefix.p, prefix.n) == 0);
}

static inline bool str_ends(struct str a, struct str suffix) {
    return a.n >= suffix.n && (suffix.n == 0 || memcmp(a.p + a.n - suffix.n, suffix.p, suffix.n) == 0);
}

// Lexicographic by unsigned bytes; a prefix comes first.
static inline int str_compare(struct str a, struct str b) {
    size_t n = a.n < b.n ? a.n : b.n;
    int order = n ? memcmp(a.p, b.p, n) : 0;
    return order ? order : (a.n > b.n) - (a.n < b.n);
}

#endif
