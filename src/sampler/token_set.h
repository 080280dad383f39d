// SPDX-License-Identifier: MIT
// A set of token ids: one bit for each id of the vocabulary.
#ifndef QUILL_SAMPLER_TOKEN_SET_H
#define QUILL_SAMPLER_TOKEN_SET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/alloc.h"

struct token_set {
    uint64_t *bits; // [token_set_words(n_vocab)] id i is bit i % 64 of word i / 64; no bit beyond the vocabulary is set
    size_t n;       // ids in it
};

static inline size_t token_set_words(size_t n_vocab) { return (n_vocab + 63) / 64; }

// Makes an empty set; the caller frees its bits. False: no memory.
static inline bool token_set_create(struct token_set *set, size_t n_vocab) {
    *set = (struct token_set){.bits = alloc_zeroed(token_set_words(n_vocab), sizeof *set->bits)};
    return set->bits != NULL;
}

static inline bool token_set_has(const struct token_set *set, size_t id) { return set->bits[id / 64] >> id % 64 & 1; }

static inline void token_set_add(struct token_set *set, size_t id) {
    set->n += !token_set_has(set, id);
    set->bits[id / 64] |= (uint64_t)1 << id % 64;
}

static inline void token_set_remove(struct token_set *set, size_t id) {
    set->n -= token_set_has(set, id);
    set->bits[id / 64] &= ~((uint64_t)1 << id % 64);
}

// The lowest id of the set that is at least `from`; n_vocab: none. To visit all ids:
//     for (size_t id = token_set_next(set, n_vocab, 0); id < n_vocab; id = token_set_next(set, n_vocab, id + 1))
static inline size_t token_set_next(const struct token_set *set, size_t n_vocab, size_t from) {
    if (from >= n_vocab) return n_vocab;
    uint64_t word = set->bits[from / 64] >> from % 64;
    if (word) return from + (size_t)__builtin_ctzll(word);
    for (size_t i = from / 64 + 1; i < token_set_words(n_vocab); i++)
        if (set->bits[i]) return 64 * i + (size_t)__builtin_ctzll(set->bits[i]);
    return n_vocab;
}

#endif
