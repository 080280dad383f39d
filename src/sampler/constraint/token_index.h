// SPDX-License-Identifier: MIT
// The tokens of a vocabulary in the order of their bytes: what tokens have in common at their beginning is read once
// for all of them, as in a trie.
#ifndef QUILL_SAMPLER_CONSTRAINT_TOKEN_INDEX_H
#define QUILL_SAMPLER_CONSTRAINT_TOKEN_INDEX_H

#include "automaton.h"
#include "base/str.h"

// What a token adds to a text; no bytes: it is never drawn within one.
typedef struct str token_bytes_fn(void *user, int32_t id);

struct token_index {
    size_t n;
    int32_t *ids;     // [n] in the order of their bytes
    uint32_t *shared; // [n] how many bytes a token has in common with the one before it
    size_t *at;       // [n + 1] where the others lie in `rest`
    char *rest;
    size_t longest;   // bytes of a token at most
};

// False: no memory.
bool token_index_create(struct token_index *index, size_t n_vocab, token_bytes_fn *bytes_of, void *user);
void token_index_free(struct token_index *index);

// Calls visit(user, id, state) for each token that can follow in `from`, with the state behind it, until it returns
// false. `path` is [longest + 1], scratch.
typedef bool token_visit_fn(void *user, int32_t id, uint32_t state);
void token_index_walk(const struct token_index *index, struct automaton *a, struct reading *r, uint32_t from,
                      uint32_t *path, token_visit_fn *visit, void *user);

#endif
