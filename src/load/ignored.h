// SPDX-License-Identifier: MIT
// BOS and EOS of a model's files that no token of its vocabulary is. They count as absent: texts are computed all the
// same. They are told to whoever wants to know.
#ifndef QUILL_LOAD_IGNORED_H
#define QUILL_LOAD_IGNORED_H

#include <stdint.h>

#include "base/buffer.h"

struct ignored {
    struct buffer text; // "config.json: eos_token_id 8192"; ends with a NUL behind its n bytes, or is empty
    bool bos;           // one of BOS is among them
};

// `file` may be NULL: there is but one. False: no memory.
bool ignored_add(struct ignored *ignored, const char *file, const char *key, struct str value);
bool ignored_add_id(struct ignored *ignored, const char *file, const char *key, int64_t id);

#endif
