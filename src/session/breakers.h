// SPDX-License-Identifier: MIT
// Which tokens of a text end one of the texts that break what DRY takes for a repetition.
#ifndef QUILL_SESSION_BREAKERS_H
#define QUILL_SESSION_BREAKERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "quill/sampler.h"
#include "quill/tokenizer.h"

struct breakers {
    const quill_tokenizer *tokenizer;
    const quill_sampling *sampling;
    bool *ends;    // [n] of the tokens read
    size_t n, cap;
    char tail[QUILL_BREAKER_MAX]; // [n_tail] the last bytes of those
    size_t n_tail;
};

// Begins a text. The arguments are borrowed; *b is zeros, or was begun before.
void breakers_begin(struct breakers *b, const quill_tokenizer *tokenizer, const quill_sampling *sampling);
void breakers_free(struct breakers *b);

// ids[0..n) begin with those of earlier calls. (*ends)[n]: whether a breaker ends within each token; NULL: DRY is off,
// or has no breakers. False: no memory.
bool breakers_read(struct breakers *b, const int32_t *ids, size_t n, const bool **ends);

#endif
