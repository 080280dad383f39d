// SPDX-License-Identifier: MIT
// Between the two calls signals are blocked, except those that a thread causes itself (SIGBUS, SIGSEGV, ...).
#ifndef QUILL_BASE_SIGMASK_H
#define QUILL_BASE_SIGMASK_H

#include <signal.h>

void sigmask_block(sigset_t *before); // of the calling thread, and of those it creates
void sigmask_restore(const sigset_t *before);

#endif
