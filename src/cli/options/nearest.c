// SPDX-License-Identifier: MIT
#include "nearest.h"

#include <string.h>

enum { NAME_LIMIT = 40 };

static size_t min3(size_t a, size_t b, size_t c) { return a < b ? (a < c ? a : c) : (b < c ? b : c); }

// The number of edits that turn one into the other: insert, delete, change, swap two neighbours (optimal string
// alignment).
static size_t distance(const char *a, size_t n_a, const char *b, size_t n_b) {
    size_t rows[3][NAME_LIMIT + 1];
    for (size_t j = 0; j <= n_b; j++) rows[0][j] = j;
    for (size_t i = 1; i <= n_a; i++) {
        size_t *row = rows[i % 3], *above = rows[(i - 1) % 3], *above2 = rows[(i + 1) % 3];
        row[0] = i;
        for (size_t j = 1; j <= n_b; j++) {
            row[j] = min3(above[j] + 1, row[j - 1] + 1, above[j - 1] + (a[i - 1] != b[j - 1]));
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] && above2[j - 2] + 1 < row[j])
                row[j] = above2[j - 2] + 1;
        }
    }
    return rows[n_a % 3][n_b];
}

void nearest_offer(struct nearest *search, const char *name, size_t n) {
    size_t n_typed = strlen(search->typed);
    if (n_typed > NAME_LIMIT || n > NAME_LIMIT) return;
    // A prefix of a name counts as one edit; otherwise about one letter in three may be wrong.
    size_t cost = distance(search->typed, n_typed, name, n);
    if (n_typed >= 3 && n_typed < n && memcmp(search->typed, name, n_typed) == 0) cost = 1;
    if (cost > (n_typed + 1) / 3 || cost > 3 || (search->best && cost >= search->cost)) return;
    search->best = name;
    search->best_n = n;
    search->cost = cost;
}
