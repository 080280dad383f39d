// SPDX-License-Identifier: MIT
// The steps of the chain that choose among the candidates, and the temperature: a table with a row for each. A filter
// keeps at least one candidate, and goes by the distribution over the candidates that earlier steps left.
#ifndef QUILL_SAMPLER_FILTERS_H
#define QUILL_SAMPLER_FILTERS_H

#include "candidates.h"
#include "draw.h"

bool step_is_on(quill_step step, const quill_sampling *sampling); // false: the step changes nothing, or is no filter

// Applies a step; c->n > 0. *weighed: the weights belong to the logits, before and after.
void step_apply(quill_step step, struct candidates *c, const struct draw *draw, bool *weighed);

#endif
