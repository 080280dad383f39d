// SPDX-License-Identifier: MIT
#include "memory_check.h"

#include "base/error.h"

static double mib(uint64_t bytes) { return (double)bytes / 1048576; }

quill_status memory_check(const quill_memory *needed, bool weights_are_here, quill_error *err) {
    uint64_t have = quill_memory_available(), more = needed->total - (weights_are_here ? needed->weights : 0);
    if (more <= have) return QUILL_OK;
    return fail(err, QUILL_E_SYSTEM,
                "memory: %.0f MiB are needed (weights %.0f, KV cache %.0f) and %.0f available; smaller weight "
                "types, -c or --kv-type need less, --allow-swap runs anyway",
                mib(more), mib(needed->weights), mib(needed->kv_cache), mib(have));
}
