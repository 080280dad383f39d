// SPDX-License-Identifier: MIT
// Samples of one prompt: several are generated at a time and printed in order; the first unfinished one is printed as
// its text comes.
#ifndef QUILL_CLI_RUN_SAMPLES_H
#define QUILL_CLI_RUN_SAMPLES_H

#include "answer_view.h"
#include "base/buffer.h"
#include "cli/io/output.h"
#include "cli/io/term.h"
#include "cli/options/options.h"
#include "cli/prompt/read.h"
#include "quill/session.h"

enum { SAMPLES_AT_ONCE = 16 }; // sequences that a session for many samples should have

struct sampled; // one that is not printed yet

// Sums over the printed samples.
struct samples_total {
    size_t n, prompt_tokens, cached_tokens, generated_tokens, context_shifts;
    double prompt_ms, generate_ms, first_token_ms; // wall-clock time; first_token_ms: of the first sample
    quill_stop stop;                               // of the last
};

struct samples {
    // set by the caller, and borrowed
    const struct options *o;
    const struct buffer *prompt;  // its text
    const struct prompt_ids *ids;
    quill_model *model;
    quill_session *session;
    quill_request request;        // complete except for the prompt and callbacks
    struct output *out;
    struct progress *bar;
    bool echo;                    // the prompt in front of each text
    struct answer_form *answers;  // the texts are answers of a chat; NULL: they are shown as they are
    double started, load_ms;      // milliseconds: of clock_ms when the program began; of loading
    int32_t n_ctx;

    struct samples_total total;
    quill_error write_error; // status set: writing failed, which ended the generation
    struct sampled *places;  // [n_places] sample number i is in place i % n_places
    size_t n_places;
    int64_t printed, added;  // samples; what failed counts as printed
    int64_t failed;          // under a constraint, while others went on
};

// How many tokens a contrastive search tries, and so how many sequences its session has.
int32_t samples_top_k(const struct options *o);
// Generates and prints the samples. Returns the exit status: that of the first sample that failed; a timeout, which
// ends all samples, takes precedence. Of several samples, one that cannot be completed under a constraint is named on
// stderr, and the others go on.
int samples_run(struct samples *s, quill_error *err);
void samples_free(struct samples *s); // not what is borrowed

#endif
