// SPDX-License-Identifier: MIT
// "Did you mean": the known name nearest to a mistyped one.
#ifndef QUILL_BASE_NEAREST_H
#define QUILL_BASE_NEAREST_H

#include "str.h"

// Start from {.typed = ...}, offer every known name, then read `best`; its p is NULL if none is near enough.
struct nearest {
    struct str typed, best;
    size_t cost; // edits between the two; 0 if there is no best
};

void nearest_offer(struct nearest *search, struct str name);

#endif
