// SPDX-License-Identifier: MIT
// Lanes: the sequences of a KV cache, each with the ids it holds, and the pass that computes into them.
#ifndef QUILL_SESSION_LANES_H
#define QUILL_SESSION_LANES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/team.h"
#include "ids_common.h"
#include "model/model.h"

enum { NO_LANE = -1 };

struct lanes_plan {
    int32_t n_ctx, n_seq; // positions in a lane; number of lanes
    enum kv_type kv_type;
    int threads;
    size_t n_chunk; // tokens computed in one pass, at least n_seq
    size_t n_rows;  // rows of logits computed in one pass, at least n_seq
    size_t max_rank; // of what adapters add; 0: nothing
};

struct lanes {
    struct lanes_plan plan;
    int32_t n_vocab, n_embd;
    struct team *team; // borrowed; set before the first pass
    struct prompt_cache *cache; // or NULL
    struct kv_cache *kv;
    struct forward *forward;
    int32_t *held;    // [n_seq][n_ctx] the ids in the cache: kv_length of each lane
    bool *in_use;     // [n_seq] used by a task
    uint64_t *taken;  // [n_seq] the value of n_taken when it was last taken
    uint64_t n_taken;
    bool headless;    // the model has no logits
    bool states;      // passes give the final states of the wanted rows in place of their logits
    float *logits;    // [lanes_rows][lanes_width], with room for n_rows of either width
    uint64_t n_computed; // positions computed so far, without reused ones
};

uint64_t lanes_bytes(const struct model *model, const struct lanes_plan *plan); // without the KV cache
// Call lanes_free even after a failure.
quill_status lanes_create(struct lanes *lanes, const struct model *model, const struct lanes_plan *plan,
                          quill_error *err);
void lanes_free(struct lanes *lanes); // zeros are fine

// Computes spans as forward_run does, into lanes->logits, and records their ids as held.
quill_status lanes_run(struct lanes *lanes, const struct span *spans, size_t n_spans, quill_error *err);

// What a pass gives for a row that is wanted: logits[n_vocab], or with `states` the state behind the last block and the
// final norm, [n_embd]. And how many such rows there is room for, at least n_seq.
size_t lanes_width(const struct lanes *lanes);
size_t lanes_rows(const struct lanes *lanes);

// The final state, out[n_embd], behind the token whose row of lanes->logits this is, until the next pass.
void lanes_hidden(const struct lanes *lanes, const float *logits, float *out);

// A lane whose first n positions hold the beginning of some ids.
struct beginning {
    int32_t lane;
    size_t n;
};
// The lane that shares the longest beginning with ids[0..n).
struct beginning lanes_longest(const struct lanes *lanes, const int32_t *ids, size_t n);
// Takes a free lane (there must be one), the one that loses least of what it holds, and makes it hold ids[0..known.n),
// which are in the lane that `known` names.
int32_t lanes_take(struct lanes *lanes, const int32_t *ids, struct beginning known);
// Where the lane, which was taken for ids[0..n), holds few of them: makes it hold more, from the prompt cache, if that
// has more. Returns how many it holds.
size_t lanes_fetch(struct lanes *lanes, int32_t lane, const int32_t *ids, size_t n);
// Puts into the prompt cache what a lane holds of the beginning of ids[0..n), if that pays.
void lanes_store(struct lanes *lanes, const int32_t *ids, size_t n);
void lanes_release(struct lanes *lanes, int32_t lane); // it keeps what it holds; NO_LANE is fine

// QUILL_E_USAGE if an id is not in the vocabulary.
quill_status lanes_check_vocabulary(const struct lanes *lanes, const int32_t *ids, size_t n, quill_error *err);
// The same, and QUILL_E_USAGE if there are no ids; QUILL_E_CONTEXT if they do not fit. `name` is for messages.
quill_status lanes_check_named(const struct lanes *lanes, const char *name, const int32_t *ids, size_t n,
                               quill_error *err);
quill_status lanes_check_ids(const struct lanes *lanes, const int32_t *ids, size_t n, quill_error *err); // a prompt

#endif
