// SPDX-License-Identifier: MIT
#include "nearest.h"

enum { NAME_LIMIT = 40 };

static size_t min3(size_t a, size_t b, size_t c) { return a < b ? (a < c ? a : c) : (b < c ? b : c); }

// The number of edits that turn one into the other: insert, delete, change, swap two neighbours (optimal string
// alignment).
static size_t distance(struct str a, struct str b) {
    size_t rows[3][NAME_LIMIT + 1];
    for (size_t j = 0; j <= b.n; j++) rows[0][j] = j;
    for (size_t i = 1; i <= a.n; i++) {
        size_t *row = rows[i % 3], *above = rows[(i - 1) % 3], *above2 = rows[(i + 1) % 3];
        row[0] = i;
        for (size_t j = 1; j <= b.n; j++) {
            row[j] = min3(above[j] + 1, row[j - 1] + 1, above[j - 1] + (a.p[i - 1] != b.p[j - 1]));
            if (i > 1 && j > 1 && a.p[i - 1] == b.p[j - 2] && a.p[i - 2] == b.p[j - 1] && above2[j - 2] + 1 < row[j])
                row[j] = above2[j - 2] + 1;
        }
    }
    return rows[a.n % 3][b.n];
}

void nearest_offer(struct nearest *search, struct str name) {
    const struct str typed = search->typed;
    if (typed.n > NAME_LIMIT || name.n > NAME_LIMIT) return;
    // A prefix of a name counts as one edit; otherwise about one letter in three may be wrong.
    size_t cost = distance(typed, name);
    if (typed.n >= 3 && typed.n < name.n && str_starts(name, typed)) cost = 1;
    if (cost > (typed.n + 1) / 3 || cost > 3 || (search->best.p && cost >= search->cost)) return;
    search->best = name;
    search->cost = cost;
}
