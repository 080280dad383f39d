// SPDX-License-Identifier: MIT
// The examples of a prompt file.
#ifndef QUILL_CLI_PROMPT_EXAMPLES_H
#define QUILL_CLI_PROMPT_EXAMPLES_H

#include "base/buffer.h"
#include "cli/table/rows.h"
#include "template.h"

struct example {
    quill_text *values; // [slots.n], in `bytes`; text NULL: no such column
    struct buffer bytes;
    size_t line; // its line in the file `name`
};

struct examples {
    struct example *items; // [n] in the file's order
    size_t n;
    size_t line; // line of %examples in the prompt file; 0: none
    char *name;  // the file that holds them: the prompt file, or that of %examples FILE; NULL: not read yet
};

struct examples_block {
    enum row_form form;
    struct buffer rows; // between %examples and %end
    size_t first_line;  // number of their first line
    char *path;         // FILE of %examples FILE, whose name's end determines the format; NULL: rows
};

// What the reader needs from the prompt file.
struct examples_source {
    const char *name, *folder; // as given; the folder that FILE is relative to, NULL: files are refused
    const struct slots *slots;
    int answer; // the slot that every example must fill
};

// Why a prompt file may not name a file by this path; NULL: it may. Allowed: relative, without "..", without NUL.
const char *path_problem(const char *path, size_t n);

// Opens a regular file that a directive ("%examples") in this line of a prompt file names. Errors: QUILL_E_USAGE,
// QUILL_E_SYSTEM ("FILE:LINE: ...").
QUILL_MUST_CHECK quill_status open_named(int *fd, const char *name, const char *folder, size_t line,
                                         const char *directive, const char *path, quill_error *err);

// Fills *out, whose `line` is set. Call examples_free even after a failure. Errors: QUILL_E_USAGE "FILE:LINE: ...",
// QUILL_E_SYSTEM.
QUILL_MUST_CHECK quill_status examples_read(struct examples *out, const struct examples_source *source,
                                            const struct examples_block *block, quill_error *err);
void examples_free(struct examples *e);

#endif
