// SPDX-License-Identifier: MIT
// The examples of a prompt file.
#ifndef QUILL_CLI_PROMPT_EXAMPLES_H
#define QUILL_CLI_PROMPT_EXAMPLES_H

#include "base/buffer.h"
#include "cli/table/rows.h"
#include "prompt_file.h"

struct examples_block {
    enum row_form form;
    struct buffer rows; // between %examples and %end
    size_t first_line; // number of their first line
    char *path;        // of %examples FILE: the form goes by the end of its name; NULL: rows
};

// Why a file of a prompt file may not have this path; NULL: it may. Relative, without "..", no NUL.
const char *path_problem(const char *path, size_t n);

// Fills f->examples. Errors: QUILL_E_USAGE "FILE:LINE: ...", QUILL_E_SYSTEM.
QUILL_MUST_CHECK quill_status examples_read(struct prompt_file *f, const struct examples_block *block,
                                            quill_error *err);

#endif
