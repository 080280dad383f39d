// SPDX-License-Identifier: MIT
// Files mapped read-only, and large zeroed anonymous memory. Nothing else calls mmap.
#ifndef QUILL_BASE_MAP_H
#define QUILL_BASE_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "error.h"

struct map {
    const uint8_t *data; // [size], read-only; never NULL when open, even for an empty file
    size_t size;
    bool mapped;         // munmap on close, else free
    uint64_t stamp;      // a hash of the file's inode, size and times: another one if it is changed or replaced
};

enum map_how { MAP_FILE, MAP_READ }; // map it, or read it into memory (network drives)

// Opens the regular file `path`; anything else (directory, FIFO, device) is refused without waiting.
// Failures carry `status`: QUILL_E_MODEL for models; a lack of memory or descriptors is QUILL_E_SYSTEM.
quill_status map_open(struct map *map, const char *path, enum map_how how, quill_status status, quill_error *err);
// Reads the first *n bytes of such a file, to see what it is; *n becomes less if the file is shorter.
quill_status map_head(void *out, size_t *n, const char *path, quill_status status, quill_error *err);
// The same as map_open, but `name` within the directory `dir`; *missing is set (and QUILL_OK returned, map zeroed) when
// it does not exist and `missing` is not NULL.
quill_status map_open_at(struct map *map, const char *dir, const char *name, enum map_how how, bool *missing,
                         quill_status status, quill_error *err);
void map_close(struct map *map); // zeros are fine

// Brings most of data[0..size) into memory: it touches a page now and then, and the system maps those around it.
void map_populate(const void *data, size_t size);

// `size` bytes of zeroed memory, page-aligned, committed by touch. NULL: no room.
void *map_reserve(size_t size);
// Asks for huge pages where nothing was touched yet, if the system offers them: fewer misses of address translation.
// For memory that will mostly be used, since one touch commits and clears a whole huge page.
void map_prefer_huge(void *p, size_t size);
void map_release(void *p, size_t size); // NULL is fine

#endif
