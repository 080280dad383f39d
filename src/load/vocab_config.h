// SPDX-License-Identifier: MIT
// tokenizer_config.json: what it says of special tokens, and of the class that a vocabulary belongs to.
#ifndef QUILL_LOAD_VOCAB_CONFIG_H
#define QUILL_LOAD_VOCAB_CONFIG_H

#include "vocab_owner.h"

enum { NAME_BOS, NAME_EOS, NAME_UNK, NAME_PAD, NAME_SEP, NAME_CLS, NAME_MASK, VOCAB_NAMES };

struct vocab_config {
    struct str names[VOCAB_NAMES]; // of special tokens, as text; {NULL, 0}: none
    bool said[VOCAB_NAMES];        // the file says so, be it null
    struct str class;              // as written
    bool add_bos, add_bos_said;
};

// `alone`: there is no tokenizer.json, which else says more of the same.
quill_status vocab_read_config(struct vocab_reading *r, struct vocab_config *c, bool alone); // r->walk at the begin
// What GPT-2's class takes where the file says nothing (its own says nothing).
void vocab_default_names(struct vocab_config *c);
// Only classes whose vocab.json and merges.txt mean what GPT-2's mean.
quill_status vocab_check_class(const struct vocab_reading *r, struct str class);

#endif
