// SPDX-License-Identifier: MIT
#include "line_plain.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "cli/io/signals.h"

void line_break(void) {
    const ssize_t written = write(STDOUT_FILENO, "\n", 1);
    (void)written;
}

// Byte by byte: a terminal gives a line at a time, and what is not read stays for whoever reads next.
enum line_end line_plain_read(const char *prompt, struct buffer *line) {
    line->n = 0;
    const ssize_t written = write(STDOUT_FILENO, prompt, strlen(prompt));
    (void)written;
    for (;;) {
        char c;
        const ssize_t got = read(STDIN_FILENO, &c, 1);
        if (got < 0 && errno == EINTR && !signals_pending()) continue;
        if (got < 0 && !signals_take_interrupt()) return LINE_NO_MORE;
        if (got < 0) return line_break(), LINE_INTERRUPTED;
        if (got == 0) return line->n ? LINE_WHOLE : LINE_NO_MORE;
        if (c == '\n') return LINE_WHOLE;
        if (!buffer_add_byte(line, c)) return LINE_NO_MORE;
    }
}
