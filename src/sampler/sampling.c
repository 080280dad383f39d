// SPDX-License-Identifier: MIT
// The options of the sampler: their defaults and ranges.
#include <math.h>

#include "base/error.h"
#include "quill/sampler.h"

quill_sampling quill_sampling_default(void) {
    return (quill_sampling){.temp = 0.8f,
                            .top_k = 40,
                            .top_p = 0.95f,
                            .min_p = 0.05f,
                            .typical_p = 1,
                            .repeat_penalty = 1,
                            .repeat_last_n = 64};
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
    };
    for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++) {
        quill_status s = check_range(&ranges[i], err);
        if (s) return s;
    }
    if (sampling->top_k < 0)
        return fail(err, QUILL_E_USAGE, "top_k: expected 0 or more, found %d", sampling->top_k);
    if (sampling->repeat_last_n < -1)
        return fail(err, QUILL_E_USAGE, "repeat_last_n: expected -1 or more, found %d", sampling->repeat_last_n);
    return check_bias(sampling, n_vocab, err);
}
