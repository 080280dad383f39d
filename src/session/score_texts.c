// SPDX-License-Identifier: MIT
// Teacher forcing: the probabilities of given tokens.
#include "quill/score.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "parts.h"

struct text_scoring {
    quill_session *session;
    const quill_scored_text *texts;
    size_t *places; // [n_texts] place in the list of each text's first scored token
    size_t n_texts;
    quill_status status;
    quill_error *err;
};

// The last token itself is not computed: the logits after id i score the id after it.
static bool make_task(void *user, size_t i, size_t slot, struct task *task) {
    const struct text_scoring *s = user;
    const quill_scored_text *text = &s->texts[i];
    (void)slot;
    task->ids = text->ids;
    task->n = text->n - 1;
    task->first = text->first - 1;
    return task->first < task->n;
}

static void add_scores(void *user, size_t i, size_t at, size_t n, const float *logits) {
    const struct text_scoring *s = user;
    const quill_scored_text *text = &s->texts[i];
    const struct likelihood *likelihood = &s->session->likelihood;
    size_t place = s->places[i] + (at + 1 - text->first);
    for (size_t k = 0; k < n; k++, logits += likelihood->n_vocab)
        score_list_set(&s->session->scores, place + k, likelihood, logits, text->ids[at + 1 + k]);
}

static quill_status on_failure(void *user, size_t i, const quill_error *err) {
    (void)user, (void)i;
    return err->status;
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

static void read_texts(void *arg) {
    struct text_scoring *s = arg;
    const struct feed feed = {
        .n = s->n_texts, .make = make_task, .rows = add_scores, .failed = on_failure, .user = s,
    };
    s->status = schedule_feed(&s->session->schedule, &feed, s->err);
}

// The texts were checked, and there is room for their n scores.
static quill_status score(struct text_scoring *s, size_t n) {
    quill_session_hold(s->session, read_texts, s);
    s->session->scores.n = s->status ? 0 : n;
    score_list_finish(&s->session->scores);
    return s->status;
}

quill_status quill_score_texts(quill_session *session, quill_scored_text *texts, size_t n_texts, int top,
                               quill_error *err) {
    struct score_list *scores = &session->scores;
    struct text_scoring scoring = {.session = session, .texts = texts, .n_texts = n_texts, .err = err};
    size_t n = 0;
    if (top < 0 || top > MAX_LOGPROBS)
        return fail(err, QUILL_E_USAGE, "top: expected 0 to %d, found %d", MAX_LOGPROBS, top);
    scoring.places = alloc_array(n_texts, sizeof *scoring.places);
    quill_status s = scoring.places ? QUILL_OK : fail_memory(err);
    for (size_t i = 0; !s && i < n_texts; i++) {
        s = check(session, &texts[i], err);
        scoring.places[i] = n;
        n += s ? 0 : texts[i].n - texts[i].first;
    }
    score_list_clear(scores, (size_t)top);
    if (!s && !score_list_reserve(scores, n)) s = fail_memory(err);
    if (!s) s = score(&scoring, n);
    for (size_t i = 0; !s && i < n_texts; i++) texts[i].tokens = scores->tokens + scoring.places[i];
    free(scoring.places);
    return s;
}

quill_status quill_score(quill_session *session, const int32_t *ids, size_t n, size_t first, int top,
                         const quill_scored_token **tokens, quill_error *err) {
    quill_scored_text text = {ids, n, first, NULL};
    quill_status s = quill_score_texts(session, &text, 1, top, err);
    *tokens = text.tokens;
    return s;
}
