// SPDX-License-Identifier: MIT
// Sets of code points.
#ifndef QUILL_SAMPLER_CONSTRAINT_CHAR_SET_H
#define QUILL_SAMPLER_CONSTRAINT_CHAR_SET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { LAST_CODE = 0x10ffff };

struct char_range {
    uint32_t low, high; // both included
};

// Zeros are the empty set. Surrogates may be in a set; no text has any.
struct char_set {
    struct char_range *ranges; // [n] ascending; between two of them there is at least one code point
    size_t n, cap;
};

void char_set_free(struct char_set *set);
// Appends a range, wherever it lies; char_set_order must follow before the set is used. False: no memory.
bool char_set_add(struct char_set *set, uint32_t low, uint32_t high);
void char_set_order(struct char_set *set);
bool char_set_invert(struct char_set *set); // false: no memory

// Makes *out of what both have; false: no memory.
bool char_set_cut(struct char_set *out, const struct char_set *a, const struct char_set *b);

bool char_set_includes(const struct char_set *set, const struct char_set *other); // has all of the other's
uint32_t char_set_size(const struct char_set *set); // code points
bool char_set_has(const struct char_set *set, uint32_t code);
bool char_set_meets(const struct char_set *set, uint32_t low, uint32_t high); // has a code point in low..high

#endif
