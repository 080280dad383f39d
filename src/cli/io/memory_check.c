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

quill_status memory_check_text(uint64_t n, unsigned cost, quill_error *err) {
    enum { LARGE_BYTES = 1 << 20 }; // less is not worth asking
    uint64_t have = n < LARGE_BYTES ? UINT64_MAX : quill_memory_available();
    if (n <= have / cost) return QUILL_OK;
    return fail(err, QUILL_E_SYSTEM, "memory: a text of %.0f MiB may need %.0f MiB, and %.0f are available", mib(n),
                mib(n) * cost, mib(have));
}
