// SPDX-License-Identifier: MIT
// Messages on stderr: lines that begin with "quill: ", each written by one write(2).
#ifndef QUILL_CLI_IO_REPORT_H
#define QUILL_CLI_IO_REPORT_H

enum { STATUS_TIMEOUT = 124 }; // the only exit status that is not a quill_status

__attribute__((format(printf, 1, 2))) void report(const char *format, ...);

#endif
