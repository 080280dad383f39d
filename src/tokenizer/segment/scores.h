// SPDX-License-Identifier: MIT
#ifndef QUILL_TOKENIZER_SEGMENT_SCORES_H
#define QUILL_TOKENIZER_SEGMENT_SCORES_H

#include "base/error.h"
#include "tokenizer/spec.h"

// Copies the scores of a vocabulary, [n_tokens]. QUILL_E_MODEL: there are none, or one is not finite, or merges are
// beside them. *out is then NULL.
quill_status scores_copy(double **out, const struct vocab_spec *spec, quill_error *err);

#endif
