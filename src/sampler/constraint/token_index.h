// SPDX-License-Identifier: MIT
// The tokens of a vocabulary as a tree of bytes (a trie, Fredkin 1960): what tokens have in common at their beginning
// is read once for all of them, and where it cannot follow, all of them are passed over at once.
#ifndef QUILL_SAMPLER_CONSTRAINT_TOKEN_INDEX_H
#define QUILL_SAMPLER_CONSTRAINT_TOKEN_INDEX_H

#include "automaton.h"
#include "base/str.h"

// What a token adds to a text; no bytes: it is never drawn within one.
typedef struct str token_bytes_fn(void *user, int32_t id);

enum { LONGEST_TOKEN = (1 << 24) - 1 }; // bytes; what is longer is not indexed
#define MOST_TOKEN_NODES 0x7fffffffu

// Some bytes with which tokens begin.
struct token_node {
    uint32_t end;        // index of the next node that does not begin with these bytes
    uint32_t first;      // ids[first .. (node + 1)->first): tokens that are these bytes
    uint32_t depth : 24; // number of these bytes
    uint32_t byte : 8;   // the last one
};

struct token_index {
    size_t n;
    int32_t *ids;             // [n] in the order of their bytes
    struct token_node *nodes; // [n_nodes + 1] in the same order, a beginning in front of what begins so; a last one
                              // stands behind them
    size_t n_nodes, cap_nodes;
    size_t longest;           // bytes of a token at most
};

// The tokens of a vocabulary that add bytes, in their order.
struct token_list {
    struct token {
        int32_t id;
        struct str bytes;
    } *tokens; // [n]
    size_t n;
};
// False: no memory.
bool token_list_create(struct token_list *list, size_t n_vocab, token_bytes_fn *bytes_of, void *user);
void token_list_free(struct token_list *list);

// Of those of least to most bytes; least is at least 1. False: no memory.
bool token_index_create(struct token_index *index, const struct token_list *list, size_t least, size_t most);
void token_index_free(struct token_index *index);

// Makes an index token by token: begin, add tokens in the order of their bytes, and end. The first `shared` bytes of a
// token are those of the one before it, and no more are; n_tokens are added at most. False: no memory.
bool token_index_begin(struct token_index *index, size_t n_tokens);
bool token_index_add(struct token_index *index, int32_t id, struct str bytes, size_t shared);
bool token_index_end(struct token_index *index);

// Calls visit(user, id, state) for each token that can follow in `from`, with the state behind it, until it returns
// false. `path` is [longest + 1], scratch. Returns how many nodes were read.
typedef bool token_visit_fn(void *user, int32_t id, uint32_t state);
size_t token_index_walk(const struct token_index *index, struct automaton *a, struct reading *r, uint32_t from,
                      uint32_t *path, token_visit_fn *visit, void *user);
// The same for some of the tokens: where next[i] is not 0, none of them begins with a node from i on up to next[i].
size_t token_index_walk_some(const struct token_index *index, struct automaton *a, struct reading *r, uint32_t from,
                             uint32_t *path, const uint32_t *next, token_visit_fn *visit, void *user);

#endif
