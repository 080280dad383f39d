// SPDX-License-Identifier: MIT
// Working memory for the pieces of one thread, kept from piece to piece, but not when a very long one needed much.
#ifndef QUILL_TOKENIZER_SEGMENT_ROOM_H
#define QUILL_TOKENIZER_SEGMENT_ROOM_H

#include <stddef.h>

#include "base/error.h"

struct room {
    void *memory; // zeroed when it is new
    size_t n;     // elements
    size_t size;  // of each
};

// Makes *room, NULL at first, large enough for n elements. Errors: memory, a piece of 2 GiB.
quill_status room_fit(void **room, size_t n, size_t size, quill_error *err);
void room_trim(void *room); // NULL is fine
void room_free(void *room); // NULL is fine

#endif
