// SPDX-License-Identifier: MIT
// Words and truth values among the hyper-parameters.
#ifndef QUILL_MODEL_BIND_TRAITS_H
#define QUILL_MODEL_BIND_TRAITS_H

#include "names.h"

quill_status read_traits(const struct reading *r);
// Refuses what a model may ask for but quill does not compute.
quill_status read_refused(const struct reading *r);

#endif
