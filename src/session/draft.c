// SPDX-License-Identifier: MIT
#include "draft.h"

#include <string.h>

#include "quill/session.h"

enum {
    LONG_KEY = 3, SHORT_KEY = 2,   // number of latest tokens to search for
    AUTO_LEAST = 4, AUTO_MOST = 8, // tokens in a draft
    COST = 16, RETURN = 3 * COST, FIRST_CREDIT = 8 * COST, MOST_CREDIT = 64 * COST,
};

void draft_start(struct draft *d, int32_t most) {
    *d = (struct draft){.most = most, .credit = FIRST_CREDIT, .length = AUTO_LEAST};
}

// The place after the latest earlier occurrence of the last `key` ids; 0: none.
static size_t find(const int32_t *ids, size_t n, size_t key) {
    const int32_t *last = ids + n - key;
    for (size_t behind = n - 1; n > key && behind >= key; behind--)
        if (ids[behind - 1] == ids[n - 1] && memcmp(ids + behind - key, last, key * sizeof *ids) == 0) return behind;
    return 0;
}

size_t draft_make(struct draft *d, int32_t *ids, size_t n, size_t room) {
    const int32_t credit = d->credit / COST, own = d->length < credit ? d->length : credit;
    const size_t limit = (size_t)(d->most >= 0 ? d->most : credit < AUTO_LEAST ? 0 : own);
    const size_t most = limit < room ? limit : room;
    size_t from = most ? find(ids, n, LONG_KEY) : 0;
    if (most && !from) from = find(ids, n, SHORT_KEY);
    d->n = from ? most : 0;
    for (size_t i = 0; i < d->n; i++) ids[n + i] = ids[from + i]; // may overlap itself: a repetition continues
    return d->n;
}

void draft_end(struct draft *d, size_t accepted) {
    d->drafted += d->n;
    d->accepted += accepted;
    if (d->n) d->length = accepted == d->n ? AUTO_MOST : AUTO_LEAST;
    d->credit += (int32_t)accepted * RETURN - (int32_t)d->n * COST + (d->n == 0);
    if (d->credit > MOST_CREDIT) d->credit = MOST_CREDIT;
    if (d->credit < 0) d->credit = 0;
    d->n = 0;
}
