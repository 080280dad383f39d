// SPDX-License-Identifier: MIT
// Samples of one prompt: several are generated at a time and printed in their order, the first that is not whole as it
// comes.
#ifndef QUILL_CLI_RUN_SAMPLES_H
#define QUILL_CLI_RUN_SAMPLES_H

#include "base/buffer.h"
#include "cli/io/output.h"
#include "cli/io/term.h"
#include "cli/options/options.h"
#include "cli/prompt/read.h"
#include "quill/session.h"

enum { SAMPLES_AT_ONCE = 16 }; // sequences that a session for many samples should have

struct sampled; // one that is not printed yet

// Sums over the samples that were printed.
struct samples_total {
    size_t n, prompt_tokens, cached_tokens, generated_tokens;
    double prompt_ms, generate_ms, first_token_ms; // of the clock on the wall; the last: of the first sample
    quill_stop stop;                               // of the last
};

struct samples {
    // set by the caller, and borrowed
    const struct options *o;
    const struct buffer *prompt;  // its text
    const struct prompt_ids *ids;
    quill_model *model;
    quill_session *session;
    quill_request request;        // all but the prompt, and what is called
    struct output *out;
    struct progress *bar;
    bool echo;                    // the prompt in front of each text
    double started, load_ms;      // milliseconds: of clock_ms when the program began; of loading
    int32_t n_ctx;

    struct samples_total total;
    quill_error write_error; // status set: writing failed, and the generation with it
    struct sampled *places;  // [n_places] number i is in place i % n_places
    size_t n_places;
    int64_t printed, added;  // samples
};

// Generates and prints them. Returns the exit status: that of the first sample that did not end well; a timeout, which
// ends them all, comes before others.
int samples_run(struct samples *s, quill_error *err);
void samples_free(struct samples *s); // not what is borrowed

#endif
