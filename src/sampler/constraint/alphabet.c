// SPDX-License-Identifier: MIT
#include "alphabet.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "base/hash.h"

static int by_code(const void *pa, const void *pb) {
    const uint32_t a = *(const uint32_t *)pa, b = *(const uint32_t *)pb;
    return (a > b) - (a < b);
}

static bool find_intervals(struct alphabet *a, const struct char_set *sets, size_t n_sets) {
    size_t n = 1, kept = 0;
    for (size_t i = 0; i < n_sets; i++) n += 2 * sets[i].n;
    uint32_t *codes = a->intervals = alloc_array(n, sizeof *codes);
    if (!codes) return false;
    n = 0;
    codes[n++] = 0;
    for (size_t i = 0; i < n_sets; i++)
        for (size_t k = 0; k < sets[i].n; k++) {
            codes[n++] = sets[i].ranges[k].low;
            codes[n++] = sets[i].ranges[k].high + 1;
        }
    qsort(codes, n, sizeof *codes, by_code);
    for (size_t i = 0; i < n; i++)
        if (i == 0 || codes[i] != codes[kept - 1]) codes[kept++] = codes[i];
    a->n = kept;
    return true;
}

size_t alphabet_interval(const struct alphabet *a, uint32_t code) {
    size_t low = 0, high = a->n;
    while (high - low > 1) {
        const size_t middle = low + (high - low) / 2;
        if (a->intervals[middle] <= code) low = middle;
        else high = middle;
    }
    return low;
}

// A set toggles its number, as a hash, where it begins and behind its end (Zobrist 1970). Two different classes have
// the same hash once in 2^64.
static bool find_classes(struct alphabet *a, const struct char_set *sets, size_t n_sets) {
    a->classes = alloc_zeroed(a->n, sizeof *a->classes);
    if (!a->classes) return false;
    for (size_t i = 0; i < n_sets; i++)
        for (size_t k = 0; k < sets[i].n; k++) {
            const struct char_range *range = &sets[i].ranges[k];
            a->classes[alphabet_interval(a, range->low)] ^= hash_mix(i + 1);
            if (range->high < LAST_CODE) a->classes[alphabet_interval(a, range->high + 1)] ^= hash_mix(i + 1);
        }
    for (size_t i = 1; i < a->n; i++) a->classes[i] ^= a->classes[i - 1];
    return true;
}

bool alphabet_create(struct alphabet *a, const struct char_set *sets, size_t n_sets) {
    *a = (struct alphabet){0};
    return find_intervals(a, sets, n_sets) && find_classes(a, sets, n_sets);
}

void alphabet_free(struct alphabet *a) {
    free(a->intervals);
    free(a->classes);
    *a = (struct alphabet){0};
}

// ---- characters -------------------------------------------------------------------------------------

bool middle_begin(struct middle *m, uint8_t byte) {
    if (byte < 0xc2 || byte > 0xf4) return false;
    const uint8_t length = byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : 4;
    *m = (struct middle){byte & (0x7fu >> length), length, (uint8_t)(length - 1), false};
    return true;
}

void middle_next(struct middle *m, uint8_t byte) {
    m->missing--;
    if (!m->interval) m->value = m->value << 6 | (byte & 0x3fu);
}

// Code points that have these bits in front of `missing` * 6 others, and that UTF-8 writes with `length` bytes.
static bool possible(const struct middle *m, struct char_range *range) {
    static const struct char_range by_length[] = {
        [1] = {0, 0x7f}, [2] = {0x80, 0x7ff}, [3] = {0x800, 0xffff}, [4] = {0x10000, LAST_CODE}};
    const uint32_t low = m->value << (6 * m->missing), high = low + ((1u << (6 * m->missing)) - 1);
    range->low = low > by_length[m->length].low ? low : by_length[m->length].low;
    range->high = high < by_length[m->length].high ? high : by_length[m->length].high;
    if (range->low >= 0xd800 && range->high <= 0xdfff) return false; // surrogates
    if (range->low < 0xd800 && range->high >= 0xd800 && range->high <= 0xdfff) range->high = 0xd7ff;
    return range->low <= range->high;
}

bool middle_range(struct middle *m, const struct alphabet *a, struct char_range *range) {
    if (m->interval) {
        *range = (struct char_range){a->intervals[m->value], a->intervals[m->value]};
        return true;
    }
    if (!possible(m, range)) return false;
    // Not where UTF-8 leaves some of the next bytes out: there the beginning matters.
    const size_t i = alphabet_interval(a, range->low);
    const bool whole = range->high - range->low + 1 == 1u << (6 * m->missing);
    if (m->missing && whole && (i + 1 == a->n || a->intervals[i + 1] > range->high))
        *m = (struct middle){(uint32_t)i, 0, m->missing, true};
    return true;
}
