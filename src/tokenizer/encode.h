// SPDX-License-Identifier: MIT
#ifndef QUILL_TOKENIZER_ENCODE_H
#define QUILL_TOKENIZER_ENCODE_H

#include "pipeline.h"

void encoder_free(const quill_tokenizer *tokenizer, struct encoder *encoder); // NULL is fine

#endif
