// SPDX-License-Identifier: MIT
// Which tokens can follow in a state, and what is kept of that for one vocabulary.
//
// A vocabulary has two parts, by the length of its tokens. Short ones cannot tell a counter that is far from its ends
// from another (automaton_kind.alike), so that the many states within a string of at most 100 characters have the same
// short tokens; the few long ones are looked at for each state.
#ifndef QUILL_SAMPLER_CONSTRAINT_TOKEN_MASKS_H
#define QUILL_SAMPLER_CONSTRAINT_TOKEN_MASKS_H

#include "token_runs.h"

// The vocabulary of the model that is used. Borrowed.
struct vocabulary {
    const void *identity;     // what is kept for one vocabulary is not used for another
    size_t n_vocab;
    token_bytes_fn *bytes_of; // what a token adds behind other text; ends and what is never drawn add nothing
    void *user;
};

struct mask {
    uint32_t state; // DEAD: none
    struct token_set allowed;
};

// What is known of tokens in a local state (automaton_kind.local), for all states that have the same one.
struct local_mask {
    uint32_t state;          // DEAD: none
    bool useless;            // of too many tokens nothing is known
    struct token_set sure;   // they can follow
    struct token_index rest; // whether they can depends on the state
};

// The tokens of a set of characters, which are found when enough was spent without them.
struct runs_of_set {
    const struct char_set *set; // of automaton_kind.run; NULL: none
    struct token_runs runs;
    bool found;
    size_t spent;               // nodes of the index that were read where the set could follow
};

enum { LOCAL_MASKS = 64, N_RUNS = 8 };

// A part of a vocabulary.
struct token_masks {
    size_t n_vocab;              // all of it
    struct token_index index;
    uint32_t *path;              // [index.longest + 1]
    struct mask *masks;          // [n_masks]
    uint32_t n_masks, next_mask; // the next one to be used, again once all are
    uint32_t *mask_of;           // [cap_mask_of] by state: its mask, if that is still its own
    size_t cap_mask_of;
    struct local_mask *locals;   // [LOCAL_MASKS] of local states, at a place that depends on the state
    struct runs_of_set *runs;    // [N_RUNS]
};

// The tokens of least to most bytes of a vocabulary's. False: no memory.
bool token_masks_create(struct token_masks *m, size_t n_vocab, const struct token_list *list, size_t least,
                        size_t most);
void token_masks_free(struct token_masks *m);   // zeros are fine
void token_masks_forget(struct token_masks *m); // all states are void

// The tokens that can follow in a state. NULL: reading failed. Valid until the next call. With automata that have keys,
// they are kept.
const struct token_set *token_masks_find(struct token_masks *m, struct automaton *a, struct reading *r, uint32_t state);

// ---- for the files of this room ----

// The mask of a local state. NULL: reading failed, or the mask is useless.
struct local_mask *local_mask_find(struct token_masks *m, struct automaton *a, struct reading *r, uint32_t local);
void local_masks_forget(struct token_masks *m);
void local_masks_free(struct token_masks *m);

#endif
