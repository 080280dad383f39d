// SPDX-License-Identifier: MIT
// The filters by probability, in the order of the chain. Each keeps at least one candidate, uses the distribution at
// temperature 1 over the candidates left by earlier steps, and is a row of a table.
#ifndef QUILL_SAMPLER_FILTERS_H
#define QUILL_SAMPLER_FILTERS_H

#include "candidates.h"
#include "quill/sampler.h"

// c->n > 0. The weights are not valid afterwards.
void filters_apply(struct candidates *c, const quill_sampling *sampling);

#endif
