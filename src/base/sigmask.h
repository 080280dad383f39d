// SPDX-License-Identifier: MIT
// Signals wait between the two; those that a thread causes itself (SIGBUS, SIGSEGV, ...) do not.
#ifndef QUILL_BASE_SIGMASK_H
#define QUILL_BASE_SIGMASK_H

#include <signal.h>

void sigmask_block(sigset_t *before); // of the calling thread, and of those it creates
void sigmask_restore(const sigset_t *before);

#endif
