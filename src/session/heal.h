// SPDX-License-Identifier: MIT
// Token healing (Lundberg 2023, guidance): a prompt that ends inside a word ends with tokens that no such word has, and
// what follows these was rarely seen in training. The last tokens are taken back, and the text has to begin with their
// bytes, by whatever tokens are likely.
#ifndef QUILL_SESSION_HEAL_H
#define QUILL_SESSION_HEAL_H

#include "base/buffer.h"
#include "parts.h"

// *kept: how many of ids[0..n) stay, at least one; appends the bytes of the others. As many are taken back, up to 8, as
// there is one longer token that begins with the bytes of all of them: none where the prompt ends as a text may well
// end, nor beyond a special token. False: no memory.
bool heal_prompt(const quill_session *session, const int32_t *ids, size_t n, size_t *kept, struct buffer *bytes);

#endif
