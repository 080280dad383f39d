// SPDX-License-Identifier: MIT
// Scoring: what the model thinks of texts that are given, token by token, without drawing any.
#ifndef QUILL_SCORE_H
#define QUILL_SCORE_H

#include "session.h"

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

// The log-probability of each of ids[first..n), given all ids before it, with the `top` (0..100) likeliest tokens in
// its place. first is 1..n: the first id is context in any case. *tokens: [n - first], owned by the session and valid
// until its next call. The last id needs no position: n - 1 of them must fit. What the session holds of a common
// beginning is not computed again, and the result is the same, bit for bit, as from an empty session.
// Errors: QUILL_E_CONTEXT (they do not fit), QUILL_E_USAGE (first, top, an id), QUILL_E_MODEL (non-finite values).
QUILL_MUST_CHECK quill_status quill_score(quill_session *session, const int32_t *ids, size_t n, size_t first, int top,
                                          const quill_scored_token **tokens, quill_error *err);

// One of the texts that quill_score_texts scores: what quill_score takes and gives.
typedef struct quill_scored_text {
    const int32_t *ids; // [n]
    size_t n, first;
    const quill_scored_token *tokens; // result: [n - first], owned by the session and valid until its next call
} quill_scored_text;

// quill_score of each, as many at once as the session has sequences; the results are the same. What all texts begin
// with is computed once. Errors as of quill_score; there are no results then.
QUILL_MUST_CHECK quill_status quill_score_texts(quill_session *session, quill_scored_text *texts, size_t n_texts,
                                                int top, quill_error *err);

// One of the texts that quill_choose weighs.
typedef struct quill_option {
    const int32_t *ids; // [n] at least one that counts
    size_t n;
    size_t n_context;   // the first so many are context and do not count (a token may hold the prompt's last bytes)
    double logprob;     // result: the sum over its tokens, and over the end where options need one
} quill_option;

// A prompt and the options after it, with tokens of their own after every prompt.
typedef struct quill_question {
    const int32_t *prompt; // [n_prompt] at least one id
    size_t n_prompt;
    quill_option *options; // [n_options] at least one
    size_t n_options;
    bool ended;            // result: the tokens of one option begin those of another, so the end counts for all
    quill_status status;   // result: of this question
    quill_error error;     // why, when the status is not QUILL_OK
} quill_question;

// The log-probability of each option of each question after its prompt. Where the tokens of one option begin those of
// another, every option of that question is multiplied by the probability of `end`, the token that ends it. Every
// prompt, and what prompts have in common, is computed once; as many options at once as the session has sequences, with
// the same result. A question that fails leaves the others alone: its status is QUILL_E_CONTEXT, QUILL_E_USAGE (no
// option, one without a token that counts, an id; two options of the same tokens; an end is needed and `end` is
// negative) or QUILL_E_MODEL (non-finite values).
// Errors of the call, after which no question has a result: QUILL_E_SYSTEM (memory), QUILL_E_USAGE (the session has
// rows of a batch in work).
QUILL_MUST_CHECK quill_status quill_choose(quill_session *session, quill_question *questions, size_t n_questions,
                                           int32_t end, quill_error *err);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif
#endif
