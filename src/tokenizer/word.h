// SPDX-License-Identifier: MIT
// Runs of at most 16 bytes as two integers, to compare and hash them without a loop.
#ifndef QUILL_TOKENIZER_WORD_H
#define QUILL_TOKENIZER_WORD_H

#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/hash.h"

enum { WORD_BYTES = 16 };

struct word {
    uint64_t low, high; // bytes 0..7 and 8..15, little-endian, zeros after the end
};

// p[0..n), n <= 16. All 16 bytes at p are read, whatever n is.
static inline struct word word_at(const char *p, size_t n) {
    struct word w = {load_u64(p), load_u64(p + 8)};
    size_t cut_low = n < 8 ? 8 - n : 0, cut_high = n < 8 ? 8 : 16 - n;
    // A shift by 64 is undefined, so each is done in two halves.
    w.low = w.low << (4 * cut_low) << (4 * cut_low) >> (4 * cut_low) >> (4 * cut_low);
    w.high = w.high << (4 * cut_high) << (4 * cut_high) >> (4 * cut_high) >> (4 * cut_high);
    return w;
}

// The same for text that may end within the 16 bytes: nothing from `end` on is read.
static inline struct word word_before(const char *p, size_t n, const char *end) {
    if ((size_t)(end - p) >= WORD_BYTES) return word_at(p, n);
    char padded[WORD_BYTES] = {0};
    memcpy(padded, p, n);
    return (struct word){load_u64(padded), load_u64(padded + 8)};
}

// One multiplication for each integer, folded; every bit of the word affects the upper half.
static inline uint64_t word_hash(struct word w) {
    uint64_t x = w.low * 0x9e3779b97f4a7c15u ^ (w.high + 0x632be59bd9b4e019u) * 0xd1b54a32d192ed03u;
    x ^= x >> 32;
    x *= 0xbf58476d1ce4e5b9u;
    return x ^ x >> 29;
}

#endif
