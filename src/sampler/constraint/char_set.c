// SPDX-License-Identifier: MIT
#include "char_set.h"

#include <stdlib.h>

#include "base/alloc.h"

void char_set_free(struct char_set *set) {
    free(set->ranges);
    *set = (struct char_set){0};
}

bool char_set_add(struct char_set *set, uint32_t low, uint32_t high) {
    if (set->n == set->cap) {
        struct char_range *ranges = alloc_grow(set->ranges, &set->cap, set->n + 1, sizeof *ranges);
        if (!ranges) return false;
        set->ranges = ranges;
    }
    set->ranges[set->n++] = (struct char_range){low, high};
    return true;
}

static int by_low(const void *pa, const void *pb) {
    const struct char_range *a = pa, *b = pb;
    return (a->low > b->low) - (a->low < b->low);
}

void char_set_order(struct char_set *set) {
    if (set->n == 0) return;
    qsort(set->ranges, set->n, sizeof *set->ranges, by_low);
    size_t last = 0;
    for (size_t i = 1; i < set->n; i++) {
        const struct char_range next = set->ranges[i];
        struct char_range *before = &set->ranges[last];
        if (next.low > before->high + 1) set->ranges[++last] = next;
        else if (next.high > before->high) before->high = next.high;
    }
    set->n = last + 1;
}

bool char_set_invert(struct char_set *set) {
    struct char_set inverse = {0};
    uint32_t from = 0;
    bool ok = true;
    for (size_t i = 0; i < set->n && ok; i++) {
        if (set->ranges[i].low > from) ok = char_set_add(&inverse, from, set->ranges[i].low - 1);
        from = set->ranges[i].high + 1;
    }
    if (ok && from <= LAST_CODE) ok = char_set_add(&inverse, from, LAST_CODE);
    char_set_free(ok ? set : &inverse);
    if (ok) *set = inverse;
    return ok;
}

bool char_set_cut(struct char_set *out, const struct char_set *a, const struct char_set *b) {
    bool ok = true;
    *out = (struct char_set){0};
    for (size_t i = 0, k = 0; ok && i < a->n && k < b->n;) {
        const struct char_range x = a->ranges[i], y = b->ranges[k];
        const uint32_t low = x.low > y.low ? x.low : y.low, high = x.high < y.high ? x.high : y.high;
        if (low <= high) ok = char_set_add(out, low, high);
        if (x.high < y.high) i++;
        else k++;
    }
    if (!ok) char_set_free(out);
    return ok;
}

// The first range that ends at or behind `code`.
static size_t range_from(const struct char_set *set, uint32_t code) {
    size_t low = 0, high = set->n;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (set->ranges[middle].high < code) low = middle + 1;
        else high = middle;
    }
    return low;
}

bool char_set_meets(const struct char_set *set, uint32_t low, uint32_t high) {
    const size_t i = range_from(set, low);
    return i < set->n && set->ranges[i].low <= high;
}

bool char_set_has(const struct char_set *set, uint32_t code) { return char_set_meets(set, code, code); }

bool char_set_includes(const struct char_set *set, const struct char_set *other) {
    size_t i = 0;
    for (size_t k = 0; k < other->n; k++) {
        while (i < set->n && set->ranges[i].high < other->ranges[k].low) i++;
        if (i == set->n || set->ranges[i].low > other->ranges[k].low || set->ranges[i].high < other->ranges[k].high)
            return false;
    }
    return true;
}

uint32_t char_set_size(const struct char_set *set) {
    uint32_t n = 0;
    for (size_t i = 0; i < set->n; i++) n += set->ranges[i].high - set->ranges[i].low + 1;
    return n;
}
