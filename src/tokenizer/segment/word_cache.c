// SPDX-License-Identifier: MIT
#include "word_cache.h"

#include "base/alloc.h"

// From 8 KiB to 4 MiB: fits in a last-level cache, and a short text does not pay for clearing much.
enum { LEAST_WORDS = 256, MOST_WORDS = 131072, TEXT_PER_WORD = 32 };

bool word_cache_fit(struct word_cache *cache, size_t n) {
    size_t want = LEAST_WORDS;
    while (want < MOST_WORDS && want < n / TEXT_PER_WORD) want *= 2;
    if (cache->words && cache->mask + 1 >= want) return true;
    word_cache_free(cache);
    cache->words = alloc_aligned(64, want, sizeof *cache->words);
    if (!cache->words) return false;
    memset(cache->words, 0, want * sizeof *cache->words);
    cache->mask = want - 1;
    return true;
}

void word_cache_free(struct word_cache *cache) {
    free(cache->words);
    *cache = (struct word_cache){0};
}
