// SPDX-License-Identifier: MIT
#include "rng.h"

// splitmix64 (Steele, Lea, Flood 2014)
static uint64_t next_random(uint64_t *state) {
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

void rng_shuffle(size_t *numbers, size_t n, uint64_t seed) {
    for (size_t i = n; i > 1; i--) { // Fisher-Yates; rejects draws that would favour low numbers
        uint64_t draw, limit = UINT64_MAX - UINT64_MAX % i;
        do draw = next_random(&seed);
        while (draw >= limit);
        size_t k = (size_t)(draw % i), swapped = numbers[i - 1];
        numbers[i - 1] = numbers[k];
        numbers[k] = swapped;
    }
}
