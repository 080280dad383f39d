// SPDX-License-Identifier: MIT
// What a session holds, and reading tokens into it.
#ifndef QUILL_SESSION_INTERNAL_H
#define QUILL_SESSION_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/team.h"
#include "load/open.h"
#include "model/model.h"
#include "quill/session.h"
#include "sampler/sampler.h"

struct batch; // batch.c

// Tokens in a row, each with the k likeliest at its place (scores.h).
struct score_list {
    size_t k;                   // 0..MAX_LOGPROBS
    quill_scored_token *tokens; // [n]; `top` of them is set by scores_finish
    size_t n, cap;
    quill_token_logprob *top;   // [n_top]
    size_t n_top, cap_top;
};

struct quill_session {
    const quill_model *model; // borrowed
    int32_t n_ctx, n_vocab, n_seq;
    size_t n_chunk;  // tokens computed at once, at least n_seq
    size_t n_rows;   // rows of logits computed at once, at least n_seq
    struct team *team;
    struct kv_cache *kv; // n_seq sequences; reading and scoring use the first
    struct forward *forward;
    struct sampler *sampler;
    struct token_set eos; // the tokenizer's
    int32_t *held;   // [n_seq][n_ctx] the ids in the cache: kv_length of each sequence
    float *logits;   // [n_rows][n_vocab]
    struct batch *batch;
    struct score_list scores; // of quill_score
};

enum { WORTH_WAITING = 32 }; // tokens that another sequence is about to have: waiting is better than computing them

// Computes spans as forward_run does, into session->logits, and notes their ids as held.
quill_status session_run(quill_session *session, const struct span *spans, size_t n_spans, quill_error *err);
size_t ids_common(const int32_t *a, size_t n_a, const int32_t *b, size_t n_b); // how many both begin with
// How many of ids[0..n) sequence `seq` begins with.
size_t session_common(const quill_session *session, int32_t seq, const int32_t *ids, size_t n);
// The same of the sequence that begins with most of them, which *seq becomes; it stays where none has more.
size_t session_longest(const quill_session *session, int32_t *seq, const int32_t *ids, size_t n);
// Sequence `to` becomes the first n positions of `from`, which may be itself.
quill_status session_share(quill_session *session, int32_t to, int32_t from, size_t n, quill_error *err);

// QUILL_E_USAGE when one is not in the vocabulary.
quill_status session_check_vocabulary(const quill_session *session, const int32_t *ids, size_t n, quill_error *err);
// The same, and when there is none; QUILL_E_CONTEXT when they do not fit.
quill_status session_check_ids(const quill_session *session, const int32_t *ids, size_t n, quill_error *err);

#endif
