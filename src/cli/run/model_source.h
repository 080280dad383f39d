// SPDX-License-Identifier: MIT
// Which model: -m, else $QUILL_MODEL, else the one linked into the program. And the other variables that quill reads.
#ifndef QUILL_CLI_RUN_MODEL_SOURCE_H
#define QUILL_CLI_RUN_MODEL_SOURCE_H

#include "cli/options/options.h"
#include "quill/model.h"
#include "quill/session.h"
#include "quill/tokenizer.h"

const char *environment_variable(const char *name); // NULL: unset or empty
// Sets options that the command line does not give from the environment. QUILL_E_USAGE names the variable.
QUILL_MUST_CHECK quill_status environment_apply(struct options *o, quill_error *err);

// The path of a model that is named on the command line (quill/stores.h), borrowed until the next call. The model is
// remembered as one of the files that the run reads.
QUILL_MUST_CHECK quill_status locate_model(const char **path, const char *name, bool tokenizer_only, quill_error *err);
// Adds to the message about a family that quill does not run where all are listed. Returns s.
quill_status name_families(quill_status s, quill_error *err);

QUILL_MUST_CHECK quill_status open_model(quill_model **out, const struct options *o, quill_error *err);
// The same for a model that is not run: its weights are not brought into memory.
QUILL_MUST_CHECK quill_status look_at_model(quill_model **out, const struct options *o, quill_error *err);
QUILL_MUST_CHECK quill_status open_tokenizer(quill_tokenizer **out, const struct options *o, quill_error *err);
quill_session_options session_options(const struct options *o);
// Opens a session with as many sequences as memory has room for, at most wanted->n_seq (0: one) and at least one.
// `wanted`: the options from session_options, changed by the verb. *memory: what it uses. Errors: those of
// memory_check.
QUILL_MUST_CHECK quill_status open_session(quill_session **out, quill_memory *memory, const quill_model *model,
                                           const struct options *o, const quill_session_options *wanted,
                                           quill_error *err);
// Calls work(arg, err) in a hold of the session (quill_session_hold), and returns what it returns.
QUILL_MUST_CHECK quill_status hold_session(quill_session *session, quill_status (*work)(void *arg, quill_error *err),
                                           void *arg, quill_error *err);

#endif
