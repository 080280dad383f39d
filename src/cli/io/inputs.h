// SPDX-License-Identifier: MIT
// The files that this run reads. An output is never one of them: what is read would be gone.
#ifndef QUILL_CLI_IO_INPUTS_H
#define QUILL_CLI_IO_INPUTS_H

#include "quill/error.h"

// Opens a file for reading and remembers it. QUILL_E_SYSTEM.
QUILL_MUST_CHECK quill_status inputs_open(int *fd, const char *path, quill_error *err);
// Remembers a file that is opened later, or was opened by another. "-", NULL and what does not exist are none.
QUILL_MUST_CHECK quill_status inputs_add(const char *path, quill_error *err);
QUILL_MUST_CHECK quill_status inputs_add_descriptor(int fd, quill_error *err);
// All files of a model. The path is borrowed, as from argv.
void inputs_set_model(const char *path);

// QUILL_E_USAGE when `path` is to be replaced and is one of these files.
QUILL_MUST_CHECK quill_status inputs_check(const char *path, quill_error *err);
// QUILL_E_USAGE when `out` writes to the file `name` that `fd` reads piece by piece: it would never end.
QUILL_MUST_CHECK quill_status inputs_check_endless(int fd, const char *name, int out, quill_error *err);

#endif
