// SPDX-License-Identifier: MIT
// Draws of tokens against their probabilities.
#ifndef QUILL_TESTS_DRAWS_H
#define QUILL_TESTS_DRAWS_H

#include <math.h>

#include "sampler/constraint/constraint.h"

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

// Draws behind a text, under its constraint: their numbers have the probabilities of the legal tokens, by chi-square.
struct legal_draws {
    struct constrained *k;   // behind `before`
    struct sampler *sampler;
    size_t n_vocab;
    const float *logits;     // [n_vocab]
    const quill_sampling *sampling;
    const bool *legal;       // [n_vocab]
    const char *before;
    enum token_end (*ends)(void *user, int32_t id); // token 0 ends the text, and no other
    token_bytes_fn *adds;
    const char *constraint, *what;                  // for messages
};

static inline void check_legal_draws(const struct legal_draws *l) {
    enum { DRAWS = 20000 };
    double p[DRAWN_VOCAB], chi = 0;
    size_t seen[DRAWN_VOCAB] = {0}, kinds = 0;
    plain_probabilities(l->sampler, l->n_vocab, l->logits, l->sampling, l->legal, p);
    for (uint64_t i = 0; i < DRAWS; i++) {
        struct constrained_draw d = {.sampler = l->sampler, .logits = l->logits, .text = str_of(l->before),
                                     .room = UINT64_MAX, .ends = l->ends, .adds = l->adds};
        quill_error err;
        int32_t id;
        bool ends;
        d.draw = (struct draw){.sampling = l->sampling, .key = {.seed = 11, .position = i}};
        assert_ok(constrained_take(l->k, &d, &id, &ends, &err), err);
        assert_true(id >= 0 && l->legal[id]);
        assert_int_equal(ends, id == 0);
        seen[id]++;
    }
    for (size_t i = 0; i < l->n_vocab; i++) {
        const double expected = p[i] * DRAWS;
        if (p[i] > 0) chi += ((double)seen[i] - expected) * ((double)seen[i] - expected) / expected, kinds++;
        else assert_int_equal(seen[i], 0);
    }
    const bool likely = kinds < 2 || chi_tail(chi, (double)kinds - 1) > 1e-4;
    if (!likely)
        print_error("%s '%s' %s: chi-square %g of %zu kinds\n", l->constraint, l->before, l->what, chi, kinds);
    assert_true(likely);
}

#endif
