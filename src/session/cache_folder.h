// SPDX-License-Identifier: MIT
// The folder of the prompt cache: names, the list of entries, the removal of old ones. Nothing here follows a link in
// the folder, or the folder if it is one, or touches a file whose name and first bytes are not those of the cache.
#ifndef QUILL_SESSION_CACHE_FOLDER_H
#define QUILL_SESSION_CACHE_FOLDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

enum { CACHE_NAME = 11 }; // bytes of "XXXXXXXX.kv"

struct cache_name {
    char text[CACHE_NAME + 1];
};

struct cache_item {
    struct cache_name name;
    uint64_t bytes;
    int64_t seconds, nanoseconds; // of the last use
};
struct cache_items {
    struct cache_item *items; // [n]
    size_t n, cap;
};

char *cache_path(const char *folder, const char *name); // "folder/name"; NULL: no memory

// Opens a regular file of the folder for reading, without following a link or waiting; -1: there is none, see errno.
int cache_open(const char *folder, const char *name);
bool cache_is_own(int fd);  // it belongs to this user
void cache_touch(int fd);   // it is used now

// Makes the folder and those above it, for this user alone. False: it cannot be used; *why says why.
bool cache_folder_make(const char *folder, const char **why);

// The entries whose names begin with these characters, in no order; the caller frees items. A folder that cannot be
// read has none. Removes what interrupted writers left `stale` seconds ago or earlier; -1: nothing. False: no memory.
bool cache_folder_list(struct cache_items *out, const char *folder, const char *beginning, int64_t stale);
void cache_items_sort(struct cache_items *list); // the one used last first

// Removes an entry if it is one. False: it is still there; see errno.
bool cache_remove(const char *folder, const char *name);
// Removes the entries used least recently until the rest take at most `limit` bytes.
void cache_folder_prune(const char *folder, uint64_t limit);

#endif
