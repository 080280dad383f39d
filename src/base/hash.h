// SPDX-License-Identifier: MIT
// A 64-bit hash of bytes, the same on every machine. Not cryptographic: for accidental damage and hash tables.
#ifndef QUILL_BASE_HASH_H
#define QUILL_BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

uint64_t hash_bytes(const void *data, size_t n, uint64_t seed);

// A bijection of 64-bit values whose every output bit depends on every input bit (the finaliser of MurmurHash3, by
// Appleby, with the constants of Stafford's variant 13, as in splitmix64).
static inline uint64_t hash_mix(uint64_t x) {
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

#endif
