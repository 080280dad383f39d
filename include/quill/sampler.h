// SPDX-License-Identifier: MIT
// The sampling chain: logit bias, penalties, top-k, typical-p, top-p, min-p, temperature, draw.
#ifndef QUILL_SAMPLER_H
#define QUILL_SAMPLER_H

#include <stddef.h>
#include <stdint.h>

#include "error.h"

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

#define QUILL_SEED_MAX 9007199254740991u // 2^53 - 1: every JSON reader keeps it

typedef struct quill_logit_bias {
    int32_t id;
    float bias; // added to the logit; -INFINITY forbids the token
} quill_logit_bias;

// Sources: top-k (Fan et al. 2018), typical-p (Meister et al. 2022), top-p (Holtzman et al. 2020), min-p (Nguyen et al.
// 2024), repeat penalty (Keskar et al. 2019, CTRL), presence and frequency penalty (the OpenAI API's definition).
typedef struct quill_sampling {
    float temp;              // at least 0; 0: the largest logit after bias and penalties (ties: the lower id)
    int32_t top_k;           // at least 0; 0: off
    float top_p;             // 0..1; 1: off; 0: the likeliest token alone
    float min_p;             // 0..1; 0: off
    float typical_p;         // 0..1; 1: off; 0: the most typical token alone
    float repeat_penalty;    // above 0; 1: off
    int32_t repeat_last_n;   // how many latest tokens, prompt included, the penalties count; 0: off, -1: all
    float presence_penalty;  // any finite number; 0: off
    float frequency_penalty; // any finite number; 0: off
    const quill_logit_bias *logit_bias; // [n_logit_bias], borrowed
    size_t n_logit_bias;
} quill_sampling;

// temp 0.8, top_k 40, top_p 0.95, min_p 0.05, everything else off (repeat_last_n 64).
quill_sampling quill_sampling_default(void);

// Checks every field. QUILL_E_USAGE names the field that is out of range; n_vocab bounds the ids of logit_bias (0: not
// checked).
QUILL_MUST_CHECK quill_status quill_sampling_check(const quill_sampling *sampling, int32_t n_vocab, quill_error *err);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif
#endif
