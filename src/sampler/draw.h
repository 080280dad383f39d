// SPDX-License-Identifier: MIT
#ifndef QUILL_SAMPLER_DRAW_H
#define QUILL_SAMPLER_DRAW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/rng.h"
#include "mirostat.h"
#include "quill/sampler.h"
#include "token_set.h"

// The inputs of one draw besides the logits. All are borrowed.
struct draw {
    const quill_sampling *sampling;
    const int32_t *history;          // [n_history] the ids so far (prompt and generated), oldest first
    size_t n_history;
    const bool *breaks;              // [n_history] a breaker of DRY ends with this id; NULL: none does
    struct mirostat *mirostat;       // of this text; NULL: mirostat is off, or this is its first draw
    const struct token_set *banned;  // NULL: none. Never drawn, as with a logit bias of -infinity
    const struct token_set *allowed; // NULL: all. Applied after the chain: only these may be drawn of what it leaves;
                                     // if it leaves none of them, the chain runs again on the logits of these alone
    struct rng_key key;
};

#endif
