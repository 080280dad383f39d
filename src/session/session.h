// SPDX-License-Identifier: MIT
// What a session holds, and reading tokens into it.
#ifndef QUILL_SESSION_INTERNAL_H
#define QUILL_SESSION_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/team.h"
#include "load.h"
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
    int32_t *held;   // [n_seq][n_ctx] the ids in the cache: kv_length of each sequence
    float *logits;   // [n_rows][n_vocab]
    struct batch *batch;
    struct score_list scores; // of quill_score
};

struct reading {
    const int32_t *ids; // [n] each in 0..n_vocab-1; n >= 1, n <= n_ctx
    size_t n;
    quill_row_fn *row;  // NULL: the logits of the last position alone are computed
    void *row_user;
    size_t first_row;   // the first position whose logits `row` is called with; below n
    bool (*between)(void *user, size_t done); // NULL, or called before every chunk and at the end; false stops
    void *user;
    // Results.
    size_t reused;        // positions that were there already
    bool stopped;         // by `between`
    const float *logits;  // [n_vocab] after the last id
};

// Computes spans as forward_run does, into session->logits, and notes their ids as held.
quill_status session_run(quill_session *session, const struct span *spans, size_t n_spans, quill_error *err);
// How many of ids[0..n) sequence `seq` begins with.
size_t session_common(const quill_session *session, int32_t seq, const int32_t *ids, size_t n);
// Sequence `to` becomes the first n positions of `from`, which may be itself.
quill_status session_share(quill_session *session, int32_t to, int32_t from, size_t n, quill_error *err);

quill_status session_read(quill_session *session, struct reading *r, quill_error *err);

// QUILL_E_USAGE when one is not in the vocabulary.
quill_status session_check_vocabulary(const quill_session *session, const int32_t *ids, size_t n, quill_error *err);
// The same, and when there is none; QUILL_E_CONTEXT when they do not fit.
quill_status session_check_ids(const quill_session *session, const int32_t *ids, size_t n, quill_error *err);

#endif
