// SPDX-License-Identifier: MIT
#include "repeats.h"

// In steps back from the end: [from, to) is the stretch, found so far, that reaches furthest back and equals the end.
void repeats_find(int32_t *match, const int32_t *ids, size_t n) {
    if (n == 0) return;
    const int32_t *last = ids + n - 1;
    int32_t *last_match = match + n - 1;
    *last_match = (int32_t)n;
    for (size_t k = 1, from = 0, to = 0; k < n; k++) {
        size_t length = 0;
        if (k < to) { // within it the ids are those of the end, so what was found there holds here
            const size_t known = (size_t) * (last_match - (k - from));
            length = known < to - k ? known : to - k;
        }
        if (k + length >= to)
            while (k + length < n && *(last - length) == *(last - k - length)) length++;
        *(last_match - k) = (int32_t)length;
        if (k + length > to) from = k, to = k + length;
    }
}
