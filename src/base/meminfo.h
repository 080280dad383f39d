// SPDX-License-Identifier: MIT
// How much memory this process may still take.
#ifndef QUILL_BASE_MEMINFO_H
#define QUILL_BASE_MEMINFO_H

#include <stdbool.h>
#include <stdint.h>

#include "error.h"
#include "str.h"

// Bytes that can be had without swapping, on the machine and within the cgroups of this process; page cache, where a
// mapped model lies, counts as available. UINT64_MAX: not known.
uint64_t meminfo_available(void);

// Whether so many bytes more can be had. A few are not asked for, and a system that does not say has enough.
bool meminfo_has_room(uint64_t bytes);
// QUILL_E_SYSTEM "memory: WHAT needs ..." when so many bytes cannot be had: a line, where the system would kill the
// process.
quill_status meminfo_check(uint64_t bytes, const char *what, quill_error *err);

// What is available in the cgroups alone that `self` (the text of /proc/self/cgroup) names under the mount point
// `mount`, and in all above them; versions 1 and 2.
uint64_t meminfo_cgroup_room(struct str self, const char *mount);

#endif
