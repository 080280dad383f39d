// SPDX-License-Identifier: MIT
// The probability of each choice after a prompt.
#ifndef QUILL_CLI_RUN_WEIGHING_H
#define QUILL_CLI_RUN_WEIGHING_H

#include "choices.h"
#include "cli/prompt/prompt_use.h"
#include "weighed_prompt.h"

struct weighing {
    // set by the caller, and borrowed
    const struct options *o;
    struct choices *choices;
    quill_session *session;
    const quill_tokenizer *tokenizer;
    const struct prompt_use *use;   // NULL: a plain prompt
    const size_t *shots;            // [n_shots] the examples before the question, for --calibrate
    size_t n_shots;
    bool stores;                    // a prompt that is weighed alone goes into the prompt cache, if that pays

    struct rendered prompt;
    size_t prompt_tokens; // of the last prompt applied
    double *empty_sums;   // [n] for --calibrate, if computed beforehand
    double *alone[2];     // [n] for --normalize prior, without and with a space in front; NULL: not known yet
    bool encoded[2];      // the names' ids are known
    bool end_known;
    int32_t end;          // the first token of the stop text; -1: none
};

// Prints the prompt in the form that is weighed.
QUILL_MUST_CHECK quill_status weighing_show_prompt(struct weighing *w, quill_error *err);
// Weighs the choices after w->prompt and fills their logprob and probability, by --normalize and --calibrate.
QUILL_MUST_CHECK quill_status weighing_run(struct weighing *w, quill_error *err);
// For many prompts of one file with the same shots: computes the divisors of --calibrate once. Without --calibrate,
// checks whether the choices can be weighed at all.
QUILL_MUST_CHECK quill_status weighing_prepare(struct weighing *w, quill_error *err);

// The same in steps: encode w->prompt and the choices; weigh several such prompts at once; apply one of them to the
// choices. Errors of the second: those of the system; other errors are in the prompts.
QUILL_MUST_CHECK quill_status weighing_encode(struct weighing *w, struct weighed_prompt *p, quill_error *err);
QUILL_MUST_CHECK quill_status weighing_run_prompts(struct weighing *w, struct weighed_prompt *const *prompts, size_t n,
                                                   quill_error *err);
QUILL_MUST_CHECK quill_status weighing_apply(struct weighing *w, const struct weighed_prompt *p, quill_error *err);
void weighed_prompt_free(struct weighed_prompt *p); // leaves zeros
void weighing_free(struct weighing *w);             // not what is borrowed

#endif
