// SPDX-License-Identifier: MIT
// Faults within a test program: see shim.c.
#ifndef QUILL_TESTS_SHIM_H
#define QUILL_TESTS_SHIM_H

#include <stdbool.h>

// "alloc:7:once" from now on; NULL: none. false: no such fault.
bool fault_set(const char *text);
// The call that was set came since.
bool fault_struck(void);

#endif
