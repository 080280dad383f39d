// SPDX-License-Identifier: MIT
#ifndef QUILL_SESSION_GENERATE_H
#define QUILL_SESSION_GENERATE_H

#include "session.h"

struct generation *generation_create(int32_t n_ctx); // NULL: no memory
void generation_free(struct generation *g);          // NULL is fine

// QUILL_E_USAGE naming the field that is out of range; the prompt's ids are checked elsewhere.
quill_status request_check(const quill_request *request, int32_t n_vocab, quill_error *err);

#endif
