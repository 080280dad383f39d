// SPDX-License-Identifier: MIT
#include "mirostat.h"

#include "base/dmath.h"

static const double ln2 = 0.69314718055994530942;

// The exponent of Zipf's law p ~ 1 / rank^s that fits the logits of the likeliest tokens best. The paper estimates it
// by least squares through the origin, with t = log((i + 1) / i) and b = log(p of rank i / p of rank i + 1).
static double zipf_exponent(struct candidates *c) {
    enum { RANKS = 100 };
    const size_t n = candidates_list_heaviest(c, RANKS);
    double tb = 0, tt = 0;
    for (size_t i = 0; i + 1 < n; i++) {
        const double t = d_log((double)(i + 2) / (double)(i + 1));
        tb += t * (c->entries[i].value - c->entries[i + 1].value);
        tt += t * t;
    }
    return tb / tt;
}

// The rank up to which the surprise is at most mu, by that law: (e 2^mu / (1 - n^-e)) ^ (1 / s), where e = s - 1.
static size_t count_by_law(struct candidates *c, double mu) {
    const double n = (double)c->n, s = zipf_exponent(c), e = s - 1, power = e * d_log(n);
    if (!(s > 1e-9)) return c->n; // all are equal
    const double share = power > -1e-9 && power < 1e-9 ? 1 / d_log(n) : e / (1 - d_exp(-power));
    const double log_k = (mu * ln2 + d_log(share)) / s;
    if (log_k <= 0) return 1;
    return log_k < d_log(n) ? (size_t)d_exp(log_k) : c->n;
}

static void keep_best(struct candidates *c, size_t k) {
    candidates_keep_largest(c, k);
    candidates_weigh(c);
}

void mirostat_keep(struct candidates *c, const quill_sampling *sampling, const struct mirostat *m) {
    if (c->n < 2) return;
    if (sampling->mirostat == 1) {
        keep_best(c, count_by_law(c, m->mu));
        return;
    }
    const double least = c->total * d_exp(-m->mu * ln2);
    if (least <= candidates_heaviest(c)) candidates_keep_heavy(c, least);
    else keep_best(c, 1);
}

void mirostat_learn(struct mirostat *m, const quill_sampling *sampling, double weight, double total) {
    const double surprise = (d_log(total) - d_log(weight)) / ln2;
    m->next = m->mu - (double)sampling->mirostat_lr * (surprise - (double)sampling->mirostat_ent);
}
