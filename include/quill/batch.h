// SPDX-License-Identifier: MIT
// Several generations of one session at once: every weight that is read serves all of them.
//
//     while (there are requests or rows in work) {
//         while (quill_batch_room(session) && there is a request) s = quill_batch_add(session, request, NULL, &err);
//         s = quill_batch_step(session, &err);                       // one token of each row, or a part of its prompt
//         while (quill_batch_take(session, &row)) use(row.result);   // and its place is free
//     }
//
// A row's result equals that of quill_generate, bit for bit, whatever else is in the batch. A beginning that prompts
// share is computed once. While a session has rows in work, its other functions that compute return QUILL_E_USAGE.
#ifndef QUILL_BATCH_H
#define QUILL_BATCH_H

#include "session.h"

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

typedef struct quill_batch_row {
    void *tag;                  // what quill_batch_add was given
    quill_status status;        // what quill_generate would have returned
    quill_error error;
    const quill_result *result; // owned by the session, valid until its next quill_batch_add or other call
} quill_batch_row;

// How many more rows can be added: n_seq of the session's options, minus the rows not yet taken. A row with a cfg_scale
// (quill_request_sequences) counts twice.
size_t quill_batch_room(const quill_session *session);

// Adds a row. `tag` may be NULL. What the request points to is borrowed until the row is taken. On failure nothing is
// added. Errors: QUILL_E_USAGE (no room), and those that quill_generate finds before it computes anything.
QUILL_MUST_CHECK quill_status quill_batch_add(quill_session *session, const quill_request *request, void *tag,
                                              quill_error *err);

// Runs one forward pass over all rows: the next token of each row that generates, and parts of prompts not yet read.
// A row that fails does not affect the others; its status is in quill_batch_row. Without rows this does nothing.
QUILL_MUST_CHECK quill_status quill_batch_step(quill_session *session, quill_error *err);

// Hands back a finished row, the earliest added of them, and frees its place. False: no row is finished.
bool quill_batch_take(quill_session *session, quill_batch_row *row);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif
#endif
