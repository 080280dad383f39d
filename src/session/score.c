// SPDX-License-Identifier: MIT
// Teacher forcing: the probabilities of tokens that are given.
#include "quill/score.h"

#include "scores.h"
#include "session.h"

struct scoring {
    quill_session *session;
    const int32_t *ids;
};

// The logits after id i are about the one after it.
static void add_score(void *user, size_t i, const float *logits) {
    const struct scoring *s = user;
    scores_add(&s->session->scores, s->session, logits, s->ids[i + 1]);
}

static quill_status check(const quill_session *session, const int32_t *ids, size_t n, size_t first, int top,
                          quill_error *err) {
    if (first < 1 || first > n)
        return fail(err, QUILL_E_USAGE, "first: expected 1 to %zu, the number of tokens, found %zu", n, first);
    if (top < 0 || top > MAX_LOGPROBS)
        return fail(err, QUILL_E_USAGE, "top: expected 0 to %d, found %d", MAX_LOGPROBS, top);
    if (n - 1 > (size_t)session->n_ctx)
        return fail(err, QUILL_E_CONTEXT, "the text has %zu tokens, the context has room for %d", n,
                    (int)session->n_ctx + 1);
    return session_check_vocabulary(session, ids, n, err);
}

quill_status quill_score(quill_session *session, const int32_t *ids, size_t n, size_t first, int top,
                         const quill_scored_token **tokens, quill_error *err) {
    quill_status s = check(session, ids, n, first, top, err);
    if (s) return s;
    struct score_list *scores = &session->scores;
    scores_clear(scores, (size_t)top);
    if (!scores_reserve(scores, n - first)) return fail_memory(err);
    struct scoring scoring = {session, ids};
    struct reading r = {.ids = ids, .n = n - 1, .row = add_score, .row_user = &scoring, .first_row = first - 1};
    if (first < n) s = session_read(session, &r, err);
    if (s) return s;
    scores_finish(scores);
    *tokens = scores->tokens;
    return QUILL_OK;
}
