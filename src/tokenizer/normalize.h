// SPDX-License-Identifier: MIT
// Changes a stretch of text, between two added tokens, before it is split: the steps that a file asks for, in turn.
// Invalid UTF-8 passes unchanged.
#ifndef QUILL_TOKENIZER_NORMALIZE_H
#define QUILL_TOKENIZER_NORMALIZE_H

#include "base/buffer.h"
#include "base/error.h"
#include "spec.h"

struct normalizer;

// Working memory for one thread at a time, kept from text to text. Starts from zeros.
struct normal_room {
    struct buffer text[2];
    struct match_room *match;
};
void normal_room_trim(struct normal_room *room); // frees buffers that only a very long text needed
void normal_room_free(struct normal_room *room);

// *out is NULL if there is nothing to change. QUILL_E_MODEL names a step that is wrong or not supported.
quill_status normalizer_create(struct normalizer **out, const struct vocab_spec *spec, quill_error *err);
void normalizer_free(struct normalizer *normalizer); // NULL is fine
size_t normalizer_memory(const struct normalizer *normalizer);
bool normalizer_leaves_nfc_out(const struct vocab_spec *spec);

// Whether spaces are U+2581 afterwards (and spaces again in this program), so that they are no white space.
bool normalizer_marks_blanks(const struct normalizer *normalizer);

// Sets *text to the changed text: unchanged, or a copy in `room` that is valid until the next call. `first` and `last`:
// whether the whole text begins or ends here. Errors: memory, a limit of a pattern.
quill_status normalize(const struct normalizer *normalizer, struct normal_room *room, struct str *text, bool first,
                       bool last, quill_error *err);

#endif
