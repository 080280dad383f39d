// SPDX-License-Identifier: MIT
// A session: the KV cache, activations and threads of one user of a model. One session per thread.
#ifndef QUILL_SESSION_H
#define QUILL_SESSION_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "error.h"
#include "model.h"
#include "sampler.h"

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

typedef struct quill_session quill_session;

typedef struct quill_session_options {
    int32_t n_ctx;       // positions; 0: as many as the model has. More than a position table has is QUILL_E_USAGE
    const char *kv_type; // "f16" (NULL), "f32", "q8_0"
    int n_threads;       // 0: as OMP_NUM_THREADS says, else as many as affinity and the cgroup quota allow
    int32_t n_chunk;     // prompt tokens computed at once; 0: chosen. The output does not depend on it
    int32_t n_seq;       // generations that may run at once (batch.h), each with n_ctx positions; 0: one
    // Called while the weights are brought in, which takes long for a large file on a slow disk: within the first call
    // that computes, or at the beginning of the first quill_session_hold. false: no further; they then come in as they
    // are used. NULL: never.
    bool (*on_weights)(void *user, uint64_t done, uint64_t all);
    void *user;
} quill_session_options;

// Reserves the KV cache (address space; memory is committed by use). `options` may be NULL. The model is borrowed.
QUILL_MUST_CHECK quill_status quill_session_create(quill_session **out, const quill_model *model,
                                                   const quill_session_options *options, quill_error *err);
void quill_session_free(quill_session *session);

// Calls body(user) while the session's threads stay at hand. They are OpenMP's: every call that computes
// (quill_generate, quill_batch_step, quill_eval, quill_score, quill_choose, ...) asks for them and gives them back,
// which takes time where calls are many and short. In a hold they are asked for once, and sleep between the calls.
//
// - A hold within a hold of the same session is part of it. `body` must return: no longjmp and no exception.
// - A hold is a parallel region of OpenMP, as every call that computes is, and regions are not nested: within it,
//   another session and a parallel region of the caller's own have one thread. Within the caller's parallel region a
//   session has one thread too. The results are the same.
// - After fork() the child must not compute: it has none of OpenMP's threads. With a library built by
//   `make THREADS=pthread`, which has threads of its own, a child may create sessions and compute with them.
// - Threads are created with signals blocked, so that a handler runs on a thread of the program.
//
// OpenMP's variables have their usual meaning: OMP_NUM_THREADS (where n_threads is 0) and OMP_THREAD_LIMIT say how many
// threads there are, OMP_PROC_BIND and OMP_PLACES where they run, OMP_WAIT_POLICY whether a thread that waits spins
// (active) or sleeps (passive); by default it spins for some tens of microseconds and then sleeps.
void quill_session_hold(quill_session *session, void (*body)(void *user), void *user);

// Bytes a session with these options would use at most.
typedef struct quill_memory {
    int32_t n_ctx;
    const char *kv_type;
    int threads;
    uint64_t weights, kv_cache, activations, tokenizer, total;
} quill_memory;
QUILL_MUST_CHECK quill_status quill_session_plan(const quill_model *model, const quill_session_options *options,
                                                 quill_memory *memory, quill_error *err);
// Bytes that can be had now without swapping, on this machine and within the cgroups of this process; page cache counts
// as available, so a mapped model does too. UINT64_MAX: the system does not say.
uint64_t quill_memory_available(void);

// The logits after ids[0..n): logits[n_vocab], valid until the next call on this session. What the session already
// holds of a common beginning is not computed again, and the result is the same, bit for bit, as from an empty session.
// Errors: QUILL_E_CONTEXT (n > n_ctx), QUILL_E_USAGE (n == 0, an id out of range), QUILL_E_MODEL (non-finite values).
QUILL_MUST_CHECK quill_status quill_eval(quill_session *session, const int32_t *ids, size_t n, const float **logits,
                                         quill_error *err);
// The same for every position: `row` is called n times, ascending, with the logits after ids[0..i]. It computes all.
typedef void quill_row_fn(void *user, size_t i, const float *logits);
QUILL_MUST_CHECK quill_status quill_eval_all(quill_session *session, const int32_t *ids, size_t n, quill_row_fn *row,
                                             void *user, quill_error *err);

// Why a generation ended.
typedef enum quill_stop {
    QUILL_STOP_EOS,
    QUILL_STOP_STRING,  // a stop string or stop regex matched
    QUILL_STOP_LINE,    // the stop string was the one of `line`
    QUILL_STOP_LENGTH,
    QUILL_STOP_CONTEXT,
    QUILL_STOP_CHOICE,  // this and the next two are reserved for constraints, by which a text is complete; no
    QUILL_STOP_REGEX,   // generation ends by them yet
    QUILL_STOP_JSON,
    QUILL_STOP_TIMEOUT,
    QUILL_STOP_SIGNAL,
    QUILL_STOP_ERROR,
} quill_stop;
const char *quill_stop_name(quill_stop stop); // "eos" "stop" "line" ...

typedef struct quill_text {
    const char *text; // may hold NUL bytes
    size_t n;
} quill_text;

typedef struct quill_token_logprob {
    int32_t id;
    double logprob; // natural log of the model's own probability; NAN where there is none (the first prompt token)
} quill_token_logprob;

typedef struct quill_scored_token {
    int32_t id;
    double logprob;
    const quill_token_logprob *top; // [n_top] the likeliest tokens there, descending, ties by lower id; NULL: none
    size_t n_top;
} quill_scored_token;

enum { QUILL_DRAFT_AUTO = -1 };

// One generation. Start from quill_request_default() and set what differs. Everything is borrowed until the call
// returns.
typedef struct quill_request {
    const int32_t *prompt; // [n_prompt] at least one id
    size_t n_prompt;
    int64_t n_predict;     // tokens at most; -1: until EOS or the end of the context
    int64_t min_tokens;    // the first tokens, this many, end nothing: no EOS is drawn, stops are looked for later
    bool ignore_eos;       // EOS is not drawn
    quill_sampling sampling;
    uint64_t seed;         // 0..QUILL_SEED_MAX
    uint32_t sample;       // index of this sample of the prompt: another one draws other numbers
    const quill_text *stops; // [n_stops] matched on generated bytes, never part of the text; of all stops the one that
    size_t n_stops;          // begins first wins, of two that begin together the one that ends first, and of two that
                             // are the same text a stop string before `line`, and `line` before the regex
    const char *stop_regex;  // PCRE2, or NULL; a match of no bytes counts once there is a byte in front of it
    bool line;               // a newline stops
    bool raw_bytes;          // emit invalid UTF-8 unchanged instead of as U+FFFD
    int logprobs;            // -1: none; K: `tokens` of the result, each with the K likeliest
    bool prompt_logprobs;    // `prompt_tokens` of the result as well (needs logprobs >= 0)
    int32_t draft;           // tokens at most that are guessed from the text so far and checked in one pass, 0: none;
                             // QUILL_DRAFT_AUTO: as it pays. Nothing else of the result depends on it
    double timeout;          // seconds; 0: none
    const volatile sig_atomic_t *interrupted; // polled between tokens and prompt chunks; NULL: never
    // Called with text as soon as it is certain: whole UTF-8 characters (unless raw_bytes), never a piece of a stop
    // string. A status other than QUILL_OK ends the generation and is returned.
    quill_status (*on_text)(void *user, const char *text, size_t n);
    // Called while the prompt is read: positions done of positions in all.
    void (*on_prompt)(void *user, size_t done, size_t all);
    void *user;
} quill_request;
quill_request quill_request_default(void);

// Owned by the session; valid until its next call.
typedef struct quill_result {
    quill_text text;             // all of it, as passed to on_text
    quill_stop stop;
    quill_text stop_match;       // text == NULL: none
    size_t prompt_tokens, generated_tokens, cached_tokens;
    size_t drafted_tokens, accepted_tokens; // guesses, and those that were what was drawn
    double logprob;              // sum over the generated tokens of the model's own log-probability
    const quill_scored_token *tokens;        // [n_tokens] or NULL
    size_t n_tokens;
    const quill_scored_token *prompt_scores; // [prompt_tokens] or NULL
    double prompt_ms, first_token_ms, generate_ms; // first_token_ms: from the call to the first token
} quill_result;

// Generates. On failure after text was passed on, `result` is filled too (stop is QUILL_STOP_ERROR).
// Errors: QUILL_E_CONTEXT when the prompt does not fit (nothing was generated); QUILL_E_USAGE (values, regex);
// QUILL_E_CONSTRAINT (a match limit); QUILL_E_MODEL (non-finite values); what on_text returned. A generation that the
// context ended is QUILL_OK with QUILL_STOP_CONTEXT.
QUILL_MUST_CHECK quill_status quill_generate(quill_session *session, const quill_request *request,
                                             const quill_result **result, quill_error *err);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif
#endif
