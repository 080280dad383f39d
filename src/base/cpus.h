// SPDX-License-Identifier: MIT
// How many CPUs this process may use.
#ifndef QUILL_BASE_CPUS_H
#define QUILL_BASE_CPUS_H

#include "str.h"

// `found` CPUs, or fewer where a cgroup's quota allows less; at least 1.
int cpus_allowed(int found);

// The quota in whole CPUs, rounded up, of the cgroups that `self` (the text of /proc/self/cgroup) names under the
// mount point `mount` (/sys/fs/cgroup), and of all groups above them; versions 1 and 2. 0: no quota.
int cpus_quota(struct str self, const char *mount);

#endif
