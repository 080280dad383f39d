// SPDX-License-Identifier: MIT
// The last change of a text before it is split: a space in front, and spaces for U+2581.
#ifndef QUILL_TOKENIZER_PREFIX_H
#define QUILL_TOKENIZER_PREFIX_H

#include "base/buffer.h"
#include "spec.h"

struct prefix {
    enum dummy_prefix kind;
    enum prefix_scope scope;
    bool marks_to_blanks; // U+2581 in a text is a space
};

// Sets *text to the changed text: unchanged, or a copy in `room`. `may`: the space may be put
// in front. False: no memory.
bool prefix_add(const struct prefix *prefix, struct buffer *room, struct str *text, bool may);

bool prefix_loses(const struct prefix *prefix); // whether two texts may become the same

#endif
