// SPDX-License-Identifier: MIT
// What a folder says about its tokenizer besides the vocabulary: tokenizer_config.json, and in older folders
// special_tokens_map.json.
#ifndef QUILL_LOAD_VOCAB_CONFIG_H
#define QUILL_LOAD_VOCAB_CONFIG_H

#include "vocab_owner.h"

enum { MOST_NAMED = 64 };

// A special token: "eos_token": "</s>", or one of a list.
struct vocab_special {
    struct str key;   // as written; {NULL, 0}: one of a list
    struct str text;  // {NULL, 0}: the file says that there is none
    uint8_t strips;   // TOKEN_STRIPS_*
    const char *file; // the file that says so; NULL: the class implies it
};

struct vocab_config {
    bool alone;                              // no tokenizer.json says which tokens are special
    bool spm;                                // alone, with a tokenizer.model
    bool gpt1;                               // alone, with GPT-1's vocab.json and merges.txt
    struct vocab_special named[MOST_NAMED];  // [n_named]
    size_t n_named;
    struct vocab_special *listed;            // [n_listed]
    size_t n_listed, listed_cap;
    struct str class;                        // as written
    bool add_bos, add_bos_said;
    bool add_eos; // counts where no tokenizer.json says what stands behind a text
    bool prefix_space, prefix_space_said;
    bool legacy, legacy_said; // SentencePiece: a space is put in front of what follows a special token too
    bool lists_added; // has all added tokens; then special_tokens_map.json and added_tokens.json are not needed
};

quill_status vocab_read_config(struct vocab_reading *r, struct vocab_config *c);      // r->walk at the beginning
// Its names go before those of tokenizer_config.json.
quill_status vocab_read_special_map(struct vocab_reading *r, struct vocab_config *c); // likewise
void vocab_config_free(struct vocab_config *c); // zeros are fine

// GPT-1's class, whose merges have </w>.
bool vocab_is_gpt1(const struct vocab_config *c);
bool vocab_is_gpt2(const struct vocab_config *c); // GPT-2's class, which files without a class mean too
// The names that GPT-2's class, or GPT-1's, uses if the files have none (their own files have none).
quill_status vocab_default_names(struct vocab_reading *r, struct vocab_config *c);
const struct vocab_special *vocab_named(const struct vocab_config *c, const char *key); // NULL: not mentioned
// Accepts only classes whose vocab.json and merges.txt mean what GPT-2's mean, or whose ids are those of
// tokenizer.model.
quill_status vocab_check_class(const struct vocab_reading *r, const struct vocab_config *c);

#endif
