// SPDX-License-Identifier: MIT
// Searches for a likely text as a whole, in place of drawing one token after the other.
//
//     const quill_beams beams = {.n_beams = 4, .length_penalty = 1};
//     s = quill_beam_search(session, &request, &beams, &found, &n, &err);   // a session of at least 4 sequences
//     if (!s) use(found[0].result.text);                                    // the best one
#ifndef QUILL_SEARCH_H
#define QUILL_SEARCH_H

#include "session.h"

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

// When a search ends before n_predict, while texts that go on might become better than those that have ended.
typedef enum quill_early_stopping {
    QUILL_EARLY_NO,    // when the best of them, as long as it is, is no better than the worst of n_beams ended ones
    QUILL_EARLY_YES,   // when n_beams texts have ended
    QUILL_EARLY_NEVER, // when none of them can become better: the length counts that helps them most
} quill_early_stopping;

enum { QUILL_MOST_BEAMS = 64 };

typedef struct quill_beams {
    int32_t n_beams;       // 1..64, and at most the sequences of the session
    double length_penalty; // -100..100: a text of n tokens has the score logprob / n^length_penalty
    quill_early_stopping early_stopping;
} quill_beams;

typedef struct quill_hypothesis {
    quill_result result; // without `tokens`; a text that n_predict ended too is one
    double score;
} quill_hypothesis;

// Beam search as transformers does it (its generate with num_beams, of which this has the scores and the rules): with
// every token the n_beams likeliest beginnings are kept, and of those that ended the n_beams of the highest scores.
// Deterministic; ties go to the better beginning, then to the lower id. *found: [*n] the texts that ended, best first,
// owned by the session and valid until its next call.
//
// Of the request these members count: prompt, n_predict, min_tokens, ignore_eos, stops and line (a text is ended by
// them as by EOS), sampling.logit_bias (added to the log-probabilities of a score, not of `logprob`), raw_bytes,
// timeout and interrupted (the texts found so far, ended or not), on_prompt. Others must be at their defaults:
// stop_regex, constraint, heal, cfg_scale, context_shift, logprobs; the rest is not looked at.
// Errors: QUILL_E_USAGE, QUILL_E_CONTEXT, QUILL_E_MODEL, QUILL_E_SYSTEM, as those of quill_generate.
QUILL_MUST_CHECK quill_status quill_beam_search(quill_session *session, const quill_request *request,
                                                const quill_beams *beams, const quill_hypothesis **found, size_t *n,
                                                quill_error *err);

typedef struct quill_contrast {
    double penalty_alpha; // 0..1; 0: always the likeliest token
    int32_t top_k;        // 1..64, and at most the sequences of the session; 4 to 10 are usual
} quill_contrast;

// Contrastive search (Su et al. 2022, "A Contrastive Framework for Neural Text Generation"): of the top_k likeliest
// tokens, with probability p, the one for which (1 - a) p - a s is largest; s is the largest cosine of the final state
// behind it (after the last norm) and the state behind any token before. Deterministic; ties go to the likelier token.
// The request counts as in quill_generate, except for seed, sample, sampling and draft, which are not looked at, and
// constraint, heal, cfg_scale and context_shift, which must be at their defaults. Where no position is left for a
// token, it is the likeliest one. *result: as that of quill_generate, owned by the session and valid until its next
// call. Errors: those of quill_generate.
QUILL_MUST_CHECK quill_status quill_contrastive_search(quill_session *session, const quill_request *request,
                                                       const quill_contrast *options, const quill_result **result,
                                                       quill_error *err);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif
#endif
