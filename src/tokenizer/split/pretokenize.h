// SPDX-License-Identifier: MIT
// Splits a text into words, before the merges, which never cross a split. It uses PCRE2 patterns, and hand-written code
// for GPT-2's pattern on ASCII.
#ifndef QUILL_TOKENIZER_SPLIT_PRETOKENIZE_H
#define QUILL_TOKENIZER_SPLIT_PRETOKENIZE_H

#include "pattern.h"
#include "pre_names.h"
#include "tokenizer/pieces.h"
#include "tokenizer/spec.h"

struct cuts;
struct splitter; // patterns, shared by threads

// The rule that a file's pre-tokenizer name means; GPT-2's if the file names none; NULL if it has its own patterns.
quill_status split_rule(const struct pre_rule **rule, const struct vocab_spec *spec, quill_error *err);

// Creates a splitter from a rule; or, if `rule` is NULL, from spec->patterns, which are compiled right away. Without a
// pattern, a text is one piece.
quill_status splitter_create(struct splitter **out, const struct pre_rule *rule, const struct vocab_spec *spec,
                             quill_error *err);
// Pieces are also cut where `cuts`, borrowed, allows it.
void splitter_cut(struct splitter *splitter, const struct cuts *cuts);
// Whether pieces end at each newline between what is neither white space nor beyond ASCII, and a letter of ASCII,
// and would be the same if the text ended there.
bool splitter_cuts_lines(const struct splitter *splitter);
void splitter_free(struct splitter *splitter); // NULL is fine
size_t splitter_memory(const struct splitter *splitter);
bool splitter_loses(const struct splitter *splitter); // whether parts of a text are removed

// Call before the parts of a text of n bytes are split: sets the work that metered patterns may do on it.
quill_status split_begin(const struct splitter *splitter, struct match_room **room, size_t n, quill_error *err);

// Adds the pieces of text[0..n) to `pieces`, in order; joined they are the text, unless parts are removed. Each run of
// invalid UTF-8 is a piece, and each run of valid UTF-8 is split as if it were a text of its own.
quill_status split_text(struct splitter *splitter, struct match_room **room, struct pieces *pieces, const char *text,
                        size_t n, quill_error *err);
#endif
