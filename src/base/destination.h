// SPDX-License-Identifier: MIT
// Where a path leads for a writer: to a file that is replaced as a whole, to one that is written in place, or to a
// descriptor that the process already has open.
#ifndef QUILL_BASE_DESTINATION_H
#define QUILL_BASE_DESTINATION_H

#include <stdbool.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "error.h"

// Identity of a file: two names with the same file_id are one file.
struct file_id {
    dev_t device;
    ino_t inode;
};
struct file_id file_id_of_stat(const struct stat *info);
bool file_id_of(struct file_id *id, const char *path); // through links; false: there is no such file
bool file_id_equal(struct file_id a, struct file_id b);

enum destination_kind {
    DESTINATION_REPLACED,   // `path` is a regular file, or nothing yet
    DESTINATION_IN_PLACE,   // `path` is a device or a pipe
    DESTINATION_DESCRIPTOR, // `fd` is open for writing
};

struct destination {
    enum destination_kind kind;
    char *path;       // REPLACED: where all links lead; the caller frees it
    bool exists;      // REPLACED: there is a file to replace
    mode_t mode;      // permissions of that file
    int fd;           // DESCRIPTOR; borrowed
};

// Follows links. Names of descriptors (/dev/stdout, /dev/fd/N, /proc/self/fd/N) mean the descriptor. So does a regular
// file that is open as stdout or stderr: renaming another file over it would lose its content. QUILL_E_USAGE: an empty
// path, or the file that stdin reads. QUILL_E_SYSTEM: a folder, or a descriptor that is not open for writing. On
// failure there is nothing to free.
quill_status destination_find(struct destination *out, const char *path, quill_error *err);

bool destination_same(const char *a, const char *b); // two paths of DESTINATION_REPLACED name one file

#endif
