// SPDX-License-Identifier: MIT
// Counts rows that fail while the others continue.
#ifndef QUILL_CLI_TABLE_ROW_FAILURES_H
#define QUILL_CLI_TABLE_ROW_FAILURES_H

#include <stdbool.h>
#include <stdint.h>

#include "quill/error.h"

struct row_failures {
    bool fast;            // the first failure ends everything
    uint64_t rows, failed;
    quill_status status;  // of the first failed row
};

// Prints "row N: ..." on stderr. With `fast` it does not print: the line in *err ends the run and is returned.
QUILL_MUST_CHECK quill_status row_failed(struct row_failures *f, uint64_t number, quill_error *err);
// The status of the whole run: "3 of 1000 rows failed".
quill_status row_failures_end(const struct row_failures *f, quill_error *err);

#endif
