// SPDX-License-Identifier: MIT
// The options to choose from, as given.
#ifndef QUILL_CLI_RUN_CHOICES_H
#define QUILL_CLI_RUN_CHOICES_H

#include "base/buffer.h"
#include "cli/options/options.h"
#include "quill/tokenizer.h"

struct choice {
    struct buffer name;
    quill_ids ids[2];   // of the name, without and with a space in front; by weighing.c
    double logprob;     // from the model
    double probability; // normalised: the probabilities of all choices sum to 1
};

struct choices {
    struct choice *items; // [n] in the order given
    size_t n, cap;
};

// The text without white space at its ends: spaces, tabs and carriage returns.
struct str choice_cut(struct str text);

// Add one choice; "A,B,C" with \, for a comma. White space at the ends of a choice is removed. QUILL_E_USAGE: an empty
// one.
QUILL_MUST_CHECK quill_status choices_add_one(struct choices *c, struct str text, quill_error *err);
QUILL_MUST_CHECK quill_status choices_add(struct choices *c, const char *list, quill_error *err);
QUILL_MUST_CHECK quill_status choices_check(const struct choices *c, quill_error *err); // at least one, no duplicates
// Adds those of --choice and of the lines of --choices, and checks them. Also the errors of read_file.
QUILL_MUST_CHECK quill_status choices_add_given(struct choices *c, const struct options *o, quill_error *err);
QUILL_MUST_CHECK quill_status choices_take(struct choices *c, const struct options *o, quill_error *err);
void choices_free(struct choices *c);

#endif
