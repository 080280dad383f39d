// SPDX-License-Identifier: MIT
// Checked allocation. All return NULL if the size overflows or memory is short; free() releases the memory.
#ifndef QUILL_BASE_ALLOC_H
#define QUILL_BASE_ALLOC_H

#include <stddef.h>
#include <stdlib.h>

#include "str.h"

void *alloc_array(size_t count, size_t size);               // not cleared; a count of 0 gives a valid pointer
void *alloc_zeroed(size_t count, size_t size);
void *alloc_resize(void *old, size_t count, size_t size);   // `old` stays valid on failure
// Makes room for at least `need` elements, growing by at least half, and raises *cap. NULL: `old` and *cap are
// unchanged; also returned when the system would have to kill a process to provide the memory (meminfo_has_room).
void *alloc_grow(void *old, size_t *cap, size_t need, size_t size);
void *alloc_aligned(size_t alignment, size_t count, size_t size); // alignment: a power of two >= 8; not cleared
char *alloc_string(struct str s);                           // NUL-terminated copy

#endif
