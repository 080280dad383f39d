// SPDX-License-Identifier: MIT
// Draws of tokens against their probabilities.
#ifndef QUILL_TESTS_DRAWS_H
#define QUILL_TESTS_DRAWS_H

#include <math.h>

#include "sampler/sampler.h"

enum { DRAWN_VOCAB = 64 }; // at most

// Probabilities of a draw: what the chain leaves, restricted to legal tokens; the chain of these alone if that is
// nothing. The chain is that of sampler_distribution, which test_sampler.c compares with one written down plainly.
static inline void plain_probabilities(struct sampler *s, size_t n_vocab, const float *logits,
                                       const quill_sampling *sampling, const bool *legal, double *p) {
    const struct candidate *list;
    float only[DRAWN_VOCAB];
    double sum = 0;
    const struct draw draw = {.sampling = sampling};
    for (size_t i = 0; i < n_vocab; i++) {
        p[i] = 0;
        only[i] = legal[i] ? logits[i] : -INFINITY;
    }
    for (int again = 0; again < 2 && sum == 0; again++) {
        const size_t n = sampler_distribution(s, again ? only : logits, &draw, &list);
        for (size_t i = 0; i < n; i++)
            if (legal[list[i].id]) sum += p[list[i].id] = list[i].p;
    }
    for (size_t i = 0; i < n_vocab; i++) p[i] /= sum;
}

// The probability that chi-square with `n` degrees of freedom is at least x: Wilson and Hilferty (1931).
static inline double chi_tail(double x, double n) {
    const double z = (pow(x / n, 1.0 / 3) - (1 - 2 / (9 * n))) / sqrt(2 / (9 * n));
    return 0.5 * erfc(z / sqrt(2));
}

#endif
