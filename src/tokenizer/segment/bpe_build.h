// SPDX-License-Identifier: MIT
// Byte-pair encoding: a word begins as the tokens of its bytes or characters, and then repeatedly the adjacent pair of
// lowest rank becomes one token, everywhere in the word, from left to right (Sennrich et al. 2016, "Neural machine
// translation of rare words with subword units"; encoder.py of GPT-2).
#ifndef QUILL_TOKENIZER_SEGMENT_BPE_BUILD_H
#define QUILL_TOKENIZER_SEGMENT_BPE_BUILD_H

#include "segment.h"

enum { ID_BITS = 21, RANK_BITS = 22, BPE_NO_BYTE = -1 };
_Static_assert(MOST_TOKENS <= 1 << ID_BITS && MOST_MERGES < 1 << RANK_BITS, "a merge fits a slot of 64 bits");

struct bpe {
    const struct token_table *whole; // pieces that are tokens of this table skip the merges; NULL: no piece does
    // Pieces begin as the tokens of this table for their characters (bpe_symbols.h); NULL: for their bytes.
    const struct token_table *vocab;
    int32_t unk;        // -1: none
    bool fuse_unk;
    bool ends_words;    // the last character of a piece has a space behind it
    int32_t bytes[256]; // the token of each byte; BPE_NO_BYTE: the vocabulary has none
    uint64_t *slots; // [1 << (64 - shift)] open addressing by pair: left id 21 bits, right id 21, rank + 1 22; 0: empty
    unsigned shift;
    int32_t *results;   // [n_merges] by rank
    size_t n_merges;
};

static inline uint64_t pair_of(int32_t left, int32_t right) { return (uint64_t)left << ID_BITS | (uint64_t)right; }

// The slot where the search for a pair begins.
static inline size_t slot_of(const struct bpe *bpe, uint64_t pair) {
    return (pair * 0x9e3779b97f4a7c15u) >> bpe->shift;
}

// Reads the merges into an empty `bpe`, and marks the tokens they make in `vocab` (TOKEN_FROM_TEXT). On failure `bpe`
// may hold memory.
quill_status bpe_build(struct bpe *bpe, struct token_table *vocab, const struct vocab_spec *spec, quill_error *err);

#endif
