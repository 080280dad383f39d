// SPDX-License-Identifier: MIT
// The rows of a table, one at a time: lines, TSV, CSV or JSON lines, from a descriptor or from memory. Endless input is
// fine: only the current row and what was read beyond it are in memory.
#ifndef QUILL_CLI_TABLE_ROWS_H
#define QUILL_CLI_TABLE_ROWS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "quill/session.h"

enum row_form {
    ROW_LINES, // one field: the line, byte for byte; an empty line is a row
    ROW_TSV,   // fields between tabs; \\ \n \t \r have their meaning, any other backslash is itself
    ROW_CSV,   // RFC 4180: "..." may hold commas, newlines and doubled quotes; lines may end in CR LF
    ROW_JSONL, // an object per line: a string is its text, any other value its JSON without white space
};

// The input; a byte order mark at its beginning is skipped. TSV and CSV begin with a row of names unless no_header is
// set, and a CR at the end of their lines is dropped. Empty or duplicate names are an error. An empty line in TSV or
// CSV is a row if there is one column, and is skipped if there are more.
struct row_source {
    enum row_form form;
    bool no_header;
    bool skip_empty;     // skip empty lines
    size_t n_columns;    // for a table without names: the fewest columns its rows should have; 0: one
    bool split_lines;    // for ROW_LINES: tabs split a line into fields, byte for byte
    const char *name;    // for messages: "rows.tsv", "stdin"
    uint64_t first_line; // number of the first line, for messages; 0: 1
    int fd;              // read when `memory` is NULL; borrowed
    const char *memory;  // [n_memory] borrowed
    size_t n_memory;
    size_t limit;        // a longer row is an error; 0: 64 MiB, JSON lines 8 MiB (parsed into a tree)
};

// Valid until the next call on its rows, rows_ready included.
struct row {
    uint64_t number;          // from 1, the names not counted
    uint64_t line;            // the line on which it begins
    quill_text raw;           // as read, without its newline
    const quill_text *fields; // [n_fields] decoded
    const quill_text *names;  // [n_fields] of the fields: columns or keys; NULL: lines, no_header
    size_t n_fields;
    size_t n_found;           // fields found in a row with too few or too many; 0: it cannot be split into fields
};

struct rows;

// Reads the names, if there are any. Errors: QUILL_E_USAGE (names), QUILL_E_SYSTEM. rows_close(NULL) is fine.
QUILL_MUST_CHECK quill_status rows_open(struct rows **out, const struct row_source *source, quill_error *err);
void rows_close(struct rows *rows);

// The columns of TSV and CSV; NULL: there are none.
const quill_text *rows_names(const struct rows *rows, size_t *n);

// The next row; *row is NULL at the end, and if a signal is pending. QUILL_E_USAGE: this row is malformed
// ("NAME:LINE: ..."); *row then has its number, line and raw bytes but no fields, and the next call continues with the
// next row. QUILL_E_SYSTEM: reading failed, *row is NULL, and no rows follow.
QUILL_MUST_CHECK quill_status rows_next(struct rows *rows, const struct row **row, quill_error *err);

// Whether rows_next would not have to wait for input: reads what is there without waiting.
bool rows_ready(struct rows *rows);

// For a progress bar: bytes of the rows returned so far, and of the file; all 0: not known.
void rows_progress(const struct rows *rows, uint64_t *done, uint64_t *all);

// The value of a column or key; NULL: the row has none with that name.
const quill_text *row_value(const struct row *row, const char *name, size_t n);

#endif
