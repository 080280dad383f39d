// SPDX-License-Identifier: MIT
#include "room.h"

#include <stdint.h>
#include <stdio.h>

#include "base/alloc.h"
#include "base/checked.h"
#include "base/map.h"
#include "base/meminfo.h"

enum { LEAST_ROOM = 4096, MOST_KEPT_ROOM = 1 << 15 };

static void release(struct room *room) {
    map_release(room->memory, room->n * room->size);
    *room = (struct room){0};
}

quill_status room_fit(void **of_piece, size_t n, size_t size, quill_error *err) {
    if (n > INT32_MAX - 1) return fail(err, QUILL_E_SYSTEM, "a word of %zu bytes is too long to encode", n);
    if (!*of_piece && !(*of_piece = alloc_zeroed(1, sizeof(struct room)))) return fail_memory(err);
    struct room *room = *of_piece;
    if (n <= room->n) return QUILL_OK;
    release(room);
    size_t bytes, fit = n < LEAST_ROOM ? LEAST_ROOM : n;
    if (!checked_mul_size(&bytes, fit, size)) return fail_memory(err);
    char what[40];
    snprintf(what, sizeof what, "a word of %zu MiB", n >> 20);
    quill_status status = meminfo_check(bytes, what, err);
    if (status) return status;
    void *memory = map_reserve(bytes);
    if (!memory) return fail_memory(err);
    *room = (struct room){memory, fit, size};
    return QUILL_OK;
}

void room_trim(void *of_piece) {
    struct room *room = of_piece;
    if (room && room->n > MOST_KEPT_ROOM) release(room);
}

void room_free(void *of_piece) {
    if (!of_piece) return;
    release(of_piece);
    free(of_piece);
}
