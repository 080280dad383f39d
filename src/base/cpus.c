// SPDX-License-Identifier: MIT
#include "cpus.h"

#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { PATH_BYTES = 4096, TEXT_BYTES = 4096 };

// The beginning of a small file as a string; false when it cannot be read.
static bool read_text(const char *path, char *text, size_t size) {
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return false;
    ssize_t n = read(fd, text, size - 1);
    close(fd);
    text[n > 0 ? n : 0] = '\0';
    return n > 0;
}

// Whole CPUs of `quota` microseconds in each `period`; 0 when there is no limit.
static int whole_cpus(long long quota, long long period) {
    if (quota <= 0 || period <= 0) return 0;
    long long n = quota / period + (quota % period != 0);
    return n < INT_MAX ? (int)n : INT_MAX;
}

// The quota of one cgroup directory: cpu.max of version 2 ("max 100000", "150000 100000"), or two files of version 1.
static int directory_quota(const char *directory) {
    char path[PATH_BYTES + 32], text[64];
    long long quota = 0, period = 0;
    snprintf(path, sizeof path, "%s/cpu.max", directory);
    if (read_text(path, text, sizeof text))
        return sscanf(text, "%lld %lld", &quota, &period) == 2 ? whole_cpus(quota, period) : 0;
    snprintf(path, sizeof path, "%s/cpu.cfs_quota_us", directory);
    if (!read_text(path, text, sizeof text)) return 0;
    quota = strtoll(text, NULL, 10);
    snprintf(path, sizeof path, "%s/cpu.cfs_period_us", directory);
    if (!read_text(path, text, sizeof text)) return 0;
    period = strtoll(text, NULL, 10);
    return whole_cpus(quota, period);
}

static int smaller_limit(int a, int b) { return a == 0 || (b != 0 && b < a) ? b : a; }

// The smallest quota of mount/controller/group and the directories above it. In a container the group's path may belong
// to the host and not exist here; what is above it still counts.
static int group_quota(const char *mount, struct str controller, struct str group) {
    char path[PATH_BYTES];
    int n = snprintf(path, sizeof path, "%s/%.*s", mount, (int)controller.n, controller.n ? controller.p : "");
    if (n < 0 || (size_t)n + group.n + 1 > sizeof path) return 0;
    size_t top = (size_t)n;
    memcpy(path + top, group.p, group.n);
    path[top + group.n] = '\0';
    int limit = 0;
    for (;;) {
        limit = smaller_limit(limit, directory_quota(path));
        if (strlen(path) <= top) return limit;
        *strrchr(path, '/') = '\0';
    }
}

static bool lists_cpu(struct str controllers) {
    for (size_t i = 0; i < controllers.n;) {
        size_t end = i;
        while (end < controllers.n && controllers.p[end] != ',') end++;
        if (str_is((struct str){controllers.p + i, end - i}, "cpu")) return true;
        i = end + 1;
    }
    return false;
}

// The part of `text` before the next `mark`, which is stepped over.
static struct str cut(struct str *text, char mark) {
    const char *found = text->n ? memchr(text->p, mark, text->n) : NULL;
    struct str head = {text->p, found ? (size_t)(found - text->p) : text->n};
    size_t used = found ? head.n + 1 : head.n;
    text->p += used, text->n -= used;
    return head;
}

int cpus_quota(struct str self, const char *mount) {
    int limit = 0;
    while (self.n) { // "4:cpu,cpuacct:/docker/1" in version 1, "0::/user.slice" in version 2
        struct str group = cut(&self, '\n');
        struct str hierarchy = cut(&group, ':'), controllers = cut(&group, ':');
        bool version2 = str_is(hierarchy, "0") && controllers.n == 0;
        if (group.n == 0 || group.p[0] != '/' || !(version2 || lists_cpu(controllers))) continue;
        limit = smaller_limit(limit, group_quota(mount, controllers, group));
    }
    return limit;
}

// CPUs of the affinity mask, whose size is not known beforehand.
static int affinity_count(void) {
    for (int room = 1024; room <= 1 << 20; room *= 2) {
        cpu_set_t *set = CPU_ALLOC((size_t)room);
        if (!set) return 1;
        size_t bytes = CPU_ALLOC_SIZE((size_t)room);
        int n = sched_getaffinity(0, bytes, set) == 0 ? CPU_COUNT_S(bytes, set) : 0;
        CPU_FREE(set);
        if (n > 0) return n;
    }
    return 1;
}

int cpus_allowed(void) {
    char text[TEXT_BYTES];
    int n = affinity_count();
    if (!read_text("/proc/self/cgroup", text, sizeof text)) return n;
    int quota = cpus_quota(str_of(text), "/sys/fs/cgroup");
    return quota && quota < n ? quota : n;
}
