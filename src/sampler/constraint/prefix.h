// SPDX-License-Identifier: MIT
// Texts that begin with given bytes; what follows them is free, or under a constraint of its own, which reads from
// there on. A state is the place in those bytes, and behind them, a state of the other constraint.
#ifndef QUILL_SAMPLER_CONSTRAINT_PREFIX_H
#define QUILL_SAMPLER_CONSTRAINT_PREFIX_H

#include "base/str.h"
#include "constraint.h"

// At least one byte. `bytes` and `rest` (NULL: none) are borrowed until quill_constraint_free. Errors: QUILL_E_SYSTEM.
QUILL_MUST_CHECK quill_status constraint_prefix(quill_constraint **out, struct str bytes, quill_constraint *rest,
                                                quill_error *err);

#endif
