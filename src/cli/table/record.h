// SPDX-License-Identifier: MIT
// What map writes for a row: the answer alone, the row with its answer, or the object of --json.
#ifndef QUILL_CLI_TABLE_RECORD_H
#define QUILL_CLI_TABLE_RECORD_H

#include "base/buffer.h"
#include "cli/io/json_out.h"
#include "cli/options/options.h"
#include "rows.h"

// The key of JSON lines that tells why a row failed.
#define RECORD_ERROR_KEY "_error"

struct record_form {
    enum row_form input;
    bool json;        // --json
    bool keep_blanks;
    const char *out;  // the column or key of the answer; NULL: the answer alone
    size_t n_columns; // of the input's header; 0: none
};

struct record {
    struct buffer kept; // of the input: the columns, or the object without blanks
    int out_at;       // which member of the object has the key `out`; -1: none
    int error_at;     // the same of RECORD_ERROR_KEY, which a row without an error loses
    struct buffer text; // what is written, its newline included
};
void record_free(struct record *r);

// All return false when there is no memory. The header: the columns and `out`.
bool record_header(struct buffer *t, const struct record_form *form, const quill_text *names);
// Keeps what the record will show of a row: the fields it has, with empty ones up to the number of columns; of one that
// cannot be divided, its bytes as the first.
bool record_begin(struct record *r, const struct record_form *form, const struct row *row);
// Without its blanks at both ends, unless keep_blanks.
quill_text record_answer(const struct record_form *form, quill_text text);
// Completes it with bytes that need no form.
bool record_end_plain(struct record *r, const struct buffer *line);
// Completes it with an answer, or with an error (NULL: none) in place of one. `value` is what JSON lines get (NULL: the
// answer as a string); it is released.
bool record_end(struct record *r, const struct record_form *form, quill_text answer, json_t *value, const char *error);
// Completes it with the object of --json, which is released: "row" comes first.
bool record_end_json(struct record *r, uint64_t number, json_t *object);

#endif
