// SPDX-License-Identifier: MIT
// Reading several texts at once, each in a sequence of its own, for the logits at some of their places.
#ifndef QUILL_SESSION_TEXTS_H
#define QUILL_SESSION_TEXTS_H

#include "parts.h"

struct text_rows {
    const int32_t *ids; // [n] each in 0..n_vocab-1; n <= n_ctx
    size_t n;
    size_t first;       // the logits after ids[first], ids[first+1], ... are wanted; 0..n
};
typedef void text_row_fn(void *user, size_t text, size_t i, const float *logits);

// Calls `row` with the logits after texts[text].ids[i], ascending by text, then by i: the order does not depend on what
// is computed at once. What the session holds of a text, up to `first`, is not computed again, and a beginning that
// texts have in common is computed once when it is long. Errors: QUILL_E_MODEL, QUILL_E_SYSTEM (memory).
QUILL_MUST_CHECK quill_status session_read_texts(quill_session *session, const struct text_rows *texts, size_t n_texts,
                                                 text_row_fn *row, void *user, quill_error *err);

#endif
