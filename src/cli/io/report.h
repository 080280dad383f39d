// SPDX-License-Identifier: MIT
// What the program says on stderr: lines that begin with "quill: ", each written by one write(2).
#ifndef QUILL_CLI_IO_REPORT_H
#define QUILL_CLI_IO_REPORT_H

#include "quill/error.h"

enum { STATUS_TIMEOUT = 124 }; // the one exit status that is no quill_status

__attribute__((format(printf, 1, 2))) void report(const char *format, ...);

// Fills *err and returns `status`. Text from outside goes through QUOTED first.
__attribute__((format(printf, 3, 4))) quill_status set_error(quill_error *err, quill_status status, const char *format,
                                                            ...);
// "ITEM: cannot WHAT: strerror", QUILL_E_SYSTEM
quill_status set_errno(quill_error *err, const char *item, const char *what, int errnum);
quill_status set_no_memory(quill_error *err);

#endif
