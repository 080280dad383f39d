// SPDX-License-Identifier: MIT
// The token table: the bytes every id stands for, and the way back.
#ifndef QUILL_TOKENIZER_TOKEN_TABLE_H
#define QUILL_TOKENIZER_TOKEN_TABLE_H

#include "tokenizer.h"

enum {
    MOST_TOKENS = 1 << 21, // ids fit 21 bits, so that a merge fits 64 (bpe.h)
    TOKEN_KIND_BITS = 3,             // the bits of enum token_kind
    TOKEN_LITERAL = 4,          // a normal token whose text is not byte-mapped: it is its own bytes
    TOKEN_FROM_TEXT = 8,        // a single byte or the result of a merge: any text may yield it
};

struct token_slot {
    uint32_t tag; // upper half of the hash
    int32_t id;   // -1: empty
};

struct token_table {
    size_t n;
    char *bytes;              // all tokens one after the other, then 16 zeros
    uint32_t *starts;         // [n + 1] into bytes
    uint8_t *kinds;           // [n] enum token_kind | VOCAB_...
    size_t longest;           // bytes of the longest token
    struct token_slot *slots; // [mask + 1] open addressing by bytes
    size_t mask;
};

// On failure `vocab` holds nothing.
quill_status token_table_build(struct token_table *vocab, const struct vocab_spec *spec, quill_error *err);
void token_table_free(struct token_table *vocab); // zeros are fine

static inline struct str token_bytes(const struct token_table *v, int32_t id) {
    return (struct str){v->bytes + v->starts[id], v->starts[id + 1] - v->starts[id]};
}

static inline enum token_kind token_kind_of(const struct token_table *v, int32_t id) {
    return (enum token_kind)(v->kinds[id] & TOKEN_KIND_BITS);
}

// The id that stands for these bytes, -1: none. A normal token comes before a special or added one of the same bytes;
// unused and literal tokens are not found. 16 bytes at p are read, whatever n is.
int32_t token_table_find(const struct token_table *v, const char *p, size_t n);
// The same in two steps, so that others can be begun in between.
uint64_t token_table_seek(const struct token_table *v, const char *p, size_t n);
int32_t token_table_find_hashed(const struct token_table *v, const char *p, size_t n, uint64_t hash);
// The same for text that ends at `end`: nothing from there on is read.
int32_t token_table_find_before(const struct token_table *v, const char *p, size_t n, const char *end);

void token_table_forget(struct token_table *v); // drops the way back: nothing is looked up any more
size_t token_table_memory(const struct token_table *v);

#endif
