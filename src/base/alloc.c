// SPDX-License-Identifier: MIT
#include "alloc.h"

#include <stdint.h>

#include "checked.h"
#include "meminfo.h"

void *alloc_array(size_t count, size_t size) {
    size_t bytes;
    if (!checked_mul_size(&bytes, count, size)) return NULL;
    return malloc(bytes ? bytes : 1);
}

void *alloc_zeroed(size_t count, size_t size) { return calloc(count ? count : 1, size ? size : 1); }

void *alloc_resize(void *old, size_t count, size_t size) {
    size_t bytes;
    if (!checked_mul_size(&bytes, count, size)) return NULL;
    return realloc(old, bytes ? bytes : 1);
}

void *alloc_grow(void *old, size_t *cap, size_t need, size_t size) {
    if (old && need <= *cap) return old;
    size_t larger = *cap + *cap / 2 + 8, count = larger > need ? larger : need, more;
    const bool room = checked_mul_size(&more, count - *cap, size) && meminfo_has_room(more);
    void *p = room ? alloc_resize(old, count, size) : NULL;
    if (p) *cap = count;
    return p;
}

void *alloc_aligned(size_t alignment, size_t count, size_t size) {
    size_t bytes;
    void *p = NULL;
    if (!checked_mul_size(&bytes, count, size)) return NULL;
    return posix_memalign(&p, alignment, bytes ? bytes : 1) == 0 ? p : NULL;
}

char *alloc_string(struct str s) {
    size_t bytes;
    char *copy;
    if (!checked_add_size(&bytes, s.n, 1) || !(copy = malloc(bytes))) return NULL;
    if (s.n) memcpy(copy, s.p, s.n);
    copy[s.n] = '\0';
    return copy;
}
