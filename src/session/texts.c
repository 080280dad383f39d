// SPDX-License-Identifier: MIT
#include "texts.h"

#include <stdlib.h>

#include "base/alloc.h"

struct texts {
    quill_session *session;
    const struct text_rows *texts;
    size_t n_texts;
    size_t i, at;       // next: token `at` of texts[i]
    int32_t seq;        // into this sequence
    bool begun;         // which holds what precedes it
    struct span *spans; // [session->lanes.plan.n_seq] of the present pass
    size_t *of;         // [session->lanes.plan.n_seq] which text they are of
    size_t n_spans;
};

// How much of a text is computed in the present pass, of another one that begins like it.
static size_t common_in_pass(const struct texts *t, const struct text_rows *text) {
    size_t most = 0;
    for (size_t k = 0; k < t->n_spans; k++) {
        const struct text_rows *other = &t->texts[t->of[k]];
        size_t end = (size_t)t->spans[k].pos + t->spans[k].n;
        size_t common = ids_common(other->ids, end, text->ids, text->first);
        if (common > most) most = common;
    }
    return most;
}

// Lets the sequence begin with what the cache holds of the text, in whichever one. False: to wait is better.
static quill_status begin_text(struct texts *t, quill_error *err) {
    quill_session *session = t->session;
    const struct text_rows *text = &t->texts[t->i];
    int32_t from = t->seq;
    size_t reused = lanes_longest(&session->lanes, &from, text->ids, text->first);
    if (common_in_pass(t, text) >= reused + WORTH_WAITING) return QUILL_OK;
    quill_status s = lanes_share(&session->lanes, t->seq, from, reused, err);
    t->begun = !s;
    t->at = reused;
    return s;
}

// The texts are taken in their order, so many at once as there are sequences and a pass has room for.
static quill_status plan_pass(struct texts *t, quill_error *err) {
    const quill_session *session = t->session;
    size_t tokens = session->lanes.plan.n_chunk, logits = session->lanes.plan.n_rows;
    t->n_spans = 0;
    while (t->i < t->n_texts && t->n_spans < (size_t)session->lanes.plan.n_seq && tokens && logits) {
        const struct text_rows *text = &t->texts[t->i];
        if (text->first == text->n) {
            t->i++;
            continue;
        }
        quill_status s = t->begun ? QUILL_OK : begin_text(t, err);
        if (s || !t->begun) return s;
        size_t count = text->n - t->at < tokens ? text->n - t->at : tokens;
        size_t from = t->at > text->first ? t->at : text->first;
        size_t n_logits = t->at + count > from ? t->at + count - from : 0;
        if (n_logits > logits) count -= n_logits - logits, n_logits = logits;
        t->of[t->n_spans] = t->i;
        t->spans[t->n_spans++] = (struct span){t->seq, (int32_t)t->at, text->ids + t->at, count, n_logits};
        tokens -= count;
        logits -= n_logits;
        t->at += count;
        if (t->at < text->n) return QUILL_OK; // the rest comes first in the next pass
        t->i++;
        t->seq = (t->seq + 1) % session->lanes.plan.n_seq;
        t->begun = false;
    }
    return QUILL_OK;
}

static quill_status read_texts(struct texts *t, text_row_fn *row, void *user, quill_error *err) {
    for (;;) {
        quill_status s = plan_pass(t, err);
        if (!s && t->n_spans == 0) return QUILL_OK;
        if (!s) s = lanes_run(&t->session->lanes, t->spans, t->n_spans, err);
        if (s) return s;
        const float *logits = t->session->lanes.logits;
        for (size_t k = 0; k < t->n_spans; k++) {
            const struct span *span = &t->spans[k];
            size_t end = (size_t)span->pos + span->n;
            for (size_t i = end - span->n_logits; i < end; i++, logits += t->session->lanes.n_vocab)
                row(user, t->of[k], i, logits);
        }
    }
}

quill_status session_read_texts(quill_session *session, const struct text_rows *texts, size_t n_texts, text_row_fn *row,
                                void *user, quill_error *err) {
    struct texts t = {.session = session, .texts = texts, .n_texts = n_texts};
    t.spans = alloc_array((size_t)session->lanes.plan.n_seq, sizeof *t.spans);
    t.of = alloc_array((size_t)session->lanes.plan.n_seq, sizeof *t.of);
    quill_status s = t.spans && t.of ? read_texts(&t, row, user, err) : fail_memory(err);
    free(t.spans);
    free(t.of);
    return s;
}
