// SPDX-License-Identifier: MIT
// The functions that every template can call.
#include "clock.h"
#include "values.h"

#define FUNCTION(name) static struct value function_##name(struct run *r, const struct args *args)

FUNCTION(range) {
    const int64_t first = arg_int(r, args, 0, "start", 0), second = arg_int(r, args, 1, "stop", 0);
    const int64_t from = args->n > 1 ? first : 0, to = args->n > 1 ? second : first;
    const int64_t step = arg_int(r, args, 2, "step", 1);
    if (r->status) return UNDEFINED;
    if (args->n < 1 || step == 0) return run_fail(r, "expected range() with an end, and a step other than 0");
    const double length = ((double)to - (double)from) / (double)step;
    if (length > MOST_RANGE) return run_fail(r, "expected a range of at most %d, found a longer one", MOST_RANGE);
    struct list *list = list_new(r, 0);
    for (int64_t i = from; list && !r->status && (step > 0 ? i < to : i > to);) {
        list_add(r, list, value_int(i));
        if (__builtin_add_overflow(i, step, &i)) break;
    }
    return r->status ? UNDEFINED : (struct value){.kind = V_LIST, .flavor = LIST_RANGE, .l = list};
}

static struct dict *dict_of_arguments(struct run *r, const struct args *args) {
    struct dict *dict = dict_new(r, args->n_keywords);
    const struct value given = args->n ? args->at[0] : UNDEFINED;
    if (given.kind == V_DICT || given.kind == V_NAMESPACE) {
        for (size_t i = 0; dict && !r->status && i < given.d->n; i++)
            dict_put(r, dict, given.d->pairs[i].key, given.d->pairs[i].value);
    } else if (given.kind != V_UNDEFINED) { // pairs
        const struct list *pairs = iterate(r, given);
        for (size_t i = 0; dict && pairs && !r->status && i < pairs->n; i++) {
            const struct list *pair = iterate(r, pairs->items[i]);
            if (pair && pair->n != 2) run_fail(r, "expected pairs, found %zu values", pair->n);
            else if (pair) dict_put(r, dict, pair->items[0], pair->items[1]);
        }
    }
    for (size_t i = 0; dict && !r->status && i < args->n_keywords; i++)
        dict_put(r, dict, text_value(r, args->keywords[i].name), args->keywords[i].value);
    return r->status ? NULL : dict;
}

FUNCTION(dict) {
    struct dict *d = dict_of_arguments(r, args);
    return d ? (struct value){.kind = V_DICT, .d = d} : UNDEFINED;
}

FUNCTION(namespace) {
    struct dict *d = dict_of_arguments(r, args);
    for (size_t i = 0; d && i < d->n; i++)
        if (d->pairs[i].key.kind == V_STRING && d->pairs[i].key.s->n && d->pairs[i].key.s->p[0] == '_')
            return run_fail(r, "expected names without an underscore in front in a namespace");
    return d ? (struct value){.kind = V_NAMESPACE, .d = d} : UNDEFINED;
}

FUNCTION(cycler) {
    struct list *list = list_new(r, args->n);
    struct cycler *c = run_alloc(r, 1, sizeof *c);
    if (args->n == 0) return run_fail(r, "expected values to cycle through, found none");
    for (size_t i = 0; list && i < args->n; i++) list_add(r, list, args->at[i]);
    if (r->status) return UNDEFINED;
    *c = (struct cycler){list, 0};
    return (struct value){.kind = V_CYCLER, .cycler = c};
}

FUNCTION(joiner) {
    const struct value *separator = arg(args, 0, "sep");
    struct joiner *j = run_alloc(r, 1, sizeof *j);
    if (!j) return UNDEFINED;
    *j = (struct joiner){separator ? *separator : text_value(r, STR(", ")), false};
    return (struct value){.kind = V_JOINER, .joiner = j};
}

FUNCTION(raise_exception) {
    const struct value *message = arg(args, 0, "message");
    const struct text *t = to_text(r, message ? *message : UNDEFINED);
    return t ? run_refuse(r, text_str(t)) : UNDEFINED;
}

FUNCTION(strftime_now) {
    const struct text *format = arg_text(r, args, 0, "format");
    struct builder out = {.run = r};
    if (!format) return run_fail(r, "expected a format of time");
    return format_time(r, &out, format) ? build_value(&out) : UNDEFINED;
}

static const struct {
    const char *name;
    struct value (*call)(struct run *r, const struct args *args);
} functions[] = {
    {"range", function_range},   {"dict", function_dict},     {"namespace", function_namespace},
    {"cycler", function_cycler}, {"joiner", function_joiner}, {"raise_exception", function_raise_exception},
    {"strftime_now", function_strftime_now},
};

int function_find(struct str name) {
    for (size_t i = 0; i < sizeof functions / sizeof *functions; i++)
        if (str_is(name, functions[i].name)) return (int)i;
    return -1;
}

struct value function_call(struct run *r, int function, const struct args *args) {
    if (!run_step(r)) return UNDEFINED;
    return functions[function].call(r, args);
}
