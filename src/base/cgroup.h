// SPDX-License-Identifier: MIT
// The control groups of this process, versions 1 and 2, as directories.
#ifndef QUILL_BASE_CGROUP_H
#define QUILL_BASE_CGROUP_H

#include <stdbool.h>

#include "str.h"

enum { CGROUP_PATH_BYTES = 4096, CGROUP_TEXT_BYTES = 4096 };

// The text of /proc/self/cgroup and where the hierarchies are mounted (/sys/fs/cgroup).
struct cgroups {
    struct str self;
    const char *mount;
};

// Calls visit for the directory of each group of `controller` that the process is in, and of all groups above it. In a
// container a group's path may belong to the host and not exist here; the groups above it still count.
typedef void cgroup_visit_fn(void *user, const char *directory);
void cgroup_each(const struct cgroups *groups, const char *controller, cgroup_visit_fn *visit, void *user);

// The beginning of a small file as a string; false when it cannot be read. `directory` may be NULL.
bool cgroup_read(char *text, size_t size, const char *directory, const char *name);

#endif
