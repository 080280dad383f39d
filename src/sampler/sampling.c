// SPDX-License-Identifier: MIT
// The options of the sampler: their defaults and ranges.
#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "base/error.h"
#include "quill/sampler.h"

quill_sampling quill_sampling_default(void) {
    static const char *const breakers[] = {"\n", ":", "\"", "*"};
    quill_sampling sampling = {.temp = 0.8f,
                               .top_k = 40,
                               .top_p = 0.95f,
                               .min_p = 0.05f,
                               .typical_p = 1,
                               .repeat_penalty = 1,
                               .repeat_last_n = 64,
                               .xtc_threshold = 0.1f,
                               .dynatemp_exp = 1,
                               .dry_base = 1.75f,
                               .dry_allowed_length = 2,
                               .dry_penalty_last_n = -1,
                               .dry_breakers = breakers,
                               .n_dry_breakers = sizeof breakers / sizeof *breakers,
                               .mirostat_ent = 5,
                               .mirostat_lr = 0.1f,
                               .n_steps = QUILL_STEP_COUNT};
    for (size_t i = 0; i < QUILL_STEP_COUNT; i++) sampling.steps[i] = (uint8_t)i;
    return sampling;
}

// The range of a number: above `low` (or at least `low`), at most `high`. NaN fails every comparison.
struct range {
    const char *name;
    float value, low, high;
    bool low_excluded;
    const char *expected;
};

static quill_status check_range(const struct range *r, quill_error *err) {
    bool low_fits = r->low_excluded ? r->value > r->low : r->value >= r->low;
    if (low_fits && r->value <= r->high) return QUILL_OK;
    return fail(err, QUILL_E_USAGE, "%s: expected %s, found %g", r->name, r->expected, (double)r->value);
}

static quill_status check_bias(const quill_sampling *sampling, int32_t n_vocab, quill_error *err) {
    for (size_t i = 0; i < sampling->n_logit_bias; i++) {
        const quill_logit_bias *bias = &sampling->logit_bias[i];
        if (bias->id < 0) return fail(err, QUILL_E_USAGE, "logit_bias: expected a token id, found %d", bias->id);
        if (n_vocab > 0 && bias->id >= n_vocab)
            return fail(err, QUILL_E_USAGE, "logit_bias: expected a token id below %d, found %d", n_vocab, bias->id);
        if (!(bias->bias < INFINITY))
            return fail(err, QUILL_E_USAGE, "logit_bias: expected a number or -inf for token %d, found %g", bias->id,
                        (double)bias->bias);
    }
    return QUILL_OK;
}

static quill_status check_breakers(const quill_sampling *sampling, quill_error *err) {
    for (size_t i = 0; i < sampling->n_dry_breakers; i++) {
        const size_t n = strlen(sampling->dry_breakers[i]);
        if (n == 0 || n > QUILL_BREAKER_MAX)
            return fail(err, QUILL_E_USAGE, "dry_breakers: expected texts of 1 to %u bytes, found one of %zu",
                        QUILL_BREAKER_MAX, n);
    }
    return QUILL_OK;
}

// A whole number of at least `least`.
struct whole {
    const char *name;
    int32_t value, least;
};

static quill_status check_whole(const quill_sampling *sampling, quill_error *err) {
    const struct whole numbers[] = {
        {"top_k", sampling->top_k, 0},
        {"repeat_last_n", sampling->repeat_last_n, -1},
        {"dry_allowed_length", sampling->dry_allowed_length, 1},
        {"dry_penalty_last_n", sampling->dry_penalty_last_n, -1},
        {"no_repeat_ngram", sampling->no_repeat_ngram, 0},
    };
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        if (numbers[i].value < numbers[i].least)
            return fail(err, QUILL_E_USAGE, "%s: expected %d or more, found %d", numbers[i].name, numbers[i].least,
                        numbers[i].value);
    if (sampling->mirostat < 0 || sampling->mirostat > 2)
        return fail(err, QUILL_E_USAGE, "mirostat: expected 0, 1 or 2, found %d", sampling->mirostat);
    return QUILL_OK;
}

static quill_status check_steps(const quill_sampling *sampling, quill_error *err) {
    bool seen[QUILL_STEP_COUNT] = {false};
    if (sampling->n_steps > QUILL_STEP_COUNT)
        return fail(err, QUILL_E_USAGE, "samplers: expected at most %d, found %zu", QUILL_STEP_COUNT,
                    sampling->n_steps);
    for (size_t i = 0; i < sampling->n_steps; i++) {
        const uint8_t step = sampling->steps[i];
        if (step >= QUILL_STEP_COUNT || seen[step])
            return fail(err, QUILL_E_USAGE, "samplers: expected each step once, found number %d%s", step,
                        step < QUILL_STEP_COUNT ? " twice" : "");
        seen[step] = true;
    }
    return QUILL_OK;
}

quill_status quill_sampling_check(const quill_sampling *sampling, int32_t n_vocab, quill_error *err) {
    const float most = 3.402823466e38f;
    const struct range ranges[] = {
        {"temp", sampling->temp, 0, most, false, "a number of at least 0"},
        {"top_p", sampling->top_p, 0, 1, false, "a number from 0 to 1"},
        {"min_p", sampling->min_p, 0, 1, false, "a number from 0 to 1"},
        {"typical_p", sampling->typical_p, 0, 1, false, "a number from 0 to 1"},
        {"repeat_penalty", sampling->repeat_penalty, 0, most, true, "a number above 0"},
        {"presence_penalty", sampling->presence_penalty, -most, most, false, "a number"},
        {"frequency_penalty", sampling->frequency_penalty, -most, most, false, "a number"},
        {"top_n_sigma", sampling->top_n_sigma, -1, most, false, "a number of at least -1"},
        {"epsilon_cutoff", sampling->epsilon_cutoff, 0, 1, false, "a number from 0 to 1"},
        {"eta_cutoff", sampling->eta_cutoff, 0, 1, false, "a number from 0 to 1"},
        {"xtc_probability", sampling->xtc_probability, 0, 1, false, "a number from 0 to 1"},
        {"xtc_threshold", sampling->xtc_threshold, 0, 1, false, "a number from 0 to 1"},
        {"dynatemp_range", sampling->dynatemp_range, 0, most, false, "a number of at least 0"},
        {"dry_multiplier", sampling->dry_multiplier, 0, most, false, "a number of at least 0"},
        {"dry_base", sampling->dry_base, 1, most, false, "a number of at least 1"},
        {"mirostat_ent", sampling->mirostat_ent, 0, most, true, "a number above 0"},
        {"mirostat_lr", sampling->mirostat_lr, 0, 1, false, "a number from 0 to 1"},
        {"dynatemp_exp", sampling->dynatemp_exp, 0, most, false, "a number of at least 0"},
    };
    for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++) {
        quill_status s = check_range(&ranges[i], err);
        if (s) return s;
    }
    quill_status s = check_whole(sampling, err);
    if (!s) s = check_breakers(sampling, err);
    if (!s) s = check_steps(sampling, err);
    return s ? s : check_bias(sampling, n_vocab, err);
}
