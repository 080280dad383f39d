// SPDX-License-Identifier: MIT
// quill ask: the answer is the exit status.
#include <string.h>

#include "base/buffer.h"
#include "base/error.h"
#include "cli/io/json_out.h"
#include "cli/io/output.h"
#include "cli/io/show.h"
#include "cli/options/commands.h"
#include "cli/run/chooser.h"
#include "cli/run/model_source.h"

enum { STATUS_YES = 0, STATUS_NO = 1, STATUS_UNDECIDED = 3 };

static quill_status add_labels(struct choices *c, const struct list *given, const char *usual, quill_error *err) {
    if (given->n == 0) return choices_add_one(c, str_of(usual), err);
    quill_status s = QUILL_OK;
    for (size_t i = 0; i < given->n && !s; i++) s = choices_add_one(c, str_of(given->items[i]), err);
    return s;
}

static quill_status add_question(struct chooser *c, const char *question, quill_error *err) {
    if (!question) return QUILL_OK;
    if (c->use) return fail(err, QUILL_E_USAGE, "-q and -F exclude each other: a prompt file asks its own");
    struct buffer *t = &c->weighing.prompt.text;
    bool ok =
        buffer_add_string(t, "\n\nQuestion: ") && buffer_add_string(t, question) && buffer_add_string(t, "\nAnswer:");
    return ok ? QUILL_OK : fail_memory(err);
}

// p: the probability of yes.
static int answer(double p, double least) {
    if (p > 0.5 && p >= least) return STATUS_YES;
    if (p < 0.5 && 1 - p >= least) return STATUS_NO;
    return STATUS_UNDECIDED;
}

static quill_status print(const struct options *o, int status, double p, quill_error *err) {
    struct output out = {.fd = -1};
    struct buffer t = {0};
    const char *word = status == STATUS_YES ? "yes" : status == STATUS_NO ? "no" : "undecided";
    bool ok;
    if (o->output.json) {
        json_t *object = json_object();
        ok = json_put(object, "answer", json_c_string(word)) && json_put(object, "prob", json_decimal(p, 6));
        ok = json_add(&t, object) && ok && buffer_add_string(&t, "\n");
    } else {
        ok = buffer_add_format(&t, "%s\t", word) && show_decimal(&t, p, 6) && buffer_add_string(&t, "\n");
    }
    quill_status s = ok ? output_open(&out, NULL, o->output.raw, err) : fail_memory(err);
    if (!s) s = output_write(&out, t.p, t.n, err);
    if (!s) s = output_close(&out, err);
    output_abort(&out);
    buffer_free(&t);
    return s;
}

static int ask(struct chooser *c, struct options *o, quill_error *err) {
    quill_status s = chooser_read_prompt(c, o, err);
    if (!s) s = add_question(c, o->ask.question, err);
    if (!s && o->file.show_prompt) return (int)weighing_show_prompt(&c->weighing, err);
    if (!s) s = add_labels(&c->choices, &o->ask.yes, "yes", err);
    size_t n_yes = c->choices.n;
    if (!s) s = add_labels(&c->choices, &o->ask.no, "no", err);
    if (!s) s = choices_check(&c->choices, err);
    if (!s) s = chooser_open_model(c, o, err);
    if (!s) s = weighing_run(&c->weighing, err);
    if (s) return (int)s;
    double p = 0;
    for (size_t i = 0; i < n_yes; i++) p += c->choices.items[i].probability; // yes and no sum to 1
    int status = answer(p, o->ask.min_prob);
    if (o->ask.print || o->output.json) s = print(o, status, p, err);
    return s ? (int)s : status;
}

int cmd_ask(struct options *o, quill_error *err) {
    struct chooser c = {.use = NULL};
    int status = (int)environment_apply(o, err);
    if (!status) status = ask(&c, o, err);
    chooser_free(&c);
    return status;
}
