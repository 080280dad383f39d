// SPDX-License-Identifier: MIT
// Several generations of one session at once: every weight that is read serves all of them.
//
//     while (there are requests or rows in work) {
//         while (quill_batch_room(session) && there is a request) s = quill_batch_add(session, request, NULL, &err);
//         s = quill_batch_step(session, &err);                       // one token of each row, or a part of its prompt
//         while (quill_batch_take(session, &row)) use(row.result);   // and its place is free
//     }
//
// A row's result is the one of quill_generate, bit for bit, whatever else is in the batch. What prompts have in common
// is computed once. A session that has rows in work is used by these functions alone.
#ifndef QUILL_BATCH_H
#define QUILL_BATCH_H

#include "session.h"

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

typedef struct quill_batch_row {
    void *tag;                  // as it was added
    quill_status status;        // what quill_generate would have returned
    quill_error error;
    const quill_result *result; // owned by the session, valid until its next quill_batch_add or other call
} quill_batch_row;

// How many more rows can be added: n_seq of the session's options less those that were not taken yet.
size_t quill_batch_room(const quill_session *session);

// Adds a row; there must be room. What the request points to is borrowed until the row is taken. Errors, after which
// nothing was added: those of quill_generate that are found before anything is computed.
QUILL_MUST_CHECK quill_status quill_batch_add(quill_session *session, const quill_request *request, void *tag,
                                              quill_error *err);

// One forward pass over all rows: the next token of those that generate, and parts of the prompts that are not read
// yet. Rows that fail do so alone, with a status of their own. Without rows it does nothing.
QUILL_MUST_CHECK quill_status quill_batch_step(quill_session *session, quill_error *err);

// Hands a finished row back, the one added first of them. False: none is finished.
bool quill_batch_take(quill_session *session, quill_batch_row *row);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif
#endif
