// SPDX-License-Identifier: MIT
// Weighed options as text and as JSON, for choose and map.
#ifndef QUILL_CLI_RUN_CHOICES_SHOW_H
#define QUILL_CLI_RUN_CHOICES_SHOW_H

#include "base/buffer.h"
#include "choices.h"
#include "cli/io/json_out.h"

// sorted[c->n]: best first, ties in the order given.
void choices_sort(const struct choices *c, const struct choice **sorted);
// "option<TAB>probability", the option escaped. false: no memory.
bool choices_add_prob(struct buffer *t, const struct choice *choice);
// Values; NULL: no memory. The object of --json, and one of options and their probabilities.
json_t *choices_object(const struct choices *c, const struct choice *const *sorted, size_t prompt_tokens);
json_t *choices_prob_object(const struct choices *c, const struct choice *const *sorted);

#endif
