// SPDX-License-Identifier: MIT
// Scoring: the model's probability of given texts, token by token. Nothing is drawn.
#ifndef QUILL_SCORE_H
#define QUILL_SCORE_H

#include "session.h"

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

// The log-probability (natural logarithm) of each of ids[first..n), given all ids before it, with the `top` (0..100)
// likeliest tokens in its place. first is 1..n: the first id is always context. *tokens: [n - first], owned by the
// session and valid until its next call. The last id needs no position, so n - 1 must fit. If the session already holds
// the beginning of these ids, it reuses that; the result is the same, bit for bit, as from an empty session.
// Errors: QUILL_E_CONTEXT (the ids do not fit), QUILL_E_USAGE (first, top, an id; rows of a batch in work),
// QUILL_E_MODEL (non-finite values), QUILL_E_SYSTEM (memory).
QUILL_MUST_CHECK quill_status quill_score(quill_session *session, const int32_t *ids, size_t n, size_t first, int top,
                                          const quill_scored_token **tokens, quill_error *err);

// One text for quill_score_texts: arguments and result as in quill_score.
typedef struct quill_scored_text {
    const int32_t *ids; // [n]
    size_t n, first;
    const quill_scored_token *tokens; // result: [n - first], owned by the session and valid until its next call
} quill_scored_text;

// quill_score of each text, up to n_seq of them (quill_session_options) at once; the results are the same. A beginning
// that all texts share is computed once. Errors: those of quill_score; then there are no results.
QUILL_MUST_CHECK quill_status quill_score_texts(quill_session *session, quill_scored_text *texts, size_t n_texts,
                                                int top, quill_error *err);

// One text that quill_choose weighs.
typedef struct quill_option {
    const int32_t *ids; // [n] at least one that counts
    size_t n;
    size_t n_context;   // ids at the front that are context and do not count (a token may hold the prompt's last bytes)
    double logprob;     // result: the sum (natural logarithms) over the ids that count, and the end where it counts
} quill_option;

// A prompt and the options that may follow it. Each question has its own options.
typedef struct quill_question {
    const int32_t *prompt; // [n_prompt] at least one id
    size_t n_prompt;
    quill_option *options; // [n_options] at least one
    size_t n_options;
    bool ended;            // result: one option's tokens are a prefix of another's, so the end counts for all options
    quill_status status;   // result: of this question
    quill_error error;     // why, when the status is not QUILL_OK
} quill_question;

// The log-probability of each option of each question after its prompt. Where one option's tokens are a prefix of
// another's, the log-probability of `end`, the token that ends an option, is added to every option of that question.
// Each prompt, and each beginning that prompts share, is computed once. Up to n_seq of them (quill_session_options) are
// computed at once; the result is the same. A question that fails does not affect the others: its status is
// QUILL_E_CONTEXT, QUILL_E_USAGE (no option, an option without a token that counts, an id; two options with the same
// tokens; an end is needed and `end` is not a token) or QUILL_E_MODEL (non-finite values).
// Errors of the call, after which no question has a result: QUILL_E_SYSTEM (memory), QUILL_E_USAGE (the session has
// rows of a batch in work).
QUILL_MUST_CHECK quill_status quill_choose(quill_session *session, quill_question *questions, size_t n_questions,
                                           int32_t end, quill_error *err);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif
#endif
