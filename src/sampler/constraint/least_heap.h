// SPDX-License-Identifier: MIT
// A binary heap for Dijkstra's algorithm: numbers by their distances, the nearest one first.
#ifndef QUILL_SAMPLER_CONSTRAINT_LEAST_HEAP_H
#define QUILL_SAMPLER_CONSTRAINT_LEAST_HEAP_H

#include <stddef.h>
#include <stdint.h>

struct least_heap {
    uint64_t *entries; // [n] distance << 32 | number; the room is the caller's
    size_t n;
};

static inline void least_heap_push(struct least_heap *h, uint32_t number, uint32_t distance) {
    const uint64_t entry = (uint64_t)distance << 32 | number;
    size_t at = h->n++;
    for (; at && h->entries[(at - 1) / 2] > entry; at = (at - 1) / 2) h->entries[at] = h->entries[(at - 1) / 2];
    h->entries[at] = entry;
}

static inline uint32_t least_heap_pop(struct least_heap *h, uint32_t *distance) {
    const uint64_t top = h->entries[0], last = h->entries[--h->n];
    size_t at = 0;
    for (size_t child; (child = 2 * at + 1) < h->n; at = child) {
        if (child + 1 < h->n && h->entries[child + 1] < h->entries[child]) child++;
        if (h->entries[child] >= last) break;
        h->entries[at] = h->entries[child];
    }
    if (h->n) h->entries[at] = last;
    *distance = (uint32_t)(top >> 32);
    return (uint32_t)top;
}

#endif
