// SPDX-License-Identifier: MIT
// The tokens of a vocabulary that are made of characters of one set: where so many of these can follow, as within a
// string, all such tokens can, and only the others need to be read.
#ifndef QUILL_SAMPLER_CONSTRAINT_TOKEN_RUNS_H
#define QUILL_SAMPLER_CONSTRAINT_TOKEN_RUNS_H

#include "char_set.h"
#include "sampler/token_set.h"
#include "token_index.h"

enum { LONGEST_RUN = 255 }; // characters; a token of more is no such token

struct token_runs {
    uint32_t most;      // characters of the longest one
    struct token_set all;
    struct run_token {
        int32_t id;
        uint32_t n;     // characters
    } *tokens;          // [n_tokens]; once `by_length` is there, in the order of their lengths
    size_t n_tokens;
    size_t *by_length;  // [most + 2] tokens[by_length[n] .. by_length[n + 1]) have n characters; NULL: not asked for
    struct token_set *of_length; // [most] of at most i characters; without bits: not asked for
    // [n_nodes of the index + 1] where to go on from a node with which no other token begins; 0: one does, or may
    uint32_t *next;
};

// False: no memory.
bool token_runs_create(struct token_runs *runs, const struct token_index *index, size_t n_vocab,
                       const struct char_set *set);
void token_runs_free(struct token_runs *runs);

// The tokens of at most n characters. NULL: no memory.
const struct token_set *token_runs_find(struct token_runs *runs, size_t n_vocab, uint32_t n);

#endif
