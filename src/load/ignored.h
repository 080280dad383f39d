// SPDX-License-Identifier: MIT
// BOS and EOS in a model's files that are not tokens of its vocabulary. They count as absent, and the model still
// works; this list is for a note to the user.
#ifndef QUILL_LOAD_IGNORED_H
#define QUILL_LOAD_IGNORED_H

#include <stdint.h>

#include "base/buffer.h"

struct ignored {
    struct buffer text; // "config.json: eos_token_id 8192"; a NUL follows its n bytes, unless it is empty
    bool bos;           // a BOS is among them
};

// `file` may be NULL if the model is a single file. False: no memory.
bool ignored_add(struct ignored *ignored, const char *file, const char *key, struct str value);
bool ignored_add_id(struct ignored *ignored, const char *file, const char *key, int64_t id);

#endif
