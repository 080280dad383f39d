// SPDX-License-Identifier: MIT
#include "buffer.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "checked.h"
#include "meminfo.h"

bool buffer_reserve(struct buffer *b, size_t more) {
    size_t need;
    if (!checked_add_size(&need, b->n, more)) return false;
    if (need <= b->cap) return true;
    size_t cap = b->cap < 32 ? 64 : b->cap + b->cap / 2;
    if (cap < need) cap = need;
    char *p = meminfo_has_room(cap - b->cap) ? realloc(b->p, cap) : NULL;
    if (!p) return false;
    b->p = p;
    b->cap = cap;
    return true;
}

bool buffer_add(struct buffer *b, const void *bytes, size_t n) {
    if (n == 0) return true;
    if (!buffer_reserve(b, n)) return false;
    memcpy(b->p + b->n, bytes, n);
    b->n += n;
    return true;
}

bool buffer_add_format(struct buffer *b, const char *format, ...) {
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int n = vsnprintf(NULL, 0, format, args);
    bool ok = n >= 0 && buffer_reserve(b, (size_t)n + 1); // vsnprintf ends with a NUL
    if (ok) {
        vsnprintf(b->p + b->n, (size_t)n + 1, format, again);
        b->n += (size_t)n;
    }
    va_end(again);
    va_end(args);
    return ok;
}

void buffer_free(struct buffer *b) {
    free(b->p);
    *b = (struct buffer){0};
}
