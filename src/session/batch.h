// SPDX-License-Identifier: MIT
#ifndef QUILL_SESSION_BATCH_H
#define QUILL_SESSION_BATCH_H

#include "quill/batch.h"
#include "session.h"

struct batch *batch_create(int32_t n_seq, int32_t n_ctx); // NULL: no memory
void batch_free(struct batch *batch);                     // NULL is fine
size_t batch_row_bytes(int32_t n_ctx);                    // of ids and the like, for each sequence

#endif
