// SPDX-License-Identifier: MIT
#include "arena.h"

#include <stdalign.h>
#include <stdint.h>
#include <stdlib.h>

#include "checked.h"

enum { BLOCK_BYTES = 64 * 1024 };

struct arena_block {
    struct arena_block *previous;
    size_t used, size;
    alignas(16) unsigned char data[];
};

static struct arena_block *add_block(struct arena *arena, size_t least) {
    size_t size = least > BLOCK_BYTES ? least : BLOCK_BYTES, bytes;
    if (!checked_add_size(&bytes, size, sizeof(struct arena_block))) return NULL;
    struct arena_block *block = malloc(bytes);
    if (!block) return NULL;
    *block = (struct arena_block){.previous = arena->last, .size = size};
    arena->last = block;
    arena->bytes += bytes;
    return block;
}

void *arena_alloc(struct arena *arena, size_t count, size_t size) {
    size_t bytes, rounded;
    if (!checked_mul_size(&bytes, count, size) || !checked_add_size(&rounded, bytes, 15)) return NULL;
    rounded &= ~(size_t)15;
    struct arena_block *block = arena->last;
    if (!block || block->size - block->used < rounded) block = add_block(arena, rounded);
    if (!block) return NULL;
    void *p = block->data + block->used;
    block->used += rounded;
    return p;
}

char *arena_string(struct arena *arena, struct str s) {
    size_t bytes;
    if (!checked_add_size(&bytes, s.n, 1)) return NULL;
    char *copy = arena_alloc(arena, bytes, 1);
    if (!copy) return NULL;
    if (s.n) memcpy(copy, s.p, s.n);
    copy[s.n] = '\0';
    return copy;
}

void arena_free(struct arena *arena) {
    for (struct arena_block *block = arena->last, *previous; block; block = previous) {
        previous = block->previous;
        free(block);
    }
    *arena = (struct arena){0};
}
