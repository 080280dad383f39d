// SPDX-License-Identifier: MIT
// The texts of a beam search: the beginnings that go on, and those that ended.
#ifndef QUILL_SESSION_BEAM_H
#define QUILL_SESSION_BEAM_H

#include "base/buffer.h"
#include "parts.h"
#include "quill/search.h"
#include "stop.h"

struct beam {
    int32_t *ids; // [room] the prompt, then the tokens
    size_t n, n_prompt;
    quill_decoder decoder;
    struct buffer bytes;     // of the tokens
    double logprob, total;   // sums; `total` is with biases
    double score;            // of one that ended
    quill_stop stop;
    struct stop_match match; // of QUILL_STOP_STRING and QUILL_STOP_LINE
};

bool beam_create(struct beam *b, size_t room); // false: no memory (call beam_free anyway)
void beam_free(struct beam *b);                // zeros are fine
bool beam_copy(struct beam *to, const struct beam *from); // false: no memory
// Appends a token; *stop: the first stop of the request that it completes, if any. False: no memory.
bool beam_add(struct beam *b, int32_t id, bool ends, const quill_request *r, bool may_stop);
// The score of a text of n tokens.
double beam_score(double total, size_t n, double length_penalty);

// Those that ended, best first.
struct ended {
    struct beam *beams; // [most + 1] the last place is free
    size_t n, most;
};
// Puts the beam in the last place, whose score is set, to its place; drops the worst if there are too many.
void ended_insert(struct ended *e);

struct beam_search; // of the last quill_beam_search, with its result
void beam_search_free(struct beam_search *s); // NULL is fine

#endif
