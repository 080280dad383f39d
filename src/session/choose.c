// SPDX-License-Identifier: MIT
// Weighs whole texts against each other, along the tree of their tokens.
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "parts.h"
#include "quill/score.h"

// The options of a question sorted by their ids: options with a common beginning are neighbours, and a prefix comes
// first.
struct option_tree {
    quill_question *question;
    quill_option **sorted; // [n_options]
};

// Questions that are weighed together.
struct choosing {
    quill_session *session;
    struct option_tree *trees; // [n] at most as many as there are lanes
    size_t n;
    int32_t end;
    size_t begun;     // options of each question that precede those of the present tasks
    int32_t *ids;     // [slots][longest] ids of the tasks
    size_t longest;   // most ids of a prompt and an option
    quill_status status;
    quill_error *err;
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

// ---- questions --------------------------------------------------------------------------------------

static quill_status check_each(const struct lanes *lanes, const quill_question *q, size_t *longest, quill_error *err) {
    if (q->n_options == 0) return fail(err, QUILL_E_USAGE, "expected at least one option, found none");
    for (size_t i = 0; i < q->n_options; i++) {
        const quill_option *option = &q->options[i];
        if (option->n <= option->n_context) return fail(err, QUILL_E_USAGE, "an option has no tokens");
        quill_status s = lanes_check_vocabulary(lanes, option->ids, option->n, err);
        if (s) return s;
        if (option->n > *longest) *longest = option->n;
    }
    return QUILL_OK;
}

// Sorts the options and finds out whether one is a prefix of another, so that the end counts.
static quill_status sort(struct option_tree *tree, quill_error *err) {
    quill_question *q = tree->question;
    tree->sorted = alloc_array(q->n_options, sizeof(quill_option *));
    if (!tree->sorted) return fail_memory(err);
    for (size_t i = 0; i < q->n_options; i++) {
        tree->sorted[i] = &q->options[i];
        q->options[i].logprob = 0;
    }
    qsort(tree->sorted, q->n_options, sizeof(quill_option *), compare);
    for (size_t i = 1; i < q->n_options; i++) {
        const quill_option *before = tree->sorted[i - 1], *option = tree->sorted[i];
        if (common_ids(before, option) < before->n) continue;
        if (before->n == option->n) return fail(err, QUILL_E_USAGE, "two options have the same tokens");
        q->ended = true;
    }
    return QUILL_OK;
}

static quill_status prepare(struct choosing *c, struct option_tree *tree, quill_error *err) {
    const struct lanes *lanes = &c->session->lanes;
    quill_question *q = tree->question;
    size_t longest = 0;
    q->ended = false;
    quill_status s = lanes_check_ids(lanes, q->prompt, q->n_prompt, err);
    if (!s) s = check_each(lanes, q, &longest, err);
    if (!s) s = sort(tree, err);
    if (s) return s;
    if (q->ended && (c->end < 0 || c->end >= lanes->n_vocab))
        return fail(err, QUILL_E_USAGE, "an option begins another, and there is no token that ends it");
    size_t needed = q->n_prompt + longest - !q->ended; // the last token needs a position only if the end follows it
    if (needed > (size_t)lanes->plan.n_ctx)
        return fail(err, QUILL_E_CONTEXT, "the prompt has %zu tokens and an option %zu, the context has room for %d",
                    q->n_prompt, longest, (int)lanes->plan.n_ctx);
    if (q->n_prompt + longest > c->longest) c->longest = q->n_prompt + longest;
    return QUILL_OK;
}

// ---- options as tasks -------------------------------------------------------------------------------

// Weighs the next token after the first `depth` tokens of sorted[first], for it and all later options that share these
// tokens.
static void weigh(const struct choosing *c, const struct option_tree *tree, size_t first, size_t depth,
                  const float *logits) {
    const quill_option *path = tree->sorted[first];
    struct log_sum sum = likelihood_log_sum(&c->session->likelihood, logits);
    for (size_t i = first; i < tree->question->n_options && common_ids(path, tree->sorted[i]) >= depth; i++) {
        quill_option *option = tree->sorted[i];
        if (depth < option->n_context) continue;
        if (option->n > depth) option->logprob += log_sum_logprob(&sum, logits[option->ids[depth]]);
        else option->logprob += log_sum_logprob(&sum, logits[c->end]);
    }
}

// Each option is a text of its own after the prompt; only places that it does not share with the option before it are
// weighed. Sums grow by ascending depth, whatever is computed at once: an option takes from an earlier one only a
// beginning that both share, and no task overtakes another that has more of it.
static bool make_task(void *user, size_t i, size_t slot, struct task *task) {
    const struct choosing *c = user;
    const struct option_tree *tree = &c->trees[i % c->n];
    const quill_question *q = tree->question;
    const size_t place = c->begun + i / c->n;
    if (q->status || place >= q->n_options) return false;
    const quill_option *option = tree->sorted[place];
    int32_t *ids = c->ids + slot * c->longest;
    memcpy(ids, q->prompt, q->n_prompt * sizeof *ids);
    memcpy(ids + q->n_prompt, option->ids, option->n * sizeof *ids);
    task->ids = ids;
    task->n = q->n_prompt + option->n - !q->ended;
    task->first = place ? q->n_prompt + common_ids(tree->sorted[place - 1], option) : q->n_prompt - 1;
    return task->first < task->n;
}

static void on_rows(void *user, size_t i, size_t at, size_t n, const float *logits) {
    const struct choosing *c = user;
    const struct option_tree *tree = &c->trees[i % c->n];
    size_t depth = at + 1 - tree->question->n_prompt;
    for (size_t k = 0; k < n; k++, logits += c->session->lanes.n_vocab)
        weigh(c, tree, c->begun + i / c->n, depth + k, logits);
}

static quill_status on_failure(void *user, size_t i, const quill_error *err) {
    const struct choosing *c = user;
    quill_question *q = c->trees[i % c->n].question;
    q->status = err->status;
    q->error = *err;
    return QUILL_OK;
}

// Weighs `count` options of every question: first the first one of each, then the second, so that a prompt is still in
// the cache when its next option comes.
static quill_status weigh_options(struct choosing *c, size_t begun, size_t count, quill_error *err) {
    const struct feed feed = {
        .n = count * c->n,
        .make = make_task,
        .rows = on_rows,
        .failed = on_failure,
        .user = c,
    };
    c->begun = begun;
    return schedule_feed(&c->session->schedule, &feed, err);
}

// The first option of every question computes its prompt; the others reuse it.
static void weigh_questions(void *arg) {
    struct choosing *c = arg;
    size_t most = 0;
    for (size_t i = 0; i < c->n; i++)
        if (c->trees[i].question->n_options > most) most = c->trees[i].question->n_options;
    c->status = weigh_options(c, 0, 1, c->err);
    if (!c->status && most > 1) c->status = weigh_options(c, 1, most - 1, c->err);
}

static quill_status choose(quill_session *session, quill_question *questions, size_t n, int32_t end,
                           quill_error *err) {
    struct choosing c = {.session = session, .n = n, .end = end, .err = err};
    c.trees = alloc_zeroed(n, sizeof *c.trees);
    if (!c.trees) return fail_memory(err);
    quill_status s = QUILL_OK;
    for (size_t i = 0; !s && i < n; i++) {
        quill_question *q = &questions[i];
        c.trees[i].question = q;
        q->status = prepare(&c, &c.trees[i], &q->error);
        if (q->status == QUILL_E_SYSTEM) s = fail_memory(err);
    }
    if (!s && c.longest) {
        c.ids = alloc_array((size_t)session->lanes.plan.n_seq * c.longest, sizeof *c.ids);
        if (c.ids) quill_session_hold(session, weigh_questions, &c);
        s = c.ids ? c.status : fail_memory(err);
        free(c.ids);
    }
    for (size_t i = 0; i < n; i++) free(c.trees[i].sorted);
    free(c.trees);
    return s;
}

quill_status quill_choose(quill_session *session, quill_question *questions, size_t n_questions, int32_t end,
                          quill_error *err) {
    const size_t lanes = (size_t)session->lanes.plan.n_seq;
    quill_status s = QUILL_OK;
    for (size_t i = 0, n; !s && i < n_questions; i += n) {
        n = n_questions - i < lanes ? n_questions - i : lanes;
        s = choose(session, questions + i, n, end, err);
    }
    return s;
}
