// SPDX-License-Identifier: MIT
// The prompt cache of the command line: which folder, how large.
#ifndef QUILL_CLI_RUN_CACHE_USE_H
#define QUILL_CLI_RUN_CACHE_USE_H

#include "cli/options/options.h"
#include "quill/cache.h"

// $QUILL_CACHE_DIR, else quill in $XDG_CACHE_HOME, else ~/.cache/quill; NULL: there is none. The caller frees *folder.
// *limit: $QUILL_CACHE_SIZE. Errors: QUILL_E_USAGE (that variable), QUILL_E_SYSTEM (memory).
QUILL_MUST_CHECK quill_status cache_find(char **folder, uint64_t *limit, quill_error *err);
// Finds mistakes in the variables alone, where nothing is to be kept.
QUILL_MUST_CHECK quill_status cache_check_variables(quill_error *err);
// Gives the session the cache, if there is one.
QUILL_MUST_CHECK quill_status cache_begin(quill_session *session, const struct options *o, quill_error *err);
// quill_cache_store; a signal waits until it is done, so that no temporary file stays behind.
void cache_store(quill_session *session, const int32_t *ids, size_t n);

#endif
