// SPDX-License-Identifier: MIT
#include "report.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/utf8.h"

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
    n -= utf8_unfinished_tail(line, n);
    line[n++] = '\n';
    ssize_t written = write(STDERR_FILENO, line, n); // there is nobody left to tell
    (void)written;
}
