// SPDX-License-Identifier: MIT
// What is done to a stretch of text, between two added tokens, before it is split.
#ifndef QUILL_TOKENIZER_NORMALIZE_H
#define QUILL_TOKENIZER_NORMALIZE_H

#include "base/buffer.h"
#include "base/error.h"
#include "spec.h"

struct normalizer {
    enum dummy_prefix prefix;
    bool nfc_left_out;
};

// QUILL_E_MODEL: a step that is not supported, by its name.
quill_status normalizer_set(struct normalizer *normalizer, const struct vocab_spec *spec, quill_error *err);

// Two texts may become one: a text is then not always what its tokens stand for.
bool normalizer_loses(const struct normalizer *normalizer);

// *text becomes what is to be split: itself, or a copy in `room` that lives until the next call. False: no memory.
bool normalize(const struct normalizer *normalizer, struct buffer *room, struct str *text);

#endif
