// SPDX-License-Identifier: MIT
#ifndef QUILL_SESSION_IDS_COMMON_H
#define QUILL_SESSION_IDS_COMMON_H

#include <stddef.h>
#include <stdint.h>

// The length of the common beginning of two texts.
static inline size_t ids_common(const int32_t *a, size_t n_a, const int32_t *b, size_t n_b) {
    size_t i = 0;
    while (i < n_a && i < n_b && a[i] == b[i]) i++;
    return i;
}

#endif
