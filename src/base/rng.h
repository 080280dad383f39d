// SPDX-License-Identifier: MIT
// A counter-based random number generator: a number is a function of its key, so there is no state, and a draw does not
// depend on earlier draws (Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3").
#ifndef QUILL_BASE_RNG_H
#define QUILL_BASE_RNG_H

#include <stddef.h>
#include <stdint.h>

#include "hash.h"

struct rng_key {
    uint64_t seed;
    uint64_t prompt;   // hash of the prompt's token ids
    uint32_t sample;   // index of the sample of this prompt
    uint32_t rejected; // draws rejected at this position so far
    uint64_t position;
};

static inline uint64_t rng_u64(const struct rng_key *key) {
    uint64_t x = hash_mix(key->seed + 0x9e3779b97f4a7c15u);
    x = hash_mix(x ^ hash_mix(key->prompt + 0x6a09e667f3bcc909u));
    x = hash_mix(x ^ hash_mix(((uint64_t)key->sample << 32 | key->rejected) + 0xbb67ae8584caa73bu));
    return hash_mix(x ^ hash_mix(key->position + 0x3c6ef372fe94f82bu));
}

// Uniform in [0, 1), a multiple of 2^-53.
static inline double rng_unit(const struct rng_key *key) { return (double)(rng_u64(key) >> 11) * 0x1p-53; }

// Permutes numbers[n] in an order that depends on the seed alone.
void rng_shuffle(size_t *numbers, size_t n, uint64_t seed);

#endif
