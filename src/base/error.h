// SPDX-License-Identifier: MIT
// Fills a quill_error. Text from a file, a prompt or argv goes through quoted(), which escapes and shortens it.
#ifndef QUILL_BASE_ERROR_H
#define QUILL_BASE_ERROR_H

#include "quill/error.h"
#include "str.h"

// Fills *err (NULL is fine) and returns `status`, so that it can end a function: return fail(err, QUILL_E_MODEL, ...).
__attribute__((format(printf, 3, 4))) quill_status fail(quill_error *err, quill_status status, const char *format, ...);
// The same, with the byte offset that the text is about.
__attribute__((format(printf, 4, 5))) quill_status fail_at(quill_error *err, quill_status status, uint64_t offset,
                                                           const char *format, ...);
// "FILE: cannot WHAT: strerror" with the given errno value. If the process lacked memory or descriptors, the status is
// QUILL_E_SYSTEM instead of `status`.
quill_status fail_errno(quill_error *err, quill_status status, const char *file, const char *what, int errnum);
quill_status fail_memory(quill_error *err); // QUILL_E_SYSTEM "out of memory"

// True for C0, DEL, C1, line separators and bidirectional controls: a terminal obeys them, or they reorder what a
// person reads.
bool is_obeyed(uint32_t code);

// A printable copy of `s`, at most 80 bytes, shortened with "...": characters that is_obeyed reports and invalid UTF-8
// become \xHH. It lives in a caller's buffer: fail(err, ..., "key '%s'", quoted(&(struct quoted){0}, key)).
struct quoted {
    char text[96];
};
const char *quoted(struct quoted *buffer, struct str s);
#define QUOTED(s) quoted(&(struct quoted){{0}}, (s))

// The ending of a noun behind the number n: "%zu token%s".
#define PLURAL(n) ((n) == 1 ? "" : "s")

#endif
