// SPDX-License-Identifier: MIT
// Weighing whole texts against each other, by the tree of their tokens.
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "quill/score.h"
#include "texts.h"

struct choosing {
    quill_session *session;
    const int32_t *prompt; // [n_prompt]
    size_t n_prompt;
    quill_option **sorted; // [n] by their ids: what shares a beginning stands together, and a beginning comes first
    size_t n;
    int32_t end;
    bool ended;            // the end counts
};

static size_t common_ids(const quill_option *a, const quill_option *b) {
    return ids_common(a->ids, a->n, b->ids, b->n);
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
        quill_status s = lanes_check_vocabulary(&c->session->lanes, option->ids, option->n, err);
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
    if (c->ended && (c->end < 0 || c->end >= c->session->lanes.n_vocab))
        return fail(err, QUILL_E_USAGE, "an option begins another, and there is no token that ends it");
    size_t needed = c->n_prompt + longest - !c->ended; // the last token of all is computed for what follows it alone
    if (needed <= (size_t)c->session->lanes.plan.n_ctx) return QUILL_OK;
    return fail(err, QUILL_E_CONTEXT, "the prompt has %zu tokens and an option %zu, the context has room for %d",
                c->n_prompt, longest, (int)c->session->lanes.plan.n_ctx);
}

// The place after the first `depth` tokens of sorted[first], and of all after it that share them: what they have there.
static void weigh(const struct choosing *c, size_t first, size_t depth, const float *logits) {
    const quill_option *path = c->sorted[first];
    struct log_sum sum = likelihood_log_sum(&c->session->likelihood, logits);
    for (size_t i = first; i < c->n && common_ids(path, c->sorted[i]) >= depth; i++) {
        quill_option *option = c->sorted[i];
        if (option->n > depth) option->logprob += log_sum_logprob(&sum, logits[option->ids[depth]]);
        else option->logprob += log_sum_logprob(&sum, logits[c->end]);
    }
}

static void on_row(void *user, size_t i, size_t at, const float *logits) {
    const struct choosing *c = user;
    weigh(c, i, at + 1 - c->n_prompt, logits);
}

// The logits after the prompt are known. Each option is a text of its own, behind the prompt; its places are looked at
// but for those that the one before it has too. Sums grow by ascending depth, whatever is computed at once.
static quill_status walk(struct choosing *c, const float *logits, quill_error *err) {
    size_t n_ids = 0;
    for (size_t i = 0; i < c->n; i++) n_ids += c->n_prompt + c->sorted[i]->n;
    struct text_rows *texts = alloc_array(c->n, sizeof *texts);
    int32_t *ids = alloc_array(n_ids, sizeof *ids), *next = ids;
    quill_status s = texts && ids ? QUILL_OK : fail_memory(err);
    for (size_t i = 0; !s && i < c->n; i++) {
        const quill_option *option = c->sorted[i];
        size_t n = c->n_prompt + option->n - !c->ended;
        size_t first = c->n_prompt + (i ? common_ids(c->sorted[i - 1], option) : 0);
        texts[i] = (struct text_rows){next, n, first < n ? first : n};
        memcpy(next, c->prompt, c->n_prompt * sizeof *ids);
        memcpy(next + c->n_prompt, option->ids, option->n * sizeof *ids);
        next += c->n_prompt + option->n;
    }
    if (!s) weigh(c, 0, 0, logits);
    if (!s) s = session_read_texts(c->session, texts, c->n, on_row, c, err);
    free(texts);
    free(ids);
    return s;
}

quill_status quill_choose(quill_session *session, const int32_t *prompt, size_t n_prompt, quill_option *options,
                          size_t n_options, int32_t end, bool *ended, quill_error *err) {
    if (n_options == 0) return fail(err, QUILL_E_USAGE, "expected at least one option, found none");
    struct choosing c = {session, prompt, n_prompt, alloc_array(n_options, sizeof *c.sorted), n_options, end, false};
    if (!c.sorted) return fail_memory(err);
    for (size_t i = 0; i < n_options; i++) {
        c.sorted[i] = &options[i];
        options[i].logprob = 0;
    }
    const float *logits = NULL;
    quill_status s = lanes_check_ids(&session->lanes, prompt, n_prompt, err);
    if (!s) s = check_options(&c, err);
    if (!s) s = quill_eval(session, prompt, n_prompt, &logits, err);
    if (!s) s = walk(&c, logits, err);
    *ended = c.ended;
    free(c.sorted);
    return s;
}
