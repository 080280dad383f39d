// SPDX-License-Identifier: MIT
#include "buffer.h"

#include <stdlib.h>

#include "checked.h"

bool buffer_reserve(struct buffer *b, size_t more) {
    size_t need;
    if (!checked_add_size(&need, b->n, more)) return false;
    if (need <= b->cap) return true;
    size_t cap = b->cap < 32 ? 64 : b->cap + b->cap / 2;
    if (cap < need) cap = need;
    char *p = realloc(b->p, cap);
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

void buffer_free(struct buffer *b) {
    free(b->p);
    *b = (struct buffer){0};
}
