// SPDX-License-Identifier: MIT
// "Did you mean": the known name nearest to a mistyped one.
#ifndef QUILL_CLI_OPTIONS_NEAREST_H
#define QUILL_CLI_OPTIONS_NEAREST_H

#include <stddef.h>

// Start from {.typed = ...}, offer every known name, then read `best`; NULL: none is near enough.
struct nearest {
    const char *typed;
    const char *best;
    size_t best_n; // best is not NUL-terminated
    size_t cost;
};

void nearest_offer(struct nearest *search, const char *name, size_t n);

#endif
