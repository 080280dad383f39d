// SPDX-License-Identifier: MIT
// Which model: -m, else $QUILL_MODEL, else the one linked into the program; and the other variables quill reads.
#ifndef QUILL_CLI_RUN_MODEL_SOURCE_H
#define QUILL_CLI_RUN_MODEL_SOURCE_H

#include "cli/options/options.h"
#include "quill/model.h"
#include "quill/session.h"
#include "quill/tokenizer.h"

// Fills what the command line left open from the environment. Errors: QUILL_E_USAGE naming the variable.
QUILL_MUST_CHECK quill_status environment_apply(struct options *o, quill_error *err);

QUILL_MUST_CHECK quill_status open_model(quill_model **out, const struct options *o, quill_error *err);
QUILL_MUST_CHECK quill_status open_tokenizer(quill_tokenizer **out, const struct options *o, quill_error *err);
quill_session_options session_options(const struct options *o);
// A session of as many sequences as memory has room for, at most wanted->n_seq (0: one) and at least one. `wanted` is
// what session_options gave, with what the verb changes. *memory: what it takes. Errors: those of memory_check.
QUILL_MUST_CHECK quill_status open_session(quill_session **out, quill_memory *memory, const quill_model *model,
                                           const struct options *o, const quill_session_options *wanted,
                                           quill_error *err);
// Calls work(arg, err) in a hold of the session (quill_session_hold), and returns what it returns.
QUILL_MUST_CHECK quill_status hold_session(quill_session *session, quill_status (*work)(void *arg, quill_error *err),
                                           void *arg, quill_error *err);

#endif
