// SPDX-License-Identifier: MIT
#include "row_failures.h"

#include <inttypes.h>

#include "base/error.h"
#include "cli/io/report.h"

quill_status row_failed(struct row_failures *f, uint64_t number, quill_error *err) {
    const quill_error reason = *err;
    if (f->failed++ == 0) f->status = reason.status;
    if (f->fast) return fail(err, reason.status, "row %" PRIu64 ": %s", number, reason.text);
    report("row %" PRIu64 ": %s", number, reason.text);
    return QUILL_OK;
}

quill_status row_failures_end(const struct row_failures *f, quill_error *err) {
    if (f->failed == 0) return QUILL_OK;
    return fail(err, f->status, "%" PRIu64 " of %" PRIu64 " rows failed", f->failed, f->rows);
}
