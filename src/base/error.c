// SPDX-License-Identifier: MIT
#include "error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "utf8.h"

__attribute__((format(printf, 4, 0))) static void fill(quill_error *err, quill_status status, uint64_t offset,
                                                       const char *format, va_list args) {
    if (!err) return;
    err->status = status;
    err->offset = offset;
    vsnprintf(err->text, sizeof err->text, format, args);
}

quill_status fail(quill_error *err, quill_status status, const char *format, ...) {
    va_list args;
    va_start(args, format);
    fill(err, status, 0, format, args);
    va_end(args);
    return status;
}

quill_status fail_at(quill_error *err, quill_status status, uint64_t offset, const char *format, ...) {
    va_list args;
    va_start(args, format);
    fill(err, status, offset, format, args);
    va_end(args);
    return status;
}

// A process without memory or file descriptors says nothing about the file.
static bool is_lack(int errnum) { return errnum == ENOMEM || errnum == EMFILE || errnum == ENFILE; }

quill_status fail_errno(quill_error *err, quill_status status, const char *file, const char *what, int errnum) {
    char buffer[128]; // the GNU form of strerror_r: thread-safe, and in the C locale the library never leaves
    const char *reason = strerror_r(errnum, buffer, sizeof buffer);
    if (is_lack(errnum)) status = QUILL_E_SYSTEM;
    return fail(err, status, "%s: cannot %s: %s", *file ? QUOTED(str_of(file)) : "''", what, reason);
}

quill_status fail_memory(quill_error *err) { return fail(err, QUILL_E_SYSTEM, "out of memory"); }

bool is_obeyed(uint32_t code) {
    return code < 0x20 || (code >= 0x7f && code < 0xa0) || code == 0x61c || (code >= 0x200e && code <= 0x200f) ||
           (code >= 0x2028 && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069);
}

const char *quoted(struct quoted *buffer, struct str s) {
    enum { KEEP = 80, CUT = 4 };
    char *out = buffer->text;
    size_t used = 0, i = 0;
    while (i < s.n) {
        uint32_t code = 0;
        int step = utf8_step(s.p + i, s.n - i, &code);
        size_t length = (size_t)(step < 0 ? 1 : step);
        bool escape = step < 0 || is_obeyed(code);
        if (used + (escape ? 4 * length : length) > KEEP) break;
        for (size_t k = 0; k < length; k++)
            if (escape)
                used += (size_t)snprintf(out + used, 5, "\\x%02x", (unsigned)(unsigned char)s.p[i + k]);
            else
                out[used++] = s.p[i + k];
        i += length;
    }
    memcpy(out + used, "...", CUT);
    if (i == s.n) out[used] = '\0';
    return out;
}
