// SPDX-License-Identifier: MIT
// Making a tokenizer from what a model file holds. Files are read by others.
#ifndef QUILL_TOKENIZER_TOKENIZER_H
#define QUILL_TOKENIZER_TOKENIZER_H

#include "base/error.h"
#include "quill/tokenizer.h"
#include "spec.h"

quill_status tokenizer_create(quill_tokenizer **out, const struct vocab_spec *spec, quill_error *err);

#endif
