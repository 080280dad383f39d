// SPDX-License-Identifier: MIT
#include "choices_show.h"

#include <stdlib.h>

#include "base/buffer.h"
#include "cli/io/show.h"

enum { PLACES = 6 };

static int compare(const void *x, const void *y) {
    const struct choice *a = *(const struct choice *const *)x, *b = *(const struct choice *const *)y;
    if (a->probability != b->probability) return a->probability > b->probability ? -1 : 1;
    return (a > b) - (a < b);
}

void choices_sort(const struct choices *c, const struct choice **sorted) {
    for (size_t i = 0; i < c->n; i++) sorted[i] = &c->items[i];
    qsort(sorted, c->n, sizeof *sorted, compare);
}

bool choices_add_prob(struct buffer *t, const struct choice *choice) {
    return show_escaped(t, choice->name.p, choice->name.n) && buffer_add_string(t, "\t") &&
           show_decimal(t, choice->probability, PLACES);
}

json_t *choices_object(const struct choices *c, const struct choice *const *sorted, size_t prompt_tokens) {
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
         json_put(object, "prompt_tokens", json_integer((json_int_t)prompt_tokens));
    json_decref(probs);
    if (ok) return object;
    json_decref(object);
    return NULL;
}

json_t *choices_prob_object(const struct choices *c, const struct choice *const *sorted) {
    json_t *object = json_object();
    bool ok = object != NULL;
    struct buffer key = {0};
    for (size_t i = 0; i < c->n && ok; i++) {
        key.n = 0;
        ok = show_utf8(&key, sorted[i]->name.p, sorted[i]->name.n) && buffer_add(&key, "", 1) &&
             json_put(object, key.p, json_decimal(sorted[i]->probability, PLACES));
    }
    buffer_free(&key);
    if (ok) return object;
    json_decref(object);
    return NULL;
}
