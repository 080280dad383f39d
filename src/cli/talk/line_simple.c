// SPDX-License-Identifier: MIT
// Line readers of a build without libedit.
#include "base/alloc.h"
#include "base/error.h"
#include "line_plain.h"

struct line_reader {
    char unused;
};

quill_status line_reader_open(struct line_reader **out, quill_error *err) {
    *out = alloc_zeroed(1, sizeof **out);
    return *out ? QUILL_OK : fail_memory(err);
}

void line_reader_close(struct line_reader *r) { free(r); }

enum line_end line_reader_read(struct line_reader *r, const char *prompt, struct buffer *line) {
    (void)r;
    return line_plain_read(prompt, line);
}

void line_reader_remember(struct line_reader *r, const char *text) { (void)r, (void)text; }
