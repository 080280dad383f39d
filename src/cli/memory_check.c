// SPDX-License-Identifier: MIT
#include "memory_check.h"

#include <inttypes.h>
#include <stdio.h>

#include "report.h"

// Bytes that can be had without swapping, the page cache (where a mapped model lies) included; UINT64_MAX: not known.
static uint64_t available(void) {
    FILE *file = fopen("/proc/meminfo", "re");
    if (!file) return UINT64_MAX;
    uint64_t kib = UINT64_MAX >> 10;
    char line[128];
    while (fgets(line, sizeof line, file))
        if (sscanf(line, "MemAvailable: %" SCNu64 " kB", &kib) == 1) break;
    fclose(file);
    return kib > UINT64_MAX >> 10 ? UINT64_MAX : kib << 10;
}

static double mib(uint64_t bytes) { return (double)bytes / 1048576; }

quill_status memory_check(const quill_memory *needed, quill_error *err) {
    uint64_t have = available();
    if (needed->total <= have) return QUILL_OK;
    return set_error(err, QUILL_E_SYSTEM,
                     "memory: %.0f MiB are needed (weights %.0f, KV cache %.0f) and %.0f available; smaller weight "
                     "types, -c or --kv-type need less, --allow-swap runs anyway",
                     mib(needed->total), mib(needed->weights), mib(needed->kv_cache), mib(have));
}
