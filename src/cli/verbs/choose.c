// SPDX-License-Identifier: MIT
// quill choose: the likeliest of given options.
#include <stdlib.h>

#include "base/buffer.h"
#include "base/error.h"
#include "cli/io/show.h"
#include "cli/options/commands.h"
#include "cli/run/chooser.h"
#include "cli/run/choices_show.h"
#include "cli/run/model_source.h"

static quill_status write_lines(struct output *out, const struct choices *c, const struct choice *const *sorted,
                                bool probs, quill_error *err) {
    struct buffer t = {0};
    bool ok = true;
    for (size_t i = 0; i < (probs ? c->n : 1) && ok; i++) {
        const struct choice *choice = sorted[i];
        ok = probs ? choices_add_prob(&t, choice) : show_escaped(&t, choice->name.p, choice->name.n);
        ok = ok && buffer_add_string(&t, "\n");
    }
    quill_status s = ok ? output_write(out, t.p, t.n, err) : fail_memory(err);
    buffer_free(&t);
    return s;
}

static quill_status print(const struct chooser *chooser, const struct options *o, quill_error *err) {
    const struct choices *c = &chooser->choices;
    struct output out = {.fd = -1};
    const struct choice **sorted = calloc(c->n, sizeof *sorted);
    if (!sorted) return fail_memory(err);
    choices_sort(c, sorted);
    quill_status s = output_open(&out, o->output.path, o->output.raw, err);
    if (!s)
        s = o->output.json ? json_write_line(&out, choices_object(c, sorted, chooser->weighing.prompt_tokens), err)
                    : write_lines(&out, c, sorted, o->choose.probs, err);
    if (!s) s = output_close(&out, err);
    output_abort(&out);
    free(sorted);
    return s;
}

static quill_status choose(struct chooser *c, struct options *o, quill_error *err) {
    quill_status s = chooser_read_prompt(c, o, err);
    if (!s && o->file.show_prompt) return weighing_show_prompt(&c->weighing, err);
    if (!s) s = choices_take(&c->choices, o, err);
    if (!s) s = chooser_open_model(c, o, err);
    if (!s) s = weighing_run(&c->weighing, err);
    return s ? s : print(c, o, err);
}

int cmd_choose(struct options *o, quill_error *err) {
    struct chooser c = {.use = NULL};
    quill_status s = environment_apply(o, err);
    if (!s) s = choose(&c, o, err);
    chooser_free(&c);
    return (int)s;
}
