// SPDX-License-Identifier: MIT
// Teacher forcing: the probabilities of tokens that are given.
#include "quill/score.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "texts.h"

struct scoring {
    quill_session *session;
    const quill_scored_text *texts;
};

// The logits after id i are about the one after it.
static void add_score(void *user, size_t text, size_t i, const float *logits) {
    const struct scoring *s = user;
    score_list_add(&s->session->scores, &s->session->likelihood, logits, s->texts[text].ids[i + 1]);
}

static quill_status check(const quill_session *session, const quill_scored_text *text, quill_error *err) {
    if (text->first < 1 || text->first > text->n)
        return fail(err, QUILL_E_USAGE, "first: expected 1 to %zu, the number of tokens, found %zu", text->n,
                    text->first);
    if (text->n - 1 > (size_t)session->lanes.plan.n_ctx)
        return fail(err, QUILL_E_CONTEXT, "the text has %zu tokens, the context has room for %d", text->n,
                    (int)session->lanes.plan.n_ctx + 1);
    return lanes_check_vocabulary(&session->lanes, text->ids, text->n, err);
}

quill_status quill_score_texts(quill_session *session, quill_scored_text *texts, size_t n_texts, int top,
                               quill_error *err) {
    struct score_list *scores = &session->scores;
    struct scoring scoring = {session, texts};
    size_t n = 0;
    if (top < 0 || top > MAX_LOGPROBS)
        return fail(err, QUILL_E_USAGE, "top: expected 0 to %d, found %d", MAX_LOGPROBS, top);
    for (size_t i = 0; i < n_texts; i++) {
        quill_status s = check(session, &texts[i], err);
        if (s) return s;
        n += texts[i].n - texts[i].first;
    }
    score_list_clear(scores, (size_t)top);
    struct text_rows *rows = alloc_array(n_texts, sizeof *rows);
    quill_status s = rows && score_list_reserve(scores, n) ? QUILL_OK : fail_memory(err);
    for (size_t i = 0; !s && i < n_texts; i++)
        rows[i] = (struct text_rows){texts[i].ids, texts[i].n - 1, texts[i].first - 1};
    if (!s) s = session_read_texts(session, rows, n_texts, add_score, &scoring, err);
    free(rows);
    if (s) return s;
    score_list_finish(scores);
    const quill_scored_token *tokens = scores->tokens;
    for (size_t i = 0; i < n_texts; i++) {
        texts[i].tokens = tokens;
        tokens += texts[i].n - texts[i].first;
    }
    return QUILL_OK;
}

quill_status quill_score(quill_session *session, const int32_t *ids, size_t n, size_t first, int top,
                         const quill_scored_token **tokens, quill_error *err) {
    quill_scored_text text = {ids, n, first, NULL};
    quill_status s = quill_score_texts(session, &text, 1, top, err);
    *tokens = text.tokens;
    return s;
}
