// SPDX-License-Identifier: MIT
// What lowers the logits of ids because of the history: the penalties, DRY, and n-grams that may not repeat.
#ifndef QUILL_SAMPLER_PENALTIES_H
#define QUILL_SAMPLER_PENALTIES_H

#include "draw.h"

// A change of the logits of some ids, all of which are among the latest of the history.
struct penalty {
    // How many of the latest ids can be changed; 0: it is off.
    size_t (*window)(const struct draw *draw);
    // Sets weight[id], zero before, of each id < limit to be changed to a number above 0. `window` is not 0; match is
    // [n_history], scratch.
    void (*note)(int32_t *weight, size_t limit, const struct draw *draw, size_t window, int32_t *match);
    double (*change)(double logit, int32_t weight, const quill_sampling *sampling);
};

extern const struct penalty penalty_of_counts, penalty_of_repeats, ban_of_ngrams;

#endif
