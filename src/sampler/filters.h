// SPDX-License-Identifier: MIT
// The filters that go by probability, in the order of the chain. Each keeps at least one candidate, looks at the
// distribution at temperature 1 of what the steps before it left, and is a row of a table.
#ifndef QUILL_SAMPLER_FILTERS_H
#define QUILL_SAMPLER_FILTERS_H

#include "candidates.h"
#include "quill/sampler.h"

// c->n > 0. The weights are of no use afterwards.
void filters_apply(struct candidates *c, const quill_sampling *sampling);

#endif
