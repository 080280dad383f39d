// SPDX-License-Identifier: MIT
// The fields of one row, decoded.
#ifndef QUILL_CLI_TABLE_ROW_FIELDS_H
#define QUILL_CLI_TABLE_ROW_FIELDS_H

#include "base/buffer.h"
#include "cli/io/json_out.h"
#include "quill/session.h"

struct row_fields {
    quill_text *texts;    // [n]
    quill_text *names;    // [n] of JSON; NULL: none
    size_t n;
    struct buffer decoded; // what texts point into, unless they point into the row
    json_t *object;       // or into this
};
void row_fields_clear(struct row_fields *f); // keeps the memory
void row_fields_free(struct row_fields *f);

// `where` begins the message of an error: "FILE:LINE". Errors: QUILL_E_USAGE, QUILL_E_SYSTEM (memory).
QUILL_MUST_CHECK quill_status row_fields_add(struct row_fields *f, const char *p, size_t n, quill_error *err);
QUILL_MUST_CHECK quill_status row_fields_tsv(struct row_fields *f, quill_text row, const char *where,
                                             quill_error *err);
QUILL_MUST_CHECK quill_status row_fields_csv(struct row_fields *f, quill_text row, const char *where,
                                             quill_error *err);
QUILL_MUST_CHECK quill_status row_fields_json(struct row_fields *f, quill_text row, const char *where,
                                              quill_error *err);

#endif
