// SPDX-License-Identifier: MIT
#include "checksum.h"

#include "bytes.h"
#include "hash.h"

enum { LANES = 8, STEP = LANES * 8 };

// One step of a lane: a bijection of the lane for every word, and of the word for every lane, so that a changed word
// always changes the lane. The rotation brings high bits back to where the multiplication spreads them.
static inline uint64_t step(uint64_t lane, uint64_t word) {
    return (((lane << 29) | (lane >> 35)) ^ word) * 0x9e3779b97f4a7c15u;
}

// Eight independent lanes keep a multiplier busy.
uint64_t checksum_bytes(const void *data, size_t n, uint64_t seed) {
    const uint8_t *p = data;
    uint8_t tail[STEP] = {0};
    uint64_t a = seed, b = seed + 1, c = seed + 2, d = seed + 3, e = seed + 4, f = seed + 5, g = seed + 6, h = seed + 7;
    size_t left = n;
    for (;; p += STEP, left -= STEP) {
        if (left < STEP) {
            if (left) memcpy(tail, p, left);
            p = tail;
        }
        a = step(a, load_u64(p)), b = step(b, load_u64(p + 8)), c = step(c, load_u64(p + 16));
        d = step(d, load_u64(p + 24)), e = step(e, load_u64(p + 32)), f = step(f, load_u64(p + 40));
        g = step(g, load_u64(p + 48)), h = step(h, load_u64(p + 56));
        if (p == tail) break;
    }
    const uint64_t lanes[LANES] = {a, b, c, d, e, f, g, h};
    uint64_t sum = hash_mix(seed ^ n);
    for (int i = 0; i < LANES; i++) sum = hash_mix(sum ^ hash_mix(lanes[i]));
    return sum;
}
