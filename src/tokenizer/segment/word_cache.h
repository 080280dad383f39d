// SPDX-License-Identifier: MIT
// Words encoded earlier, with their tokens: text repeats its words, and a look-up is far cheaper than merging. Only
// words of at most 15 bytes and 3 tokens are kept: nearly all words in text that the vocabulary was made for.
#ifndef QUILL_TOKENIZER_SEGMENT_WORD_CACHE_H
#define QUILL_TOKENIZER_SEGMENT_WORD_CACHE_H

#include <stdbool.h>

#include "tokenizer/word.h"

enum { CACHED_BYTES = 15, CACHED_IDS = 3 };

struct cached_word {
    struct word key; // the length in the last byte: never zero in use
    int32_t ids[CACHED_IDS];
    uint32_t n;
};

// Two places for each hash, side by side in one cache line; the newer word comes first. Zeros are an empty cache.
struct word_cache {
    struct cached_word *words; // [mask + 1]
    size_t mask;
};

// Makes the cache large enough for a text of n bytes. False: no memory; the cache is then empty and `words` NULL.
bool word_cache_fit(struct word_cache *cache, size_t n);
void word_cache_free(struct word_cache *cache);

static inline struct word cache_key(struct word w, size_t n) {
    w.high |= (uint64_t)n << 56;
    return w;
}

// The first of a word's two places.
static inline size_t cache_place(const struct word_cache *cache, struct word key) {
    return word_hash(key) & cache->mask & ~(size_t)1;
}

static inline bool cache_hit(const struct cached_word *word, struct word key) {
    return ((word->key.low ^ key.low) | (word->key.high ^ key.high)) == 0;
}

// Keeps a word of n <= CACHED_IDS tokens.
static inline void cache_put(struct word_cache *cache, size_t place, struct word key, const int32_t *ids, size_t n) {
    struct cached_word *words = cache->words + place;
    words[1] = words[0];
    words[0].key = key;
    for (size_t i = 0; i < n; i++) words[0].ids[i] = ids[i];
    words[0].n = (uint32_t)n;
}

#endif
