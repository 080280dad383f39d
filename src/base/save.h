// SPDX-License-Identifier: MIT
// A file that appears whole or not at all: temporary name in the same directory, fsync, rename, fsync of the directory.
// The old file stays untouched until the rename; the new one has its permissions, and a link to it stays a link.
// Devices, pipes and descriptors cannot be replaced and are written in place (destination.h names descriptors).
#ifndef QUILL_BASE_SAVE_H
#define QUILL_BASE_SAVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "error.h"

// Told of the temporary file: true once it exists, before a signal handler can run; false once it is gone. `temp` is
// borrowed during the call. Zeros: nobody is told.
struct save_watch {
    void (*fn)(void *user, const char *temp, bool exists);
    void *user;
};

struct save {
    int fd;           // the caller may write to it directly instead of by save_write; -1: closed
    struct save_watch watch;
    char *path;       // as given, for messages
    char *target;     // where its links lead; NULL: written in place
    char *temp;       // beside the target; NULL: none
    char *pending;    // bytes not yet written
    size_t n_pending;
    uint64_t written; // bytes accepted so far
};

quill_status save_begin(struct save *save, const char *path, struct save_watch watch, quill_error *err);
// A regular file for the user alone (permissions 0600), in a folder of quill's own: `path` itself is replaced, even if
// it is a link.
quill_status save_begin_private(struct save *save, const char *path, struct save_watch watch, quill_error *err);
quill_status save_write(struct save *save, const void *bytes, size_t n, quill_error *err);
quill_status save_commit(struct save *save, quill_error *err); // on failure the temporary file is removed
void save_abort(struct save *save);                            // removes it; fine after commit, and on zeros

#endif
