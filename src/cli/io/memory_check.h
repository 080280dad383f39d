// SPDX-License-Identifier: MIT
#ifndef QUILL_CLI_IO_MEMORY_CHECK_H
#define QUILL_CLI_IO_MEMORY_CHECK_H

#include "quill/session.h"

// QUILL_E_SYSTEM if the session would need more memory than is available: a message instead of swapping. With --no-mmap
// the weights are already in memory and do not count again. If the system does not say how much is available, there is
// enough.
QUILL_MUST_CHECK quill_status memory_check(const quill_memory *needed, bool weights_are_here, quill_error *err);

#endif
