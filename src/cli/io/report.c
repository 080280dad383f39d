// SPDX-License-Identifier: MIT
#include "report.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "textbuf.h"

void report(const char *format, ...) {
    static const char prefix[] = "quill: ";
    char line[640];
    memcpy(line, prefix, sizeof prefix);
    size_t room = sizeof line - sizeof prefix, n = sizeof prefix - 1; // a newline takes the place of the NUL
    va_list args;
    va_start(args, format);
    int length = vsnprintf(line + n, room, format, args);
    va_end(args);
    if (length > 0) n += (size_t)length < room ? (size_t)length : room - 1;
    n -= text_utf8_tail(line, n);
    line[n++] = '\n';
    ssize_t written = write(STDERR_FILENO, line, n); // there is nobody left to tell
    (void)written;
}

quill_status set_error(quill_error *err, quill_status status, const char *format, ...) {
    va_list args;
    va_start(args, format);
    vsnprintf(err->text, sizeof err->text, format, args);
    va_end(args);
    err->status = status;
    err->offset = 0;
    return status;
}

quill_status set_errno(quill_error *err, const char *item, const char *what, int errnum) {
    return set_error(err, QUILL_E_SYSTEM, "%s: cannot %s: %s", QUOTED(item), what, strerror(errnum));
}

quill_status set_no_memory(quill_error *err) { return set_error(err, QUILL_E_SYSTEM, "out of memory"); }
