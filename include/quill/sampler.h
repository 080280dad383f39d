// SPDX-License-Identifier: MIT
// The sampling chain: logit bias, tokens that may not come, the steps of quill_step in their order, draw.
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

#define QUILL_BREAKER_MAX 256u

typedef struct quill_logit_bias {
    int32_t id;
    float bias; // added to the logit; -INFINITY forbids the token
} quill_logit_bias;

// The steps, in their default order. Each one sees what the ones before it left.
typedef enum quill_step {
    QUILL_STEP_PENALTIES,   // repeat, presence and frequency penalty
    QUILL_STEP_DRY,
    QUILL_STEP_TOP_N_SIGMA,
    QUILL_STEP_TOP_K,
    QUILL_STEP_TYPICAL_P,
    QUILL_STEP_TOP_P,
    QUILL_STEP_MIN_P,
    QUILL_STEP_EPSILON,
    QUILL_STEP_ETA,
    QUILL_STEP_XTC,
    QUILL_STEP_TEMPERATURE,
    QUILL_STEP_COUNT
} quill_step;

// Sources: top-k (Fan et al. 2018), typical-p (Meister et al. 2022), top-p (Holtzman et al. 2020), min-p (Nguyen et al.
// 2024), repeat penalty (Keskar et al. 2019, CTRL), presence and frequency penalty (the OpenAI API's definition),
// top-n-sigma (Tang et al. 2024), epsilon and eta cutoff (Hewitt et al. 2022), dynamic temperature by entropy (kalomaze
// 2023), XTC and DRY ("exclude top choices", "don't repeat yourself": Weidmann 2024), no_repeat_ngram (Paulus et al.
// 2017), mirostat (Basu et al. 2020).
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
    float top_n_sigma;       // keeps logits at most so many standard deviations below the largest; 0 or below: off
    float epsilon_cutoff;    // 0..1: keeps tokens of at least this probability, and the likeliest; 0: off
    float eta_cutoff;        // 0..1: the same with the smaller of eta and sqrt(eta) exp(-entropy); 0: off
    // With this probability, of the tokens of at least xtc_threshold the least likely one alone stays. The random
    // number belongs to the position in the text, like that of a draw.
    float xtc_probability;   // 0..1; 0: off
    float xtc_threshold;     // 0..1; above 0.5 there are never two such tokens
    // The temperature is temp - range + 2 range (entropy / the largest possible entropy) ^ exp, where the lowest one,
    // temp - range, is at least 0. temp 0 stays 0.
    float dynatemp_range;    // at least 0; 0: off
    float dynatemp_exp;      // at least 0
    // A token that followed before, where the text ends with the same `length` tokens as there, loses
    // dry_multiplier * dry_base ^ (length - dry_allowed_length) of its logit, if that exponent is at least 0. The
    // lengths go back to the last breaker: a text that ends within a token, which is then no part of a repetition.
    float dry_multiplier;       // at least 0; 0: off
    float dry_base;             // at least 1
    int32_t dry_allowed_length; // at least 1
    int32_t dry_penalty_last_n; // how many latest tokens, prompt included, are searched; 0: off, -1: all
    const char *const *dry_breakers; // [n_dry_breakers] texts of 1 to QUILL_BREAKER_MAX bytes, borrowed
    size_t n_dry_breakers;
    // No such run of tokens comes twice, the prompt's included, as long as another token can be drawn; 0: off.
    int32_t no_repeat_ngram;
    // 1, 2: mirostat of this version, after the temperature, in place of all other filters; 0: off.
    int32_t mirostat;
    float mirostat_ent; // above 0: the surprise of tokens, in bits, that it steers to
    float mirostat_lr;  // 0..1: how fast
    // [n_steps] values of quill_step, each at most once. A step that is not here is not applied; without
    // QUILL_STEP_TEMPERATURE, temp is 1.
    uint8_t steps[QUILL_STEP_COUNT];
    size_t n_steps;
} quill_sampling;

// temp 0.8, top_k 40, top_p 0.95, min_p 0.05, every step in the default order, everything else off (repeat_last_n 64,
// xtc_threshold 0.1, dynatemp_exp 1, dry_base 1.75, dry_allowed_length 2, dry_penalty_last_n -1, the breakers newline
// : " *, mirostat_ent 5, mirostat_lr 0.1).
quill_sampling quill_sampling_default(void);

// Sets steps and n_steps from names separated by ';' or ',': penalties dry top_n_sigma top_k typ_p top_p min_p
// epsilon_cutoff eta_cutoff xtc temperature, and other spellings of llama.cpp. QUILL_E_USAGE: a name that is no step,
// or comes twice.
QUILL_MUST_CHECK quill_status quill_sampling_order(quill_sampling *sampling, const char *names, quill_error *err);

// Checks every field. QUILL_E_USAGE names the field that is out of range; n_vocab bounds the ids of logit_bias (0: not
// checked).
QUILL_MUST_CHECK quill_status quill_sampling_check(const quill_sampling *sampling, int32_t n_vocab, quill_error *err);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif
#endif
