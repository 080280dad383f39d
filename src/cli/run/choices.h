// SPDX-License-Identifier: MIT
// Options to choose from, and how likely each is after a prompt.
#ifndef QUILL_CLI_RUN_CHOICES_H
#define QUILL_CLI_RUN_CHOICES_H

#include "base/buffer.h"
#include "cli/options/options.h"
#include "cli/prompt/prompt_file.h"
#include "quill/score.h"

struct choice {
    struct buffer name;
    quill_ids ids[2];   // of the name, without and with a blank in front
    double logprob;     // as the model gives it
    double probability; // normalised; all of them sum to 1
};

// One of the prompts that are weighed together; zeros are none.
struct choices_prompt {
    struct prompt_ids ids;
    bool blank;        // one stands in front of the options
    double *logprobs;  // [n] result, as the model gives them
    quill_error error; // or why there is none
};

struct choices {
    const struct options *o;
    struct choice *items; // [n] in the order given
    size_t n;
    quill_model *model;
    quill_session *session;
    struct prompt_file *file; // NULL: a plain prompt
    const size_t *shots;      // [n_shots] its examples in front of the question, for --calibrate
    size_t n_shots;
    struct rendered prompt;
    size_t prompt_tokens;     // of the last one that was weighed
    double *empty_sums;       // [n] of --calibrate, when it is known beforehand
    double *alone[2];         // [n] of --normalize prior, without and with a blank in front; NULL: not known yet
    bool encoded[2];          // the names' ids are known
    bool end_known;
    int32_t end;              // the first token of the stop text; -1: there is none
};

// "A,B,C" with \, for a comma; and one per line of a file (NULL: none). Errors: QUILL_E_USAGE (an empty one), files.
QUILL_MUST_CHECK quill_status choices_add(struct choices *c, const char *list, quill_error *err);
QUILL_MUST_CHECK quill_status choices_add_file(struct choices *c, const char *path, quill_error *err);
QUILL_MUST_CHECK quill_status choices_add_one(struct choices *c, const char *p, size_t n, quill_error *err);
QUILL_MUST_CHECK quill_status choices_check(const struct choices *c, quill_error *err); // some, and none twice

// A prompt file (-F, or the operand), or the prompt of -p, -f, PROMPT and stdin.
QUILL_MUST_CHECK quill_status choices_read_prompt(struct choices *c, struct options *o, quill_error *err);
QUILL_MUST_CHECK quill_status choices_show_prompt(struct choices *c, quill_error *err);
QUILL_MUST_CHECK quill_status choices_open_model(struct choices *c, quill_error *err);
// The options of --choice and --choices. Errors: those of the above.
QUILL_MUST_CHECK quill_status choices_take(struct choices *c, quill_error *err);
// For many prompts of one file with the same shots: what --calibrate divides by is computed once. Without it, looks
// whether the options can be weighed at all.
QUILL_MUST_CHECK quill_status choices_prepare(struct choices *c, quill_error *err);
// In steps: ids of c->prompt; the log-probabilities after several prompts, in one go; logprob and probability of one of
// them. The result is that of choices_weigh. Errors of the second: those of the system; others are in the prompts.
QUILL_MUST_CHECK quill_status choices_encode(struct choices *c, struct choices_prompt *p, quill_error *err);
QUILL_MUST_CHECK quill_status choices_weigh_prompts(struct choices *c, struct choices_prompt *const *prompts, size_t n,
                                                    quill_error *err);
QUILL_MUST_CHECK quill_status choices_apply(struct choices *c, const struct choices_prompt *p, quill_error *err);
void choices_prompt_free(struct choices_prompt *p);
// Fills logprob and probability by --normalize and --calibrate.
QUILL_MUST_CHECK quill_status choices_weigh(struct choices *c, quill_error *err);
void choices_free(struct choices *c);

#endif
