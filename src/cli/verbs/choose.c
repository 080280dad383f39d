// SPDX-License-Identifier: MIT
// quill choose: the likeliest of given options.
#include <stdlib.h>

#include "base/buffer.h"
#include "base/error.h"
#include "cli/io/show.h"
#include "cli/options/commands.h"
#include "cli/run/choices_show.h"
#include "cli/run/model_source.h"

static quill_status write_lines(struct output *out, const struct choices *c, const struct choice *const *sorted,
                                quill_error *err) {
    struct buffer t = {0};
    bool ok = true;
    for (size_t i = 0; i < (c->o->choose.probs ? c->n : 1) && ok; i++) {
        const struct choice *choice = sorted[i];
        ok = c->o->choose.probs ? choices_add_prob(&t, choice) : show_escaped(&t, choice->name.p, choice->name.n);
        ok = ok && buffer_add_string(&t, "\n");
    }
    quill_status s = ok ? output_write(out, t.p, t.n, err) : fail_memory(err);
    buffer_free(&t);
    return s;
}

static quill_status print(const struct choices *c, quill_error *err) {
    struct output out = {.fd = -1};
    const struct choice **sorted = calloc(c->n, sizeof *sorted);
    if (!sorted) return fail_memory(err);
    choices_sort(c, sorted);
    quill_status s = output_open(&out, c->o->output.path, c->o->output.raw, err);
    if (!s)
        s = c->o->output.json ? json_write_line(&out, choices_object(c, sorted), err)
                              : write_lines(&out, c, sorted, err);
    if (!s) s = output_close(&out, err);
    output_abort(&out);
    free(sorted);
    return s;
}

static quill_status choose(struct choices *c, struct options *o, quill_error *err) {
    quill_status s = choices_read_prompt(c, o, err);
    if (!s && o->file.show_prompt) return choices_show_prompt(c, err);
    if (!s) s = choices_take(c, err);
    if (!s) s = choices_open_model(c, err);
    if (!s) s = choices_weigh(c, err);
    return s ? s : print(c, err);
}

int cmd_choose(struct options *o, quill_error *err) {
    struct choices c = {.o = o};
    quill_status s = environment_apply(o, err);
    if (!s) s = choose(&c, o, err);
    choices_free(&c);
    return (int)s;
}
