// SPDX-License-Identifier: MIT
// What map writes for a row: only the answer, the row with its answer, or the object of --json.
#ifndef QUILL_CLI_TABLE_RECORD_H
#define QUILL_CLI_TABLE_RECORD_H

#include "base/buffer.h"
#include "cli/io/json_out.h"
#include "cli/options/options.h"
#include "rows.h"

// The key of JSON lines that says why a row failed.
#define RECORD_ERROR_KEY "_error"

struct record_form {
    enum row_form input;
    bool json;        // --json
    bool keep_blanks;
    const char *out;  // the column or key of the answer; NULL: only the answer
    size_t n_columns; // of the input's header; 0: none
};

struct record {
    struct buffer kept; // from the input: the columns, or the object without white space
    int out_at;       // index of the object's member with the key `out`; -1: none
    int error_at;     // the same for RECORD_ERROR_KEY, which is removed from a row without an error
    struct buffer text; // the record, with its newline
};
void record_free(struct record *r);

// All return false if memory is short. The header: the columns and `out`.
bool record_header(struct buffer *t, const struct record_form *form, const quill_text *names);
// Keeps the part of a row that the record will show: its fields, padded with empty ones to the number of columns; if it
// cannot be split into fields, its bytes as the first field.
bool record_begin(struct record *r, const struct record_form *form, const struct row *row);
// The answer without white space at both ends, unless keep_blanks.
quill_text record_answer(const struct record_form *form, quill_text text);
// Completes the record with a finished line.
bool record_end_plain(struct record *r, const struct buffer *line);
// Completes the record with an answer, or with an error (NULL: none) instead. `value` is the answer for JSON lines
// (NULL: the answer as a string); it is released.
bool record_end(struct record *r, const struct record_form *form, quill_text answer, json_t *value, const char *error);
// Completes the record with the object of --json, which is released; "row" comes first.
bool record_end_json(struct record *r, uint64_t number, json_t *object);

#endif
