// SPDX-License-Identifier: MIT
// What a folder says of its tokenizer beside the vocabulary: tokenizer_config.json, and in older folders
// special_tokens_map.json.
#ifndef QUILL_LOAD_VOCAB_CONFIG_H
#define QUILL_LOAD_VOCAB_CONFIG_H

#include "vocab_owner.h"

enum { MOST_NAMED = 64 };

// A special token: "eos_token": "</s>", or one of a list.
struct vocab_special {
    struct str key;   // as written; {NULL, 0}: one of a list
    struct str text;  // {NULL, 0}: there is none, and the file says so
    uint8_t strips;   // TOKEN_STRIPS_*
    const char *file; // that says so; NULL: it is what the class implies
};

struct vocab_config {
    bool alone;                              // there is no tokenizer.json, which else says what is special
    struct vocab_special named[MOST_NAMED];  // [n_named]
    size_t n_named;
    struct vocab_special *listed;            // [n_listed]
    size_t n_listed, listed_cap;
    struct str class;                        // as written
    bool add_bos, add_bos_said;
    bool prefix_space, prefix_space_said;
    bool lists_added; // it has all added tokens: then special_tokens_map.json and added_tokens.json say nothing
};

quill_status vocab_read_config(struct vocab_reading *r, struct vocab_config *c);      // r->walk at the begin
// Its names go before those of tokenizer_config.json.
quill_status vocab_read_special_map(struct vocab_reading *r, struct vocab_config *c); // likewise
void vocab_config_free(struct vocab_config *c); // zeros are fine

bool vocab_is_gpt2(const struct vocab_config *c); // GPT-2's class, which is also that of files that name none
// What GPT-2's class takes where the files say nothing (its own say nothing).
quill_status vocab_default_names(struct vocab_reading *r, struct vocab_config *c);
const struct vocab_special *vocab_named(const struct vocab_config *c, const char *key); // NULL: nothing is said
// Only classes whose vocab.json and merges.txt mean what GPT-2's mean.
quill_status vocab_check_class(const struct vocab_reading *r, struct str class);

#endif
