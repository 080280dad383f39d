// SPDX-License-Identifier: MIT
// Weighing whole texts against each other, by the tree of their tokens.
#include <stdlib.h>

#include "base/alloc.h"
#include "quill/score.h"
#include "scores.h"
#include "session.h"

struct choosing {
    quill_session *session;
    const int32_t *prompt; // [n_prompt]
    size_t n_prompt;
    quill_option **sorted; // [n] by their ids: what shares a beginning stands together, and a beginning comes first
    size_t n;
    int32_t end;
    bool ended;            // the end counts
    struct span *spans;    // [session->n_seq] of the present pass
    size_t *of;            // [session->n_seq] whose they are, as a place in `sorted`
};

static size_t common_ids(const quill_option *a, const quill_option *b) {
    size_t i = 0;
    while (i < a->n && i < b->n && a->ids[i] == b->ids[i]) i++;
    return i;
}

static int compare(const void *x, const void *y) {
    const quill_option *a = *(quill_option *const *)x, *b = *(quill_option *const *)y;
    size_t i = common_ids(a, b);
    if (i < a->n && i < b->n) return a->ids[i] < b->ids[i] ? -1 : 1;
    return (a->n > b->n) - (a->n < b->n);
}

static quill_status check_options(struct choosing *c, quill_error *err) {
    size_t longest = 0;
    for (size_t i = 0; i < c->n; i++) {
        const quill_option *option = c->sorted[i];
        if (option->n == 0) return fail(err, QUILL_E_USAGE, "an option has no tokens");
        quill_status s = session_check_vocabulary(c->session, option->ids, option->n, err);
        if (s) return s;
        if (option->n > longest) longest = option->n;
    }
    qsort(c->sorted, c->n, sizeof(quill_option *), compare);
    for (size_t i = 1; i < c->n; i++) {
        const quill_option *before = c->sorted[i - 1], *option = c->sorted[i];
        if (common_ids(before, option) < before->n) continue;
        if (before->n == option->n) return fail(err, QUILL_E_USAGE, "two options have the same tokens");
        c->ended = true;
    }
    if (c->ended && (c->end < 0 || c->end >= c->session->n_vocab))
        return fail(err, QUILL_E_USAGE, "an option begins another, and there is no token that ends it");
    size_t needed = c->n_prompt + longest - !c->ended; // the last token of all is computed for what follows it alone
    if (needed <= (size_t)c->session->n_ctx) return QUILL_OK;
    return fail(err, QUILL_E_CONTEXT, "the prompt has %zu tokens and an option %zu, the context has room for %d",
                c->n_prompt, longest, (int)c->session->n_ctx);
}

// The place after the first `depth` tokens of sorted[first], and of all after it that share them: what they have there.
static void weigh(const struct choosing *c, size_t first, size_t depth, const float *logits) {
    const quill_option *path = c->sorted[first];
    struct log_sum sum = scores_log_sum(c->session, logits);
    for (size_t i = first; i < c->n && common_ids(path, c->sorted[i]) >= depth; i++) {
        quill_option *option = c->sorted[i];
        if (option->n > depth) option->logprob += scores_logprob(&sum, logits[option->ids[depth]]);
        else option->logprob += scores_logprob(&sum, logits[c->end]);
    }
}

// How many tokens of sorted[i] are computed; and how many of them it begins with that were looked at before.
static size_t path_length(const struct choosing *c, size_t i) { return c->sorted[i]->n - !c->ended; }
static size_t path_known(const struct choosing *c, size_t i) {
    return i ? common_ids(c->sorted[i - 1], c->sorted[i]) : 0;
}

// Sequence `seq` holds the prompt and nothing after it; the first one does already, or the prompt and a path.
static quill_status begin_path(const struct choosing *c, int32_t seq, quill_error *err) {
    bool holds = seq == 0 || session_common(c->session, seq, c->prompt, c->n_prompt) == c->n_prompt;
    return session_share(c->session, seq, holds ? seq : 0, c->n_prompt, err);
}

// The paths are taken in their order, each into a sequence of its own, so many of them at once as a pass has room for.
// What a path begins with like the one before it is computed again, but its logits are not.
struct walk {
    size_t i, at; // next: token `at` of sorted[i]
    int32_t seq;  // into this sequence
};

static size_t count_logits(size_t known, size_t at, size_t count) {
    size_t from = at > known ? at : known;
    return at + count > from ? at + count - from : 0;
}

// The spans of the next pass; their number to *n. None: the walk is at its end.
static quill_status plan_pass(const struct choosing *c, struct walk *w, size_t *n, quill_error *err) {
    const quill_session *session = c->session;
    size_t tokens = session->n_chunk, logits = session->n_rows;
    for (*n = 0; w->i < c->n && *n < (size_t)session->n_seq && tokens && logits;) {
        size_t length = path_length(c, w->i), known = path_known(c, w->i);
        if (length <= known) { // every place of it was looked at
            w->i++;
            continue;
        }
        quill_status s = w->at ? QUILL_OK : begin_path(c, w->seq, err);
        if (s) return s;
        size_t count = length - w->at < tokens ? length - w->at : tokens;
        size_t n_logits = count_logits(known, w->at, count);
        if (n_logits > logits) count -= n_logits - logits, n_logits = logits;
        c->of[*n] = w->i;
        c->spans[(*n)++] = (struct span){w->seq, (int32_t)(c->n_prompt + w->at), c->sorted[w->i]->ids + w->at, count,
                                         n_logits};
        tokens -= count;
        logits -= n_logits;
        w->at += count;
        if (w->at < length) return QUILL_OK; // the rest comes first in the next pass
        w->i++;
        w->at = 0;
        w->seq = (w->seq + 1) % session->n_seq;
    }
    return QUILL_OK;
}

// The logits after the prompt are known. Sums grow by ascending depth, so that they do not depend on what a pass holds.
static quill_status walk(const struct choosing *c, const float *logits, quill_error *err) {
    struct walk w = {0};
    weigh(c, 0, 0, logits);
    for (;;) {
        size_t n;
        quill_status s = plan_pass(c, &w, &n, err);
        if (!s && n == 0) return QUILL_OK;
        if (!s) s = session_run(c->session, c->spans, n, err);
        if (s) return s;
        logits = c->session->logits;
        for (size_t k = 0; k < n; k++) {
            const struct span *span = &c->spans[k];
            size_t end = (size_t)span->pos - c->n_prompt + span->n;
            for (size_t depth = end - span->n_logits + 1; depth <= end; depth++, logits += c->session->n_vocab)
                weigh(c, c->of[k], depth, logits);
        }
    }
}

quill_status quill_choose(quill_session *session, const int32_t *prompt, size_t n_prompt, quill_option *options,
                          size_t n_options, int32_t end, bool *ended, quill_error *err) {
    if (n_options == 0) return fail(err, QUILL_E_USAGE, "expected at least one option, found none");
    struct choosing c = {session, prompt, n_prompt, NULL, n_options, end, false, NULL, NULL};
    c.sorted = alloc_array(n_options, sizeof *c.sorted);
    c.spans = alloc_array((size_t)session->n_seq, sizeof *c.spans);
    c.of = alloc_array((size_t)session->n_seq, sizeof *c.of);
    bool ok = c.sorted && c.spans && c.of;
    quill_status s = ok ? session_check_ids(session, prompt, n_prompt, err) : fail_memory(err);
    for (size_t i = 0; ok && i < n_options; i++) {
        c.sorted[i] = &options[i];
        options[i].logprob = 0;
    }
    const float *logits = NULL;
    if (!s) s = check_options(&c, err);
    if (!s) s = quill_eval(session, prompt, n_prompt, &logits, err);
    if (!s) s = walk(&c, logits, err);
    *ended = c.ended;
    free(c.sorted);
    free(c.spans);
    free(c.of);
    return s;
}
