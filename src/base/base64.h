// SPDX-License-Identifier: MIT
#ifndef QUILL_BASE_BASE64_H
#define QUILL_BASE_BASE64_H

#include "buffer.h"

// Appends the bytes that `text` encodes (RFC 4648, section 4; padding may be missing). *bad: it is something else.
// False: no memory, or *bad.
bool base64_decode(struct str text, struct buffer *out, bool *bad);

#endif
