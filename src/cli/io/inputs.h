// SPDX-License-Identifier: MIT
// The files that this run reads. An output must never be one of them: it would destroy the input.
#ifndef QUILL_CLI_IO_INPUTS_H
#define QUILL_CLI_IO_INPUTS_H

#include "quill/error.h"

// Opens a file for reading and remembers it. QUILL_E_SYSTEM.
QUILL_MUST_CHECK quill_status inputs_open(int *fd, const char *path, quill_error *err);
// Remembers a file that is opened elsewhere. Ignores "-", NULL and names of no file.
QUILL_MUST_CHECK quill_status inputs_add(const char *path, quill_error *err);
QUILL_MUST_CHECK quill_status inputs_add_descriptor(int fd, quill_error *err);
// Remembers all files of a model. The path is borrowed, as from argv.
void inputs_set_model(const char *path);

// The file at `path`, which was read last, is a transcript: what was said since is written to it.
void inputs_set_transcript(const char *path);

// QUILL_E_USAGE if `path` would be replaced and is one of these files.
QUILL_MUST_CHECK quill_status inputs_check(const char *path, quill_error *err);
// The same for a transcript, which may replace a transcript.
QUILL_MUST_CHECK quill_status inputs_check_transcript(const char *path, quill_error *err);
// QUILL_E_USAGE if `out` writes to the file `name` that `fd` reads piece by piece: reading would never end.
QUILL_MUST_CHECK quill_status inputs_check_endless(int fd, const char *name, int out, quill_error *err);

#endif
