// SPDX-License-Identifier: MIT
// The token table: from ids to bytes, and from bytes to ids.
#ifndef QUILL_TOKENIZER_TOKEN_TABLE_H
#define QUILL_TOKENIZER_TOKEN_TABLE_H

#include "base/error.h"
#include "spec.h"
#include "word.h"

enum {
    MOST_TOKEN_BYTES = 1 << 16, // as stored; the longest in use are runs of a few hundred spaces
    TOKEN_LITERAL = 7,          // a kind: a normal token that is misspelled, so that no text yields it
    TOKEN_FROM_TEXT = 128,      // a single byte or the result of a merge: any text may yield it
};

enum { LONGEST_SPELLING = 3 }; // bytes that spell one byte, at most; "</w>", which spells one too, comes once
// The bytes that the text of a normal token stands for; their number is *n, at most text.n. False: it is misspelled.
bool token_respell(char *out, size_t *n, struct str text, enum token_spelling spelling);

struct token_table {
    size_t n;
    char *bytes;      // all tokens one after the other, then 16 zeros; with SPELLED_WORDS a space before each token
    size_t gap;       // 1 with that space, else 0
    uint32_t *starts; // [n + 1] into bytes
    uint8_t *kinds;   // [n] enum token_kind or TOKEN_LITERAL, with TOKEN_FROM_TEXT and TOKEN_STRIPS_*
    size_t longest;   // bytes of the longest token
    uint32_t *slots;  // [mask + 1] ids by the hash of their bytes, open addressing; 0: none
    size_t mask;
};

// On failure the table is empty.
quill_status token_table_build(struct token_table *v, const struct vocab_spec *spec, quill_error *err);
void token_table_free(struct token_table *v); // zeros are fine

static inline struct str token_bytes(const struct token_table *v, int32_t id) {
    return (struct str){v->bytes + v->starts[id] + v->gap, v->starts[id + 1] - v->starts[id] - v->gap};
}

static inline enum token_kind token_kind_of(const struct token_table *v, int32_t id) {
    return (enum token_kind)(v->kinds[id] & TOKEN_KIND_BITS);
}

// Bytes to look up, borrowed.
struct token_key {
    const char *p;
    size_t n;
    struct word word; // the bytes, if there are at most 16
    uint64_t hash;
};
static inline struct token_key token_key_of(const char *p, size_t n, struct word word) {
    return (struct token_key){p, n, word, n <= WORD_BYTES ? word_hash(word) : hash_bytes(p, n, 0)};
}

// 16 bytes at p are read, whatever n is.
static inline struct token_key token_key_at(const char *p, size_t n) {
    return token_key_of(p, n, n <= WORD_BYTES ? word_at(p, n) : (struct word){0, 0});
}

// Nothing from `end` on is read.
static inline struct token_key token_key_before(const char *p, size_t n, const char *end) {
    return token_key_of(p, n, n <= WORD_BYTES ? word_before(p, n, end) : (struct word){0, 0});
}

// The id that stands for these bytes; -1: none. A normal token is preferred over a special or added one with the same
// bytes; unused, literal and byte tokens are not found.
int32_t token_table_find(const struct token_table *v, const struct token_key *key);
// Prefetches the memory that token_table_find will read first.
static inline void token_table_seek(const struct token_table *v, const struct token_key *key) {
    __builtin_prefetch(&v->slots[key->hash & v->mask]);
}

// The token of each byte (TOKEN_BYTE), or if the vocabulary has none, -1. Returns whether all bytes have one.
bool token_table_bytes(const struct token_table *v, int32_t bytes[256]);

void token_table_forget(struct token_table *v); // frees the way from bytes to ids: no more look-ups
size_t token_table_memory(const struct token_table *v);

#endif
