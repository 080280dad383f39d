// SPDX-License-Identifier: MIT
// Changes a stretch of text, between two added tokens, before it is split.
#ifndef QUILL_TOKENIZER_NORMALIZE_H
#define QUILL_TOKENIZER_NORMALIZE_H

#include "base/buffer.h"
#include "base/error.h"
#include "spec.h"

struct normalizer {
    enum dummy_prefix prefix;
    bool nfc_left_out;
    bool marks_to_blanks; // U+2581 in a text is a space
};

// QUILL_E_MODEL names a step that is not supported.
quill_status normalizer_set(struct normalizer *normalizer, const struct vocab_spec *spec, quill_error *err);

// Whether two texts may become the same: tokens then do not always decode to the text.
bool normalizer_loses(const struct normalizer *normalizer);

// Sets *text to the text to split: unchanged, or a copy in `room` that is valid until the next call. False: no memory.
bool normalize(const struct normalizer *normalizer, struct buffer *room, struct str *text);

#endif
