// SPDX-License-Identifier: MIT
#include "penalties.h"

#include <math.h>

#include "base/dmath.h"
#include "repeats.h"

static size_t latest(int32_t n, size_t n_history) {
    return n < 0 || (size_t)n > n_history ? n_history : (size_t)n;
}

// ---- repeat, presence and frequency penalty -----------------------------------------------------

static size_t counted(const struct draw *draw) {
    const quill_sampling *o = draw->sampling;
    bool on = o->repeat_penalty != 1 || o->presence_penalty != 0 || o->frequency_penalty != 0;
    return on ? latest(o->repeat_last_n, draw->n_history) : 0;
}

static void count(int32_t *weight, size_t limit, const struct draw *draw, size_t window, int32_t *match) {
    (void)match;
    const int32_t *end = draw->history + draw->n_history;
    for (const int32_t *id = end - window; id < end; id++)
        if ((size_t)*id < limit) weight[*id]++;
}

// Keskar et al. 2019 divide a logit. A negative logit is multiplied instead, so that the penalty never raises it.
static double penalised(double logit, int32_t occurrences, const quill_sampling *sampling) {
    double repeat = (double)sampling->repeat_penalty;
    logit = logit > 0 ? logit / repeat : logit * repeat;
    return logit - (double)sampling->presence_penalty - (double)occurrences * (double)sampling->frequency_penalty;
}

const struct penalty penalty_of_counts = {counted, count, penalised};

// ---- DRY ("don't repeat yourself", Weidmann 2024) -----------------------------------------------

static size_t watched(const struct draw *draw) {
    const quill_sampling *o = draw->sampling;
    const size_t window = o->dry_multiplier > 0 ? latest(o->dry_penalty_last_n, draw->n_history) : 0;
    return window > (size_t)o->dry_allowed_length ? window : 0;
}

static bool breaks(const struct draw *draw, size_t i) { return draw->breaks && draw->breaks[i]; }

// The weight of an id is the length of the longest end of the history that it followed before. A breaker ends such a
// run, and is not changed where it followed one itself.
static void note_repeats(int32_t *weight, size_t limit, const struct draw *draw, size_t window, int32_t *match) {
    const size_t n = draw->n_history, begin = n - window;
    int32_t longest = 0;
    while ((size_t)longest < window && !breaks(draw, n - 1 - (size_t)longest)) longest++;
    if (longest < draw->sampling->dry_allowed_length) return;
    repeats_find(match, draw->history + begin, window);
    for (size_t i = 0; i + 1 < window; i++) {
        const int32_t id = draw->history[begin + i + 1], length = match[i] < longest ? match[i] : longest;
        if (length < draw->sampling->dry_allowed_length || (size_t)id >= limit || breaks(draw, begin + i + 1)) continue;
        if (weight[id] < length) weight[id] = length;
    }
}

// multiplier * base ^ (length - allowed length), held below what would no longer be finite.
static double discouraged(double logit, int32_t length, const quill_sampling *sampling) {
    const double highest = 230; // e^230 = 1e100
    double power = (double)(length - sampling->dry_allowed_length) * d_log((double)sampling->dry_base);
    return logit - (double)sampling->dry_multiplier * d_exp(power < highest ? power : highest);
}

const struct penalty penalty_of_repeats = {watched, note_repeats, discouraged};

// ---- n-grams that may not repeat (Paulus et al. 2017; Klein et al. 2017, OpenNMT) ----------------

static size_t all_if_banned(const struct draw *draw) {
    const int32_t n = draw->sampling->no_repeat_ngram;
    return n > 0 && (size_t)n <= draw->n_history ? draw->n_history : 0;
}

// The ids that followed the last n - 1 ids before.
static void note_ngrams(int32_t *weight, size_t limit, const struct draw *draw, size_t window, int32_t *match) {
    const int32_t before = draw->sampling->no_repeat_ngram - 1;
    if (before == 0) { // every id is an n-gram of its own
        count(weight, limit, draw, window, match);
        return;
    }
    repeats_find(match, draw->history, window);
    for (size_t i = 0; i + 1 < window; i++) {
        const int32_t id = draw->history[i + 1];
        if (match[i] >= before && (size_t)id < limit) weight[id] = 1;
    }
}

static double banned(double logit, int32_t weight, const quill_sampling *sampling) {
    (void)logit, (void)weight, (void)sampling;
    return -(double)INFINITY;
}

const struct penalty ban_of_ngrams = {all_if_banned, note_ngrams, banned};
