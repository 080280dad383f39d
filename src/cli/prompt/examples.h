// SPDX-License-Identifier: MIT
// The examples of a prompt file.
#ifndef QUILL_CLI_PROMPT_EXAMPLES_H
#define QUILL_CLI_PROMPT_EXAMPLES_H

#include "base/buffer.h"
#include "cli/table/rows.h"
#include "template.h"

struct example {
    quill_text *values; // [slots.n], in `bytes`; text NULL: there is no such column
    struct buffer bytes;
    size_t line; // of the file `name`
};

struct examples {
    struct example *items; // [n] in the file's order
    size_t n;
    size_t line; // of %examples in the prompt file; 0: none
    char *name;  // the file they are in: the prompt file, or that of %examples FILE; NULL: not read yet
};

struct examples_block {
    enum row_form form;
    struct buffer rows; // between %examples and %end
    size_t first_line;  // number of their first line
    char *path;         // of %examples FILE: the form goes by the end of its name; NULL: rows
};

// What reading them needs to know of the prompt file.
struct examples_source {
    const char *name, *folder; // as given; what FILE is relative to, NULL: nothing
    const struct slots *slots;
    int answer; // the slot that every example fills
};

// Why a file of a prompt file may not have this path; NULL: it may. Relative, without "..", no NUL.
const char *path_problem(const char *path, size_t n);

// Fills *out, whose `line` is set; examples_free in any case. Errors: QUILL_E_USAGE "FILE:LINE: ...", QUILL_E_SYSTEM.
QUILL_MUST_CHECK quill_status examples_read(struct examples *out, const struct examples_source *source,
                                            const struct examples_block *block, quill_error *err);
void examples_free(struct examples *e);

#endif
