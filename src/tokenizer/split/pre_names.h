// SPDX-License-Identifier: MIT
// The pre-tokenizers that model files name (tokenizer.ggml.pre), as data: patterns that split a text into words.
#ifndef QUILL_TOKENIZER_SPLIT_PRE_NAMES_H
#define QUILL_TOKENIZER_SPLIT_PRE_NAMES_H

#include <stdbool.h>
#include <stddef.h>

enum { PRE_MAX_PATTERNS = 8 };

struct pre_rule {
    const char *patterns[PRE_MAX_PATTERNS]; // applied in turn, each to the pieces of the one before; ends with NULL
    bool ignore_merges;                     // a word that is a token is that token, whatever the merges say
    bool adds_bos;                          // if the file does not say
    bool metered;                           // not linear on every text, so its work is counted and limited
};

struct pre_name {
    const char *name;
    const struct pre_rule *rule;
};

const struct pre_name *pre_find(const char *name); // NULL: not known

// The rule with just these patterns, for a file that brings its own; NULL: none.
struct str;
const struct pre_rule *pre_find_patterns(const struct str *patterns, size_t n);
// A name of the rule with just these patterns that treats merges so; NULL: none.
const char *pre_name_of(const struct str *patterns, size_t n, bool ignore_merges);

#endif
