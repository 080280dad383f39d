// SPDX-License-Identifier: MIT
// Steps of normalization that look at characters. Each appends the changed text to `out`; invalid UTF-8 passes
// unchanged. False: no memory.
#ifndef QUILL_TOKENIZER_NORMAL_CHARS_H
#define QUILL_TOKENIZER_NORMAL_CHARS_H

#include "base/buffer.h"
#include "charsmap.h"
#include "spec.h"

bool is_ascii(struct str text);

// Unicode's form C, D, KC or KD (Unicode Standard Annex 15).
bool unicode_form(enum normalizer_kind form, struct str text, struct buffer *out);

// Lowercase, StripAccents, Nmt and BERT's steps: each character alone.
bool map_characters(enum normalizer_kind kind, struct str text, struct buffer *out);

bool map_longest(const struct charsmap *map, struct str text, struct buffer *out);
bool map_graphemes(const struct charsmap *map, struct str text, struct buffer *out);

#endif
