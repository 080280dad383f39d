// SPDX-License-Identifier: MIT
// A generation's options: their defaults and ranges.
#include <math.h>

#include "generate.h"

quill_request quill_request_default(void) {
    return (quill_request){.n_predict = 256, .cfg_scale = 1, .sampling = quill_sampling_default(), .logprobs = -1,
                           .draft = QUILL_DRAFT_AUTO};
}

static const char *const stop_names[] = {
    [QUILL_STOP_EOS] = "eos",         [QUILL_STOP_STRING] = "stop",   [QUILL_STOP_LINE] = "line",
    [QUILL_STOP_LENGTH] = "length",   [QUILL_STOP_CONTEXT] = "context", [QUILL_STOP_CHOICE] = "choice",
    [QUILL_STOP_REGEX] = "regex",     [QUILL_STOP_JSON] = "json",     [QUILL_STOP_GRAMMAR] = "grammar",
    [QUILL_STOP_TIMEOUT] = "timeout", [QUILL_STOP_SIGNAL] = "signal", [QUILL_STOP_ERROR] = "error",
};

_Static_assert(sizeof stop_names / sizeof *stop_names == QUILL_STOP_ERROR + 1, "every stop has a name");

const char *quill_stop_name(quill_stop stop) {
    size_t i = (size_t)stop;
    return i < sizeof stop_names / sizeof *stop_names ? stop_names[i] : "error";
}

size_t quill_request_sequences(const quill_request *r) { return r->cfg_scale != 1 ? 2 : 1; }

quill_status request_check(const quill_request *r, int32_t n_vocab, quill_error *err) {
    if (r->n_predict < -1)
        return fail(err, QUILL_E_USAGE, "n_predict: expected -1 or more, found %lld", (long long)r->n_predict);
    if (r->min_tokens < 0)
        return fail(err, QUILL_E_USAGE, "min_tokens: expected 0 or more, found %lld", (long long)r->min_tokens);
    if (r->seed > QUILL_SEED_MAX)
        return fail(err, QUILL_E_USAGE, "seed: expected at most %llu, found %llu", (unsigned long long)QUILL_SEED_MAX,
                    (unsigned long long)r->seed);
    if (r->logprobs < -1 || r->logprobs > MAX_LOGPROBS)
        return fail(err, QUILL_E_USAGE, "logprobs: expected -1 to %d, found %d", MAX_LOGPROBS, r->logprobs);
    if (r->prompt_logprobs && r->logprobs < 0)
        return fail(err, QUILL_E_USAGE, "prompt_logprobs: expected logprobs of at least 0 with it, found none");
    if (r->draft < QUILL_DRAFT_AUTO)
        return fail(err, QUILL_E_USAGE, "draft: expected -1 or more, found %d", (int)r->draft);
    if (!(r->timeout >= 0 && r->timeout < (double)INFINITY))
        return fail(err, QUILL_E_USAGE, "timeout: expected a number of seconds, found %g", r->timeout);
    if (r->keep < -1) return fail(err, QUILL_E_USAGE, "keep: expected -1 or more, found %d", (int)r->keep);
    if (!(r->cfg_scale >= -100 && r->cfg_scale <= 100))
        return fail(err, QUILL_E_USAGE, "cfg_scale: expected -100 to 100, found %g", (double)r->cfg_scale);
    if (r->negative_prompt && r->cfg_scale == 1)
        return fail(err, QUILL_E_USAGE, "negative_prompt: it has no effect with a cfg_scale of 1");
    if (r->budget != QUILL_BUDGET_SOFT && r->budget != QUILL_BUDGET_HARD)
        return fail(err, QUILL_E_USAGE, "budget: expected soft or hard, found %d", (int)r->budget);
    if (r->constraint && r->stop_regex)
        return fail(err, QUILL_E_USAGE, "stop_regex: it has no effect beside a constraint");
    return quill_sampling_check(&r->sampling, n_vocab, err);
}
