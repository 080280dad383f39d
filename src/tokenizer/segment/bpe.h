// SPDX-License-Identifier: MIT
// Byte-pair encoding: a word's bytes are tokens, and again and again the adjacent pair of lowest rank becomes one
// token, everywhere in the word, from left to right (Sennrich et al. 2016, "Neural machine translation of rare words
// with subword units"; encoder.py of GPT-2).
#ifndef QUILL_TOKENIZER_SEGMENT_BPE_H
#define QUILL_TOKENIZER_SEGMENT_BPE_H

#include "tokenizer/token_table.h"

enum { BPE_MAX_MERGES = (1 << 22) - 1, BPE_NO_BYTE = -1 };

struct bpe {
    int32_t bytes[256]; // the token of each byte; BPE_NO_BYTE: the vocabulary has none
    uint64_t *slots; // [1 << (64 - shift)] open addressing by pair: left id 21 bits, right id 21, rank + 1 22; 0: empty
    unsigned shift;
    int32_t *results;   // [n_merges] by rank
    size_t n_merges;
};

// Reads the merges, and marks the tokens they make in `vocab` (TOKEN_FROM_TEXT).
quill_status bpe_build(struct bpe *bpe, struct token_table *vocab, const struct vocab_spec *spec, quill_error *err);
void bpe_free(struct bpe *bpe); // zeros are fine
size_t bpe_memory(const struct bpe *bpe);

// Room for long words, kept from one word to the next; of one tokenizer. Zeros are an empty one.
struct bpe_room {
    struct link *links; // [n_links]
    size_t n_links;
    int32_t *ranks;     // [2 * n_merges]
};
void bpe_room_free(struct bpe_room *room);

// Appends the tokens of word[0..n), n > 0, to `out`. Linear time, but for a heap of ranks; 24 n bytes of room. Fails
// for want of memory, and with QUILL_E_MODEL on a byte that the vocabulary lacks.
quill_status bpe_encode(const struct bpe *bpe, struct bpe_room *room, quill_ids *out, const char *word, size_t n,
                        quill_error *err);

// Room for `more` ids behind the n that are there.
bool ids_reserve(quill_ids *list, size_t more);

#endif
