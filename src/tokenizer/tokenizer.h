// SPDX-License-Identifier: MIT
// Creates a tokenizer from a description; src/load reads it from files.
#ifndef QUILL_TOKENIZER_TOKENIZER_H
#define QUILL_TOKENIZER_TOKENIZER_H

#include "base/error.h"
#include "quill/tokenizer.h"
#include "spec.h"

quill_status tokenizer_create(quill_tokenizer **out, const struct vocab_spec *spec, quill_error *err);

#endif
