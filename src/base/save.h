// SPDX-License-Identifier: MIT
// A file that appears whole or not at all: temporary name in the same directory, fsync, rename, fsync of the directory.
// The old file stays untouched until the rename; the new one has its permissions, and a link to it stays a link.
#ifndef QUILL_BASE_SAVE_H
#define QUILL_BASE_SAVE_H

#include <stddef.h>
#include <stdint.h>

#include "error.h"

struct save {
    int fd;           // -1: closed
    char *path;       // as it was given, for messages
    char *target;     // what it is a link to, or itself
    char *temp;       // beside the target
    char *pending;    // bytes not yet written
    size_t n_pending;
    uint64_t written; // bytes accepted so far
};

quill_status save_begin(struct save *save, const char *path, quill_error *err);
quill_status save_write(struct save *save, const void *bytes, size_t n, quill_error *err);
quill_status save_commit(struct save *save, quill_error *err); // on failure the temporary file is removed
void save_abort(struct save *save);                            // removes it; fine after commit, and on zeros with fd -1

#endif
