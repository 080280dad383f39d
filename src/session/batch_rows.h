// SPDX-License-Identifier: MIT
#ifndef QUILL_SESSION_BATCH_ROWS_H
#define QUILL_SESSION_BATCH_ROWS_H

#include "quill/batch.h"
#include "parts.h"

struct batch_rows *batch_rows_create(int32_t n_seq, int32_t n_ctx); // NULL: no memory
void batch_rows_free(struct batch_rows *rows);                      // NULL is fine
size_t batch_row_bytes(int32_t n_ctx);                              // bytes of ids and the like, per row

#endif
