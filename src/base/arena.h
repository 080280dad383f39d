// SPDX-License-Identifier: MIT
// Many small allocations with one lifetime. Blocks are never moved; everything is released at once.
#ifndef QUILL_BASE_ARENA_H
#define QUILL_BASE_ARENA_H

#include <stddef.h>

#include "str.h"

struct arena_block;
struct arena {
    struct arena_block *last; // zeros: an empty arena
    size_t bytes;             // taken from the system
};

void *arena_alloc(struct arena *arena, size_t count, size_t size); // 16-byte aligned, not cleared; NULL: no memory
char *arena_string(struct arena *arena, struct str s);             // NUL-terminated copy; NULL: no memory
void arena_free(struct arena *arena);                              // releases all; the arena is empty again

#endif
