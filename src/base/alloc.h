// SPDX-License-Identifier: MIT
// Checked allocation. All return NULL when the size overflows or memory is short; free() releases them.
#ifndef QUILL_BASE_ALLOC_H
#define QUILL_BASE_ALLOC_H

#include <stddef.h>
#include <stdlib.h>

#include "str.h"

void *alloc_array(size_t count, size_t size);               // not cleared; a count of 0 gives a valid pointer
void *alloc_zeroed(size_t count, size_t size);
void *alloc_resize(void *old, size_t count, size_t size);   // `old` stays valid on failure
// Room for at least `need` elements, growing by half at least: *cap is raised. NULL: `old` and *cap stay as they were;
// so it is where the system would have to kill a process for it (meminfo_has_room).
void *alloc_grow(void *old, size_t *cap, size_t need, size_t size);
void *alloc_aligned(size_t alignment, size_t count, size_t size); // alignment: a power of two >= 8; not cleared
char *alloc_string(struct str s);                           // NUL-terminated copy

#endif
