// SPDX-License-Identifier: MIT
#ifndef QUILL_CLI_MEMORY_CHECK_H
#define QUILL_CLI_MEMORY_CHECK_H

#include "quill/session.h"

// QUILL_E_SYSTEM when the session would need more memory than the machine has available: a line instead of swapping.
// A system that does not say what is available is taken to have enough.
QUILL_MUST_CHECK quill_status memory_check(const quill_memory *needed, quill_error *err);

#endif
