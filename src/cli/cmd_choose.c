// SPDX-License-Identifier: MIT
// quill choose: the likeliest of given options.
#include <stdlib.h>

#include "choices.h"
#include "commands.h"
#include "json_out.h"
#include "model_source.h"
#include "report.h"

enum { PLACES = 6 };

// Best first, ties in the order given.
static int compare(const void *x, const void *y) {
    const struct choice *a = *(struct choice *const *)x, *b = *(struct choice *const *)y;
    if (a->probability != b->probability) return a->probability > b->probability ? -1 : 1;
    return (a > b) - (a < b);
}

static quill_status write_object(struct output *out, const struct choices *c, struct choice *const *sorted,
                                 quill_error *err) {
    const struct choice *best = sorted[0];
    json_t *object = json_object(), *probs = json_array();
    bool ok = probs != NULL;
    for (size_t i = 0; i < c->n && ok; i++) {
        json_t *entry = json_object();
        ok = json_put(entry, "choice", json_text(sorted[i]->name.p, sorted[i]->name.n)) &&
             json_put(entry, "prob", json_decimal(sorted[i]->probability, PLACES)) &&
             json_put(entry, "logprob", json_decimal(sorted[i]->logprob, PLACES));
        ok = json_array_append_new(probs, entry) == 0 && ok;
    }
    ok = ok && json_put(object, "choice", json_text(best->name.p, best->name.n)) &&
         json_put(object, "prob", json_decimal(best->probability, PLACES)) &&
         json_put(object, "probs", json_incref(probs)) &&
         json_put(object, "prompt_tokens", json_integer((json_int_t)c->prompt_tokens));
    json_decref(probs);
    if (ok) return json_write_line(out, object, err);
    json_decref(object);
    return set_no_memory(err);
}

static quill_status write_lines(struct output *out, const struct choices *c, struct choice *const *sorted,
                                quill_error *err) {
    struct text t = {0};
    bool ok = true;
    for (size_t i = 0; i < (c->o->probs ? c->n : 1) && ok; i++) {
        ok = text_add_escaped(&t, sorted[i]->name.p, sorted[i]->name.n);
        if (c->o->probs)
            ok = ok && text_add_string(&t, "\t") && text_add_decimal(&t, sorted[i]->probability, PLACES);
        ok = ok && text_add_string(&t, "\n");
    }
    quill_status s = ok ? output_write(out, t.p, t.n, err) : set_no_memory(err);
    text_free(&t);
    return s;
}

static quill_status print(const struct choices *c, quill_error *err) {
    struct output out = {.fd = -1};
    struct choice **sorted = calloc(c->n, sizeof *sorted);
    if (!sorted) return set_no_memory(err);
    for (size_t i = 0; i < c->n; i++) sorted[i] = &c->items[i];
    qsort(sorted, c->n, sizeof *sorted, compare);
    quill_status s = output_open(&out, c->o->output, c->o->raw, err);
    if (!s) s = c->o->json ? write_object(&out, c, sorted, err) : write_lines(&out, c, sorted, err);
    if (!s) s = output_close(&out, err);
    output_abort(&out);
    free(sorted);
    return s;
}

static quill_status choose(struct choices *c, struct options *o, quill_error *err) {
    quill_status s = choices_read_prompt(c, o, err);
    for (size_t i = 0; i < o->choices.n && !s; i++) s = choices_add(c, o->choices.items[i], err);
    if (!s && o->choices_file) s = choices_add_file(c, o->choices_file, err);
    if (!s && o->show_prompt) return choices_show_prompt(c, err);
    if (!s) s = choices_check(c, err);
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
