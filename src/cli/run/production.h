// SPDX-License-Identifier: MIT
// The samples of one prompt, from the session to the last byte of output, with --stats, --cache and -v.
#ifndef QUILL_CLI_RUN_PRODUCTION_H
#define QUILL_CLI_RUN_PRODUCTION_H

#include "samples.h"

struct production {
    // Set by the caller: of `samples` the members o, prompt, ids, model, request and started.
    struct samples samples;
    int32_t n_ctx;   // positions without -c; 0: room for the prompt and -n
    bool cache;      // use the prompt cache
    bool typed;      // the prompt was typed as an argument: a terminal shows it in front of the text
    double load_started; // clock_ms, when the model began to be opened

    quill_session *session;
    struct output out;
    struct progress bar;
};

// Opens the session. Errors: those of open_session and cache_begin.
QUILL_MUST_CHECK quill_status production_open(struct production *p, quill_error *err);
// Opens the output, generates and prints. Returns the exit status: as samples_run, or of the output.
int production_run(struct production *p, quill_error *err);
void production_free(struct production *p); // fine after a failure of production_open

#endif
