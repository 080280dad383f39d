// SPDX-License-Identifier: MIT
#include "meminfo.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "cgroup.h"

// The number in a file of a cgroup; UINT64_MAX for "max" (version 1 writes a number near 2^63) or without a number.
static uint64_t read_number(const char *directory, const char *name) {
    char text[64];
    uint64_t n;
    bool known = cgroup_read(text, sizeof text, directory, name) && sscanf(text, "%" SCNu64, &n) == 1;
    return known && n < UINT64_MAX / 4 ? n : UINT64_MAX;
}

// The value of a line "NAME VALUE" of a statistic; 0 when there is none.
static uint64_t statistic(const char *text, const char *name) {
    for (size_t n = strlen(name); *text; text += strcspn(text, "\n"), text += *text == '\n')
        if (strncmp(text, name, n) == 0 && text[n] == ' ') return strtoull(text + n, NULL, 10);
    return 0;
}

// Bytes of a group's page cache, which the system drops when something else needs memory.
static uint64_t reclaimable(const char *directory, const char *active, const char *inactive) {
    char text[CGROUP_TEXT_BYTES];
    if (!cgroup_read(text, sizeof text, directory, "memory.stat")) return 0;
    return statistic(text, active) + statistic(text, inactive);
}

static uint64_t room(uint64_t limit, uint64_t used, uint64_t cache) {
    if (limit == UINT64_MAX || used == UINT64_MAX) return UINT64_MAX;
    used -= cache < used ? cache : used;
    return used < limit ? limit - used : 0;
}

// Version 2: above memory.max a process is killed, above memory.high it is slowed down until it frees memory.
static void smaller_room(void *user, const char *directory) {
    uint64_t *least = user, limit = read_number(directory, "memory.max"), high = read_number(directory, "memory.high");
    if (high < limit) limit = high;
    uint64_t have = room(limit, read_number(directory, "memory.current"),
                         limit == UINT64_MAX ? 0 : reclaimable(directory, "active_file", "inactive_file"));
    if (have < *least) *least = have;
    limit = read_number(directory, "memory.limit_in_bytes"); // version 1
    have = room(limit, read_number(directory, "memory.usage_in_bytes"),
                limit == UINT64_MAX ? 0 : reclaimable(directory, "total_active_file", "total_inactive_file"));
    if (have < *least) *least = have;
}

uint64_t meminfo_cgroup_room(struct str self, const char *mount) {
    uint64_t least = UINT64_MAX;
    cgroup_each(&(struct cgroups){self, mount}, "memory", smaller_room, &least);
    return least;
}

uint64_t meminfo_available(void) {
    char text[CGROUP_TEXT_BYTES];
    uint64_t machine = UINT64_MAX, groups = UINT64_MAX;
    if (cgroup_read(text, sizeof text, NULL, "/proc/meminfo")) {
        uint64_t kib;
        const char *line = strstr(text, "MemAvailable:");
        if (line && sscanf(line, "MemAvailable: %" SCNu64 " kB", &kib) == 1 && kib <= UINT64_MAX >> 10)
            machine = kib << 10;
    }
    if (cgroup_read(text, sizeof text, NULL, "/proc/self/cgroup"))
        groups = meminfo_cgroup_room(str_of(text), "/sys/fs/cgroup");
    return machine < groups ? machine : groups;
}

enum { LARGE_BYTES = 16 << 20 }; // asking takes a tenth of a millisecond

bool meminfo_has_room(uint64_t bytes) { return bytes < LARGE_BYTES || bytes <= meminfo_available(); }

quill_status meminfo_check(uint64_t bytes, const char *what, quill_error *err) {
    if (meminfo_has_room(bytes)) return QUILL_OK;
    return fail(err, QUILL_E_SYSTEM, "memory: %s needs %" PRIu64 " MiB, and %" PRIu64 " are available", what,
                bytes >> 20, meminfo_available() >> 20);
}
