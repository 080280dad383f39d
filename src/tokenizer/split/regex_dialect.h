// SPDX-License-Identifier: MIT
// Patterns in tokenizer files are written for Oniguruma, whose language is nearly PCRE2's. This translates them.
#ifndef QUILL_TOKENIZER_SPLIT_REGEX_DIALECT_H
#define QUILL_TOKENIZER_SPLIT_REGEX_DIALECT_H

#include <stdbool.h>

#include "base/buffer.h"

// Appends `pattern` in PCRE2's language to `out`. What differs, and is translated:
//   \s \S   white space as Unicode has it; PCRE2 counts U+180E among it
//   \w \W \b \B   letters, marks, decimal digits and connectors are word characters; PCRE2 leaves marks out
//   \v \uHHHH ^ $ {,n}   a character; a code point; line edges; {0,n}
//   \p{Han}   the script, not the script extensions, which PCRE2 takes from 10.40 on (`script_prefix`)
//   [^a[bc]]  a class within a class adds to it
// False: out of memory (*why is NULL), or *why names a construct without counterpart: && in a class, [[:alpha:]], (?m),
// \h, \R, ...
bool regex_to_pcre2(struct buffer *out, struct str pattern, bool script_prefix, const char **why);

#endif
