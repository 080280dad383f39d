// SPDX-License-Identifier: MIT
// quill shots FILE --loo: how well the examples of a prompt file answer each other. Each example in turn is left out
// and asked, after K of the others; the answer is the likeliest of the labels.
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/error.h"
#include "base/rng.h"
#include "cli/io/json_out.h"
#include "cli/io/output.h"
#include "cli/io/show.h"
#include "cli/io/signals.h"
#include "cli/io/term.h"
#include "cli/options/commands.h"
#include "cli/run/chooser.h"
#include "cli/run/model_source.h"

struct loo {
    struct progress bar;
    const struct options *o;
    struct chooser chooser;
    struct choices *labels; // the chooser's choices
    size_t n;             // number of examples
    size_t *truth;        // [n] the label of each
    size_t *shots;        // [n] for the current question
    size_t *orders;       // [n_orders][k] permutations of 0..k-1 that differ; the first is the identity
    size_t n_orders;
    size_t *confusion;    // [c.n][c.n] counts by label and by choice, in the first order
    quill_text *values;   // [use->n_open]
    struct output out;
};

__attribute__((format(printf, 4, 5))) static quill_status wrong(const struct prompt_file *f, size_t line,
                                                               quill_error *err, const char *format, ...) {
    char text[300];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    const char *name = f->examples.name ? f->examples.name : f->name;
    return fail(err, QUILL_E_USAGE, "%s:%zu: %s", QUOTED(str_of(name)), line, text);
}

// ---- labels ----

// Finds the label of every example. Without --choice the labels are the answers that occur.
static quill_status find_labels(struct loo *l, quill_error *err) {
    const struct prompt_file *f = l->chooser.use->file;
    struct choices *labels = l->labels;
    bool given = labels->n > 0;
    for (size_t i = 0; i < l->n; i++) {
        quill_text text;
        quill_status s = prompt_use_example(l->chooser.use, i, l->values, &text, err);
        if (s) return s;
        const struct str answer = choice_cut((struct str){text.text, text.n});
        if (answer.n == 0) return wrong(f, f->examples.items[i].line, err, "the answer of this example is empty");
        size_t k = 0;
        while (k < labels->n && !str_equal(buffer_str(&labels->items[k].name), answer)) k++;
        if (k == labels->n && given)
            return wrong(f, f->examples.items[i].line, err, "the answer '%s' is none of the choices", QUOTED(answer));
        if (k == labels->n) s = choices_add_one(labels, answer, err);
        if (s) return s;
        l->truth[i] = k;
    }
    if (labels->n == 1) return wrong(f, f->examples.items[0].line, err, "there is one label; to choose takes two");
    if (labels->n == l->n && !given)
        return wrong(f, f->examples.items[0].line, err,
                     "no labels: every example has an answer of its own; --choice or %%set choice gives some");
    return QUILL_OK;
}

// ---- orders ----

static bool is_known(const struct loo *l, size_t k, const size_t *order) {
    for (size_t i = 0; i < l->n_orders; i++)
        if (memcmp(l->orders + i * k, order, k * sizeof *order) == 0) return true;
    return false;
}

// Draws orders of k shots: --orders many, or all if there are fewer.
static quill_status draw_orders(struct loo *l, size_t k, quill_error *err) {
    size_t most = (size_t)l->o->trial.orders, all = 1;
    for (size_t i = 2; i <= k && all < most; i++) all *= i;
    if (all < most) most = all;
    free(l->orders);
    l->n_orders = 0;
    l->orders = calloc(most + 1, (k + 1) * sizeof *l->orders);
    if (!l->orders) return fail_memory(err);
    uint64_t seed = l->o->file.shuffle >= 0 ? (uint64_t)l->o->file.shuffle : 0;
    while (l->n_orders < most) {
        size_t *order = l->orders + l->n_orders * k;
        for (size_t i = 0; i < k; i++) order[i] = i;
        if (l->n_orders) rng_shuffle(order, k, ++seed);
        l->n_orders += !is_known(l, k, order);
    }
    return QUILL_OK;
}

// Takes the first k of the other examples, in the given order.
static void take_shots(struct loo *l, size_t left_out, size_t k, const size_t *order) {
    const size_t *shots = l->chooser.use->shots;
    size_t place = 0;
    while (place <= k && shots[place] != left_out) place++;
    for (size_t i = 0; i < k; i++) l->shots[i] = shots[order[i] + (order[i] >= place)];
}

// ---- questions ----

// Asks example i with l->shots[0..k) in front.
static quill_status ask(struct loo *l, size_t i, size_t k, size_t *chosen, quill_error *err) {
    const struct prompt_file *f = l->chooser.use->file;
    quill_text answer;
    quill_error reason;
    l->chooser.weighing.shots = l->shots;
    l->chooser.weighing.n_shots = k;
    *chosen = 0;
    quill_status s = prompt_use_example(l->chooser.use, i, l->values, &answer, err);
    if (!s) s = prompt_use_render_shots(l->chooser.use, l->shots, k, l->values, &l->chooser.weighing.prompt, err);
    if (s) return s;
    s = weighing_run(&l->chooser.weighing, &reason);
    if (s)
        return fail(err, s, "%s:%zu: with %zu of the others in front: %s", QUOTED(str_of(f->examples.name)),
                    f->examples.items[i].line, k, reason.text);
    for (size_t c = 1; c < l->labels->n; c++)
        if (l->labels->items[c].probability > l->labels->items[*chosen].probability) *chosen = c;
    return QUILL_OK;
}

// Asks prompts with a common beginning one after the other, so that it is computed once.
static quill_status ask_all(struct loo *l, size_t order, size_t k, size_t *right, quill_error *err) {
    char what[48];
    snprintf(what, sizeof what, "%zu example%s in front", k, k == 1 ? "" : "s");
    *right = 0;
    for (size_t i = 0; i < l->n && !signals_pending(); i++) {
        size_t chosen;
        progress_update(&l->bar, what, order * l->n + i, l->n_orders * l->n);
        take_shots(l, i, k, l->orders + order * k);
        quill_status s = ask(l, i, k, &chosen, err);
        if (s) return s;
        *right += chosen == l->truth[i];
        if (order == 0) l->confusion[l->truth[i] * l->labels->n + chosen]++;
    }
    return QUILL_OK;
}

// ---- records ----

enum { PLACES = 4 };

static quill_status write_text(struct loo *l, struct buffer *t, bool ok, quill_error *err) {
    progress_hide(&l->bar);
    quill_status s = ok ? output_write(&l->out, t->p, t->n, err) : fail_memory(err);
    if (!s) s = output_flush(&l->out, err);
    buffer_free(t);
    return s;
}

struct counts {
    size_t shots, first, worst, best, sum; // right answers: first order, worst, best, all orders
};

static quill_status write_counts(struct loo *l, const struct counts *c, quill_error *err) {
    const double n = (double)l->n;
    struct buffer t = {0};
    json_t *object = json_object();
    bool ok = json_put(object, "shots", json_integer((json_int_t)c->shots)) &&
              json_put(object, "accuracy", json_decimal((double)c->first / n, PLACES)) &&
              json_put(object, "orders", json_integer((json_int_t)l->n_orders)) &&
              json_put(object, "worst", json_decimal((double)c->worst / n, PLACES)) &&
              json_put(object, "mean", json_decimal((double)c->sum / (n * (double)l->n_orders), PLACES)) &&
              json_put(object, "best", json_decimal((double)c->best / n, PLACES));
    ok = json_add(&t, object) && ok;
    return write_text(l, &t, ok && buffer_add_string(&t, "\n"), err);
}

// Writes what was chosen for label i: {"answer":"yes","chosen":{"yes":3,"no":1}}.
static quill_status write_row(struct loo *l, size_t i, quill_error *err) {
    struct buffer t = {0}, name = {0};
    json_t *chosen = json_object(), *object = json_object();
    const struct choice *labels = l->labels->items;
    bool ok = json_put(object, "answer", json_text(labels[i].name.p, labels[i].name.n));
    for (size_t k = 0; k < l->labels->n && ok; k++) {
        name.n = 0;
        ok = show_utf8(&name, labels[k].name.p, labels[k].name.n) && buffer_add(&name, "", 1) &&
             json_put(chosen, name.p, json_integer((json_int_t)l->confusion[i * l->labels->n + k]));
    }
    ok = json_put(object, "chosen", chosen) && ok;
    ok = json_add(&t, object) && ok;
    buffer_free(&name);
    return write_text(l, &t, ok && buffer_add_string(&t, "\n"), err);
}

// Writes a line of the first table. Up to here accuracies are counts, so that they do not depend on rounding.
static quill_status try_shots(struct loo *l, size_t k, quill_error *err) {
    struct buffer t = {0};
    size_t first = 0, worst = l->n, best = 0, sum = 0;
    quill_status s = draw_orders(l, k, err);
    memset(l->confusion, 0, l->labels->n * l->labels->n * sizeof *l->confusion);
    for (size_t i = 0; !s && i < l->n_orders; i++) {
        size_t right;
        s = ask_all(l, i, k, &right, err);
        if (i == 0) first = right;
        if (right < worst) worst = right;
        if (right > best) best = right;
        sum += right;
    }
    if (s || signals_pending()) return s;
    if (l->o->output.json) return write_counts(l, &(struct counts){k, first, worst, best, sum}, err);
    const double n = (double)l->n, mean = (double)sum / (n * (double)l->n_orders);
    const double columns[] = {(double)worst / n, mean, (double)best / n};
    bool ok = buffer_add_format(&t, "%zu\t", k) && show_decimal(&t, (double)first / n, PLACES) &&
              buffer_add_format(&t, "\t%zu", l->n_orders);
    for (size_t i = 0; i < sizeof columns / sizeof *columns; i++)
        ok = ok && buffer_add_string(&t, "\t") && show_decimal(&t, columns[i], PLACES);
    return write_text(l, &t, ok && buffer_add_string(&t, "\n"), err);
}

static quill_status write_confusion(struct loo *l, quill_error *err) {
    struct buffer t = {0};
    bool ok = buffer_add_string(&t, "\nanswer/chosen");
    for (size_t i = 0; i < l->labels->n && ok; i++)
        ok = buffer_add_string(&t, "\t") && show_escaped(&t, l->labels->items[i].name.p, l->labels->items[i].name.n);
    for (size_t i = 0; i < l->labels->n && ok; i++) {
        ok = buffer_add_string(&t, "\n") && show_escaped(&t, l->labels->items[i].name.p, l->labels->items[i].name.n);
        const size_t *chosen = l->confusion + i * l->labels->n;
        for (size_t k = 0; k < l->labels->n && ok; k++) ok = buffer_add_format(&t, "\t%zu", chosen[k]);
    }
    return write_text(l, &t, ok && buffer_add_string(&t, "\n"), err);
}

// ---- all of it ----

static quill_status open_file(struct loo *l, struct options *o, quill_error *err) {
    if (o->operands.n != 1) return fail(err, QUILL_E_USAGE, "shots: expected one FILE, found %zu", o->operands.n);
    if (!o->trial.loo) return fail(err, QUILL_E_USAGE, "shots: expected --loo, which tries each example in turn");
    quill_status s = stdin_claim_by(o, o->operands.items[0], "the prompt file", err);
    if (!s) s = stdin_claim_by(o, o->choose.file, "the choices", err);
    if (!s) s = prompt_use_open(&l->chooser.use, o->operands.items[0], o, err);
    if (s) return s;
    const struct prompt_file *f = l->chooser.use->file;
    l->n = f->examples.n;
    if (!f->examples.line)
        return fail(err, QUILL_E_USAGE, "%s: there are no examples (%%shot, %%examples)", QUOTED(str_of(f->name)));
    if (l->n < 2)
        return fail(err, QUILL_E_USAGE, "%s:%zu: leaving one out takes at least 2 examples, found %zu",
                    QUOTED(str_of(f->name)), f->examples.line, l->n);
    if (options_given(o, OPTION_OF(file.shots)) && (size_t)o->file.shots >= l->n)
        return fail(err, QUILL_E_USAGE, "--shots %lld: one of the %zu examples of %s is left out",
                    (long long)o->file.shots, l->n, QUOTED(str_of(f->name)));
    if (l->chooser.use->n_open == 0)
        return fail(err, QUILL_E_USAGE, "%s: nothing of an example is asked: the question has no open slot",
                    QUOTED(str_of(f->name)));
    return QUILL_OK;
}

static quill_status prepare(struct loo *l, struct options *o, quill_error *err) {
    quill_status s = open_file(l, o, err);
    if (!s) s = choices_add_given(l->labels, o, err);
    if (!s && l->labels->n) s = choices_check(l->labels, err);
    if (s) return s;
    l->truth = calloc(l->n, sizeof *l->truth);
    l->shots = calloc(l->n, sizeof *l->shots);
    l->values = calloc(l->chooser.use->n_open, sizeof *l->values);
    if (!l->truth || !l->shots || !l->values) return fail_memory(err);
    s = find_labels(l, err);
    if (s) return s;
    l->confusion = calloc(l->labels->n, l->labels->n * sizeof *l->confusion);
    if (!l->confusion) return fail_memory(err);
    s = chooser_open_model(&l->chooser, o, err);
    return s ? s : output_open(&l->out, o->output.path, o->output.raw, err);
}

static quill_status try_counts(void *arg, quill_error *err) {
    static const size_t counts[] = {0, 1, 2, 4, 8};
    struct loo *l = arg;
    quill_status s = QUILL_OK;
    if (options_given(l->o, OPTION_OF(file.shots))) return try_shots(l, (size_t)l->o->file.shots, err);
    for (size_t i = 0; !s && i < sizeof counts / sizeof *counts && counts[i] < l->n; i++)
        s = try_shots(l, counts[i], err);
    return s;
}

static quill_status leave_one_out(struct loo *l, struct options *o, quill_error *err) {
    struct buffer header = {0};
    quill_status s = prepare(l, o, err);
    if (s) return s;
    signals_catch();
    if (!o->output.json)
        s = write_text(l, &header, buffer_add_string(&header, "shots\taccuracy\torders\tworst\tmean\tbest\n"), err);
    progress_start(&l->bar, o->talk.quiet);
    if (!s) s = hold_session(l->chooser.session, try_counts, l, err);
    progress_clear(&l->bar);
    if (s || signals_pending()) return s;
    for (size_t i = 0; i < l->labels->n && o->output.json && !s; i++) s = write_row(l, i, err);
    if (!o->output.json) s = write_confusion(l, err);
    return s ? s : output_close(&l->out, err);
}

int cmd_shots(struct options *o, quill_error *err) {
    struct loo l = {.o = o, .out = {.fd = -1}};
    l.labels = &l.chooser.choices;
    quill_status s = environment_apply(o, err);
    if (!s) s = leave_one_out(&l, o, err);
    output_abort(&l.out);
    chooser_free(&l.chooser);
    free(l.truth);
    free(l.shots);
    free(l.orders);
    free(l.confusion);
    free(l.values);
    return (int)s;
}
