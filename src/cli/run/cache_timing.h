// SPDX-License-Identifier: MIT
// How long a prompt takes that another session has left in the prompt cache, for benchmarks.
#ifndef QUILL_CLI_RUN_CACHE_TIMING_H
#define QUILL_CLI_RUN_CACHE_TIMING_H

#include "quill/session.h"

// Milliseconds until a session that holds nothing has the logits after ids[0..n), which `holder` has computed and keeps
// in a folder of its own, which is removed. NAN: nothing was kept. Errors: those of the two sessions.
QUILL_MUST_CHECK quill_status cache_timing(double *ms, quill_session *holder, const quill_model *model,
                                           const quill_session_options *options, const int32_t *ids, size_t n,
                                           quill_error *err);

#endif
