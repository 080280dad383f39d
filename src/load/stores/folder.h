// SPDX-License-Identifier: MIT
// What paths lead to and what folders hold. The stores of other programs may hold anything: nothing here waits for a
// FIFO, follows a link to a folder below a store, or fails because something cannot be read.
#ifndef QUILL_LOAD_STORES_FOLDER_H
#define QUILL_LOAD_STORES_FOLDER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"

enum path_kind { PATH_NOTHING, PATH_FILE, PATH_FOLDER }; // PATH_NOTHING: also devices and what cannot be reached

enum path_kind path_kind(const char *path, uint64_t *bytes); // through links; *bytes: of a file; NULL is fine
bool path_is_plain_folder(const char *path);                 // a folder and no link

// "folder/name". NULL: no memory.
const char *path_join(struct arena *arena, const char *folder, struct str name);
struct str path_last(struct str path); // what follows the last slash

struct folder_list {
    const char **names; // [n], sorted by their bytes
    size_t n;
};
// The names in a folder, without hidden ones; none if it cannot be read, and at most 100,000. false: no memory, or too
// many open files.
bool folder_list(struct folder_list *out, struct arena *arena, const char *folder);
bool folder_has(const struct folder_list *list, const char *name);

// The content of a regular file of at most `most` bytes, NUL-terminated in the arena. QUILL_E_MODEL, QUILL_E_SYSTEM.
quill_status file_text(struct str *out, struct arena *arena, const char *path, size_t most, quill_error *err);

#endif
