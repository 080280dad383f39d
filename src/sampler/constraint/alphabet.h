// SPDX-License-Identifier: MIT
// What sets of code points tell apart, and characters that are read byte by byte.
#ifndef QUILL_SAMPLER_CONSTRAINT_ALPHABET_H
#define QUILL_SAMPLER_CONSTRAINT_ALPHABET_H

#include "char_set.h"

struct alphabet {
    uint32_t *intervals; // [n] first code points, ascending: no set tells the members of one apart
    uint64_t *classes;   // [n] equal where the same sets have their members
    size_t n;
};

bool alphabet_create(struct alphabet *a, const struct char_set *sets, size_t n_sets); // false: no memory
void alphabet_free(struct alphabet *a);
size_t alphabet_interval(const struct alphabet *a, uint32_t code);
static inline uint64_t alphabet_class(const struct alphabet *a, uint32_t code) {
    return a->classes[alphabet_interval(a, code)];
}

// Within a character, `middle` says how many of its bytes are missing and which code points are still possible:
// those that begin with `value` (its bits so far); or, if these all lie within one interval of code points that no
// set tells apart, that interval: most states within a character are then the same.
struct middle {
    uint32_t value;
    uint8_t length, missing; // bytes of the character
    bool interval;           // `value` is an index of `intervals`
}; // zeros: between two characters

// The middle behind a first byte of several. False: there is no such character.
bool middle_begin(struct middle *m, uint8_t byte);
// Takes one of the bytes that are missing; it is 10xxxxxx.
void middle_next(struct middle *m, uint8_t byte);
// Finds the code points that are still possible, and makes an interval of them if they are one. False: none is.
bool middle_range(struct middle *m, const struct alphabet *a, struct char_range *range);

#endif
