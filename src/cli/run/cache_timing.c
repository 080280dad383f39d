// SPDX-License-Identifier: MIT
#include "cache_timing.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "cli/io/signals.h"
#include "model_source.h"
#include "quill/cache.h"

static quill_status count(void *user, const quill_cache_entry *entry, quill_error *err) {
    (void)entry, (void)err;
    *(size_t *)user += 1;
    return QUILL_OK;
}

static quill_status keep(quill_session *holder, const quill_cache_options *cache, const int32_t *ids, size_t n,
                         size_t *kept, quill_error *err) {
    const quill_cache_options none = {.folder = cache->folder};
    quill_status s = quill_session_cache(holder, cache, err);
    if (!s) quill_cache_store(holder, ids, n);
    if (!s) s = quill_cache_list(cache->folder, count, kept, err);
    return s ? s : quill_session_cache(holder, &none, err);
}

static quill_status measure(double *ms, quill_session *holder, quill_session *other, const quill_cache_options *cache,
                            const int32_t *ids, size_t n, quill_error *err) {
    const float *logits;
    size_t kept = 0;
    quill_status s = keep(holder, cache, ids, n, &kept, err);
    if (s || !kept) return s;
    const double start = clock_ms();
    s = quill_session_cache(other, cache, err);
    if (!s) s = quill_eval(other, ids, n, &logits, err);
    *ms = clock_ms() - start;
    return s;
}

quill_status cache_timing(double *ms, quill_session *holder, const quill_model *model,
                          const quill_session_options *options, const int32_t *ids, size_t n, quill_error *err) {
    char folder[4096];
    const char *place = environment_variable("TMPDIR");
    quill_session *other = NULL;
    sigset_t before;
    *ms = (double)NAN;
    const int length = snprintf(folder, sizeof folder, "%s/quill-bench-XXXXXX", place ? place : "/tmp");
    if (length < 0 || (size_t)length >= sizeof folder) return QUILL_OK;
    quill_status s = quill_session_create(&other, model, options, err);
    if (s) return s;
    signals_hold(&before); // no folder stays behind
    if (mkdtemp(folder)) {
        quill_error unused;
        const quill_cache_options cache = {.folder = folder, .limit = UINT64_MAX};
        s = measure(ms, holder, other, &cache, ids, n, err);
        if (quill_cache_clear(folder, NULL, NULL, &unused) || rmdir(folder) != 0) {} // what is left is for /tmp
    }
    signals_release(&before);
    quill_session_free(other);
    return s;
}
