// SPDX-License-Identifier: MIT
#include "cache_use.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/error.h"
#include "cli/io/report.h"
#include "cli/io/signals.h"
#include "model_source.h"

static quill_status find_limit(uint64_t *limit, quill_error *err) {
    static const char name[] = "QUILL_CACHE_SIZE", digits[] = "0123456789", units[] = "kKmMgG";
    const char *value = environment_variable(name);
    *limit = UINT64_C(4) << 30;
    if (!value) return QUILL_OK;
    const size_t n = strspn(value, digits);
    const char *unit = value[n] ? strchr(units, value[n]) : NULL;
    const int shift = unit ? 10 * ((int)(unit - units) / 2 + 1) : 0;
    errno = 0;
    const unsigned long long number = strtoull(value, NULL, 10);
    if (n == 0 || errno || value[n + (unit != NULL)] || number > UINT64_MAX >> shift)
        return fail(err, QUILL_E_USAGE, "%s: expected a number of bytes, which may end in K, M or G, found '%s'", name,
                    QUOTED(str_of(value)));
    *limit = (uint64_t)number << shift;
    return QUILL_OK;
}

quill_status cache_find(char **folder, uint64_t *limit, quill_error *err) {
    const char *own = environment_variable("QUILL_CACHE_DIR"), *caches = environment_variable("XDG_CACHE_HOME");
    const char *home = environment_variable("HOME");
    struct buffer path = {0};
    bool ok = true;
    *folder = NULL;
    quill_status s = find_limit(limit, err);
    if (s) return s;
    if (own) ok = buffer_add_string(&path, own);
    else if (caches && *caches == '/') ok = buffer_add_format(&path, "%s/quill", caches);
    else if (home && *home == '/') ok = buffer_add_format(&path, "%s/.cache/quill", home);
    ok = ok && buffer_add(&path, "", 1);
    if (ok && path.n > 1) *folder = path.p;
    else buffer_free(&path);
    return ok ? QUILL_OK : fail_memory(err);
}

quill_status cache_check_variables(quill_error *err) {
    uint64_t limit;
    return find_limit(&limit, err);
}

static void note(void *user, const char *line) {
    (void)user;
    report("%s", line);
}

quill_status cache_begin(quill_session *session, const struct options *o, quill_error *err) {
    char *folder;
    uint64_t limit;
    quill_status s = cache_find(&folder, &limit, err);
    if (s || !folder) return s;
    const bool notes = o->talk.verbose && !o->talk.quiet;
    const quill_cache_options options = {.folder = folder, .limit = limit, .note = notes ? note : NULL};
    s = quill_session_cache(session, &options, err);
    free(folder);
    return s;
}

void cache_store(quill_session *session, const int32_t *ids, size_t n) {
    sigset_t before;
    signals_hold(&before);
    quill_cache_store(session, ids, n);
    signals_release(&before);
}
