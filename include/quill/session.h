// SPDX-License-Identifier: MIT
// A session: the KV cache, activations and threads of one user of a model. One session per thread.
#ifndef QUILL_SESSION_H
#define QUILL_SESSION_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "adapter.h"
#include "constraint.h"
#include "error.h"
#include "model.h"
#include "sampler.h"

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

typedef struct quill_session quill_session;

typedef struct quill_session_options {
    // Positions; 0: as many as the model has. More than that is QUILL_E_USAGE. Models with two lists of rotary factors
    // (LongRoPE: Phi-3 and 4) take the short one up to the context of their training and the long one above it, for all
    // positions: what they compute depends on n_ctx, and on nothing else. transformers decides by the length of a text.
    int32_t n_ctx;
    const char *kv_type; // "f16" (NULL), "f32", "q8_0"
    int n_threads;       // 0..1024; 0: as OMP_NUM_THREADS says, else as many as affinity and the cgroup quota allow
    int32_t n_chunk;     // prompt tokens computed at once; 0: chosen. The output does not depend on it
    int32_t n_seq;       // 0..4096: sequences computed at once (batch.h, score.h), each with n_ctx positions; 0: one
    // Adapters of this model, whose additions sum up; borrowed until the session is freed.
    const quill_adapter_use *adapters; // [n_adapters]
    size_t n_adapters;
    // Optional. Called while the weights are read from disk, which takes long for a large file on a slow disk: within
    // the first call that computes, or at the beginning of the first quill_session_hold. Return false to stop reading
    // ahead; weights are then read when they are used. Units: bytes.
    bool (*on_weights)(void *user, uint64_t done, uint64_t all);
    void *user;
} quill_session_options;

// Reserves the KV cache (address space; memory is committed by use). `options` may be NULL. The model is borrowed until
// the session is freed. Errors: QUILL_E_USAGE (options), QUILL_E_SYSTEM (memory).
QUILL_MUST_CHECK quill_status quill_session_create(quill_session **out, const quill_model *model,
                                                   const quill_session_options *options, quill_error *err);
void quill_session_free(quill_session *session);

// Calls body(user) and keeps the session's threads ready meanwhile. The threads are OpenMP's. Every call that computes
// (quill_generate, quill_batch_step, quill_eval, quill_score, quill_choose, ...) acquires and releases them, which
// costs time when calls are many and short. A hold acquires them once; they sleep between the calls.
//
// - A hold inside a hold of the same session is part of the outer one. `body` must return: no longjmp, no exception.
// - A hold is an OpenMP parallel region, as is every call that computes, and regions do not nest: inside it, another
//   session or a parallel region of the caller has one thread. Inside a parallel region of the caller, a session has
//   one thread too. The results are the same.
// - After fork() the child must not compute: OpenMP's threads do not exist there. A library built with
//   `make THREADS=pthread` has threads of its own, and a child may create sessions and compute with them.
// - Threads are created with signals blocked, so that a handler runs on a thread of the program.
//
// OpenMP's variables have their usual meaning: OMP_NUM_THREADS (where n_threads is 0) and OMP_THREAD_LIMIT say how many
// threads there are, OMP_PROC_BIND and OMP_PLACES where they run, OMP_WAIT_POLICY whether a waiting thread spins
// (active) or sleeps (passive); by default it spins for some tens of microseconds and then sleeps.
void quill_session_hold(quill_session *session, void (*body)(void *user), void *user);

// What a session with these options would use.
typedef struct quill_memory {
    int32_t n_ctx;       // the options with every default filled in
    const char *kv_type; // a static string
    int threads;
    uint64_t weights, kv_cache, activations, tokenizer, total; // bytes at most; adapters are weights
} quill_memory;
QUILL_MUST_CHECK quill_status quill_session_plan(const quill_model *model, const quill_session_options *options,
                                                 quill_memory *memory, quill_error *err); // errors: QUILL_E_USAGE
// Bytes that can be allocated now without swapping, on this machine and within the cgroups of this process. The page
// cache counts as available, and so does a mapped model. UINT64_MAX: the system does not say.
uint64_t quill_memory_available(void);

// The logits after ids[0..n): (*logits)[n_vocab], owned by the session and valid until its next call. If the session
// already holds the beginning of these ids, it reuses that; the result is the same, bit for bit, as from an empty
// session. Errors: QUILL_E_CONTEXT (n > n_ctx), QUILL_E_USAGE (n == 0, an id out of range; rows of a batch in work),
// QUILL_E_MODEL (non-finite values).
QUILL_MUST_CHECK quill_status quill_eval(quill_session *session, const int32_t *ids, size_t n, const float **logits,
                                         quill_error *err);
// The same for every position: `row` is called n times, i ascending, with the logits after ids[0..i]. All n positions
// are computed; nothing is reused. Errors: those of quill_eval.
typedef void quill_row_fn(void *user, size_t i, const float *logits);
QUILL_MUST_CHECK quill_status quill_eval_all(quill_session *session, const int32_t *ids, size_t n, quill_row_fn *row,
                                             void *user, quill_error *err);

// Why a generation ended.
typedef enum quill_stop {
    QUILL_STOP_EOS,
    QUILL_STOP_STRING,  // a stop string or stop regex matched
    QUILL_STOP_LINE,    // the newline that `line` asks for
    QUILL_STOP_LENGTH,  // n_predict tokens
    QUILL_STOP_CONTEXT, // no position is left
    QUILL_STOP_CHOICE,  // the text is complete, as the constraint asks; these four
    QUILL_STOP_REGEX,
    QUILL_STOP_JSON,
    QUILL_STOP_GRAMMAR,
    QUILL_STOP_TIMEOUT,
    QUILL_STOP_SIGNAL,
    QUILL_STOP_ERROR,
} quill_stop;
const char *quill_stop_name(quill_stop stop); // "eos" "stop" "line" ..., a static string

typedef struct quill_token_logprob {
    int32_t id;
    // Natural logarithm of the model's own probability; NAN: none (the first prompt token). The probabilities of all
    // rows of logits sum to 1, those without a token included, which are never drawn.
    double logprob;
} quill_token_logprob;

typedef struct quill_scored_token {
    int32_t id;
    double logprob;
    // [n_top] the likeliest tokens here that may be drawn, descending, ties by lower id; NULL: none
    const quill_token_logprob *top;
    size_t n_top;
} quill_scored_token;

enum { QUILL_DRAFT_AUTO = -1 };

// What n_predict, and the context, mean to a text under a constraint that is not complete.
typedef enum quill_budget {
    QUILL_BUDGET_SOFT, // only tokens are drawn from which the shortest end still fits
    QUILL_BUDGET_HARD, // nothing; a text that is cut off is QUILL_E_CONSTRAINT
} quill_budget;

// One generation. Start from quill_request_default() and set what differs. Everything is borrowed until the call
// returns.
typedef struct quill_request {
    const int32_t *prompt; // [n_prompt] at least one id
    size_t n_prompt;
    // Token healing (Lundberg 2023): where a prompt ends inside a word, its last tokens (up to 8, never a special one,
    // nor the first) are taken back, as many as one longer token can begin with, and the text is drawn so that it
    // begins with their bytes. These are no part of the text, but their tokens are counted, scored and limited by
    // n_predict as others are. A constraint and stops see what follows them.
    bool heal;
    // EOS: any of the tokens that end a text (quill_token_is_eos). It counts as a token, but is no part of the text.
    int64_t n_predict;     // tokens at most; -1: until EOS or the end of the context
    // Where the context is full, the older half of the tokens is dropped and the text goes on, as often as needed; the
    // other half is computed again, so that what follows is what would follow a prompt of these tokens. Penalties still
    // count the tokens dropped. Never dropped: BOS in front of the prompt, and `keep` tokens behind it (-1: the whole
    // prompt), which must leave room for one more. Without it: QUILL_STOP_CONTEXT. Memory grows with the text.
    bool context_shift;
    int32_t keep;
    int64_t min_tokens;    // within the first min_tokens tokens, EOS is not drawn and no stop matches
    bool ignore_eos;       // EOS is never drawn
    // Classifier-free guidance (Sanchez et al. 2023): with a scale S other than 1 the text is read behind a negative
    // prompt too, and drawn from the logits N + S (P - N), where P and N are the logarithms of both distributions.
    // Sampling and constraints see these logits; scores (logprobs) are those of P. NULL: the last token of the prompt.
    // The request then takes two sequences of the session, and nothing is guessed (draft).
    const int32_t *negative_prompt; // [n_negative_prompt]
    size_t n_negative_prompt;
    float cfg_scale;       // -100..100; 1: off
    quill_sampling sampling;
    uint64_t seed;         // 0..QUILL_SEED_MAX
    uint32_t sample;       // index of this sample of the prompt: each index draws other numbers
    const quill_text *stops; // [n_stops] matched on generated bytes, never part of the text. The stop that begins first
    size_t n_stops;          // wins, then the one that ends first; of equal matches a stop string wins over `line`, and
                             // `line` over the regex
    const char *stop_regex;  // PCRE2, or NULL; an empty match counts only after at least one byte
    bool line;               // a newline stops
    // NULL: none; else nothing is passed on before the text is complete, and a text that ends inside is
    // QUILL_E_CONSTRAINT. EOS is drawn only where the text is complete; if nothing can follow, it ends by itself. Stops
    // and `line` end it only where what is in front of them is complete, and are part of the text elsewhere; where the
    // constraint does not let it go on with them, a token that begins like one of them ends it as EOS does. stop_regex
    // must be NULL.
    quill_constraint *constraint;
    quill_budget budget;
    bool raw_bytes;          // emit invalid UTF-8 unchanged instead of as U+FFFD
    // Special tokens are part of the text as they are spelled, as quill_answer needs them (not the one that ends the
    // text); without it they are none. Stops see them too. Under a constraint they are never drawn.
    bool special_text;
    int logprobs;            // -1: none; K (0..100): fill `tokens` of the result, each with the K likeliest
    bool prompt_logprobs;    // fill `prompt_scores` of the result as well (needs logprobs >= 0)
    int32_t draft;           // at most this many tokens are guessed from the text so far and checked in one pass; 0:
                             // none; QUILL_DRAFT_AUTO: as many as pay. Only drafted_tokens, accepted_tokens and times
                             // depend on it
    double timeout;          // seconds; 0: none
    const volatile sig_atomic_t *interrupted; // polled between tokens and prompt chunks; NULL: never
    // Optional. Called with text as soon as it is certain: whole UTF-8 characters (unless raw_bytes), never part of a
    // stop. A status other than QUILL_OK ends the generation and is returned.
    quill_status (*on_text)(void *user, const char *text, size_t n);
    // Optional. Called while the prompt is read; units: positions.
    void (*on_prompt)(void *user, size_t done, size_t all);
    void *user;
} quill_request;
// n_predict 256, cfg_scale 1, the default sampling, QUILL_DRAFT_AUTO, no logprobs; everything else 0, false or NULL.
quill_request quill_request_default(void);
size_t quill_request_sequences(const quill_request *request); // how many sequences of a session it takes: 1, or 2

// Owned by the session; valid until its next call. Times are in milliseconds.
typedef struct quill_result {
    quill_text text;             // all of it, as passed to on_text
    quill_stop stop;
    quill_text stop_match;       // text == NULL: none
    size_t prompt_tokens, generated_tokens;
    size_t healed_tokens;        // taken back from the prompt; prompt_tokens does not count them
    size_t cached_tokens;                   // prompt tokens that the session already held
    size_t context_shifts;                  // how often tokens were dropped
    size_t drafted_tokens, accepted_tokens; // guesses, and those that equal the token drawn
    double logprob;              // sum over the generated tokens of the model's own log-probability
    const quill_scored_token *tokens;        // [n_tokens] or NULL
    size_t n_tokens;
    const quill_scored_token *prompt_scores; // [prompt_tokens] or NULL
    double prompt_ms, first_token_ms, generate_ms; // first_token_ms: from the call to the first token
} quill_result;

// Generates. On failure after text was passed on, *result is filled too; its stop is QUILL_STOP_ERROR.
// Errors: QUILL_E_CONTEXT (the prompt, or what is to be kept of it, does not fit; nothing was generated), QUILL_E_USAGE
// (values, regex; rows of a batch in work), QUILL_E_CONSTRAINT (a match limit; logit biases forbid every token; or the
// text, which is then empty, cannot be completed as the constraint asks), QUILL_E_MODEL (non-finite values),
// QUILL_E_SYSTEM (memory), what on_text
// returned. A full context is no error: QUILL_STOP_CONTEXT.
QUILL_MUST_CHECK quill_status quill_generate(quill_session *session, const quill_request *request,
                                             const quill_result **result, quill_error *err);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif
#endif
