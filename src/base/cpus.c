// SPDX-License-Identifier: MIT
#include "cpus.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#include "cgroup.h"

// Whole CPUs of `quota` microseconds in each `period`; 0 when there is no limit.
static int whole_cpus(long long quota, long long period) {
    if (quota <= 0 || period <= 0) return 0;
    long long n = quota / period + (quota % period != 0);
    return n < INT_MAX ? (int)n : INT_MAX;
}

// The quota of one cgroup directory: cpu.max of version 2 ("max 100000", "150000 100000"), or two files of version 1.
static int directory_quota(const char *directory) {
    char text[64];
    long long quota = 0, period = 0;
    if (cgroup_read(text, sizeof text, directory, "cpu.max"))
        return sscanf(text, "%lld %lld", &quota, &period) == 2 ? whole_cpus(quota, period) : 0;
    if (!cgroup_read(text, sizeof text, directory, "cpu.cfs_quota_us")) return 0;
    quota = strtoll(text, NULL, 10);
    if (!cgroup_read(text, sizeof text, directory, "cpu.cfs_period_us")) return 0;
    period = strtoll(text, NULL, 10);
    return whole_cpus(quota, period);
}

static void smaller_quota(void *user, const char *directory) {
    int *limit = user, quota = directory_quota(directory);
    if (quota != 0 && (*limit == 0 || quota < *limit)) *limit = quota;
}

int cpus_quota(struct str self, const char *mount) {
    int limit = 0;
    cgroup_each(&(struct cgroups){self, mount}, "cpu", smaller_quota, &limit);
    return limit;
}

int cpus_allowed(int found) {
    char text[CGROUP_TEXT_BYTES];
    if (!cgroup_read(text, sizeof text, NULL, "/proc/self/cgroup")) return found;
    int quota = cpus_quota(str_of(text), "/sys/fs/cgroup");
    return quota && quota < found ? quota : found;
}
