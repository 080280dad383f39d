// SPDX-License-Identifier: MIT
// Where the end of a history occurred before.
#ifndef QUILL_SAMPLER_REPEATS_H
#define QUILL_SAMPLER_REPEATS_H

#include <stddef.h>
#include <stdint.h>

// match[i] is how many of the last ids of ids[0..i] and of ids[0..n) are the same; match[n - 1] is n. Takes time in
// proportion to n, whatever repeats (the Z algorithm, Gusfield 1997, read backwards).
void repeats_find(int32_t *match, const int32_t *ids, size_t n);

#endif
