// SPDX-License-Identifier: MIT
// How much memory this process may still take.
#ifndef QUILL_BASE_MEMINFO_H
#define QUILL_BASE_MEMINFO_H

#include <stdbool.h>
#include <stdint.h>

#include "error.h"
#include "str.h"

// Bytes that can be allocated without swapping, on the machine and within the cgroups of this process. The page cache,
// which holds a mapped model, counts as available. UINT64_MAX: not known.
uint64_t meminfo_available(void);

// Whether `bytes` more can be allocated. Small sizes are not checked, and are true; so is an unknown amount.
bool meminfo_has_room(uint64_t bytes);
// QUILL_E_SYSTEM "memory: WHAT needs ..." if `bytes` cannot be allocated: a message instead of a process that the
// system kills.
quill_status meminfo_check(uint64_t bytes, const char *what, quill_error *err);

// Bytes available within the cgroups that `self` (the text of /proc/self/cgroup) names under the mount point `mount`,
// and within all groups above them; versions 1 and 2. The rest of the machine is not considered.
uint64_t meminfo_cgroup_room(struct str self, const char *mount);

#endif
