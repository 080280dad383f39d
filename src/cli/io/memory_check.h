// SPDX-License-Identifier: MIT
#ifndef QUILL_CLI_IO_MEMORY_CHECK_H
#define QUILL_CLI_IO_MEMORY_CHECK_H

#include "quill/session.h"

// QUILL_E_SYSTEM when the session would need more memory than there is: a line instead of swapping. With --no-mmap the
// weights have been read before, and do not count again. A system that does not say is taken to have enough.
QUILL_MUST_CHECK quill_status memory_check(const quill_memory *needed, bool weights_are_here, quill_error *err);

#endif
