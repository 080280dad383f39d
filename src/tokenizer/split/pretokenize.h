// SPDX-License-Identifier: MIT
// Cutting a text into words: the step before the merges, which never join what it has parted. By patterns and PCRE2; by
// hand where GPT-2's pattern meets ASCII.
#ifndef QUILL_TOKENIZER_SPLIT_PRETOKENIZE_H
#define QUILL_TOKENIZER_SPLIT_PRETOKENIZE_H

#include "pre_names.h"
#include "tokenizer/pieces.h"
#include "tokenizer/spec.h"

struct splitter;   // patterns, shared by threads
struct split_room; // what matching needs, for one thread at a time, kept from one text to the next

// What the name of a file's pre-tokenizer stands for; GPT-2's where a file names nothing; NULL for patterns of its own.
quill_status split_rule(const struct pre_rule **rule, const struct vocab_spec *spec, quill_error *err);

// By a rule; or, where it is NULL, by spec->patterns, which are compiled at once. No pattern leaves a text whole.
quill_status splitter_create(struct splitter **out, const struct pre_rule *rule, const struct vocab_spec *spec,
                             quill_error *err);
void splitter_free(struct splitter *splitter); // NULL is fine
size_t splitter_memory(const struct splitter *splitter);

// Before the parts of a text of n bytes are split: what patterns that are not known may spend on it. *room grows from
// NULL.
quill_status split_begin(const struct splitter *splitter, struct split_room **room, size_t n, quill_error *err);

// Adds the pieces of text[0..n) to `pieces`: in order, joined they are the text. Runs of invalid UTF-8 are
// pieces of their own, and what lies between them is split as if each were a text by itself.
quill_status split_text(struct splitter *splitter, struct split_room **room, struct pieces *pieces, const char *text,
                        size_t n, quill_error *err);
void split_room_free(struct split_room *room); // NULL is fine

#endif
