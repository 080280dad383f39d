// SPDX-License-Identifier: MIT
#include "sigmask.h"

#include <stddef.h>

void sigmask_block(sigset_t *before) {
    static const int own[] = {SIGBUS, SIGSEGV, SIGFPE, SIGILL, SIGABRT, SIGTRAP};
    sigset_t blocked;
    sigfillset(&blocked);
    for (size_t i = 0; i < sizeof own / sizeof own[0]; i++) sigdelset(&blocked, own[i]);
    pthread_sigmask(SIG_SETMASK, &blocked, before);
}

void sigmask_restore(const sigset_t *before) { pthread_sigmask(SIG_SETMASK, before, NULL); }
