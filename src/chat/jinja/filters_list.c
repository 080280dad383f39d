// SPDX-License-Identifier: MIT
#include "eval.h"
#include "filters.h"

static struct value lazy(struct run *r, struct list *list) {
    return r->status ? UNDEFINED : (struct value){.kind = V_LIST, .flavor = LIST_LAZY, .l = list};
}

static struct value plain(struct run *r, struct list *list) { return r->status ? UNDEFINED : value_list(list); }

static struct value tuple_of(struct run *r, struct value a, struct value b) {
    struct list *pair = list_new(r, 2);
    list_add(r, pair, a);
    list_add(r, pair, b);
    return r->status ? UNDEFINED : (struct value){.kind = V_TUPLE, .l = pair};
}

FILTER(length) {
    (void)args;
    const int64_t n = length_of(r, in);
    return n < 0 ? run_fail(r, "%s has no length", kind_name(in)) : value_int(n);
}

FILTER(list) {
    (void)args;
    const struct list *items = iterate(r, in);
    struct list *copy = items ? list_new(r, items->n) : NULL;
    for (size_t i = 0; copy && i < items->n; i++) list_add(r, copy, items->items[i]);
    return plain(r, copy);
}

FILTER(first) {
    (void)args;
    const struct list *items = iterate(r, in);
    return items && items->n ? items->items[0] : UNDEFINED;
}

FILTER(last) {
    (void)args;
    const struct list *items = iterate(r, in);
    return items && items->n ? items->items[items->n - 1] : UNDEFINED;
}

FILTER(reverse) {
    (void)args;
    const struct list *items = iterate(r, in);
    if (!items) return UNDEFINED;
    if (in.kind == V_STRING) {
        struct builder out = {.run = r};
        for (size_t i = items->n; i-- > 0;)
            if (!build_text(&out, items->items[i].s)) return UNDEFINED;
        return build_value(&out);
    }
    struct list *turned = list_new(r, items->n);
    for (size_t i = items->n; turned && i-- > 0;) list_add(r, turned, items->items[i]);
    return lazy(r, turned);
}

FILTER(items) {
    (void)args;
    struct list *pairs = list_new(r, 0);
    if (in.kind != V_DICT && in.kind != V_UNDEFINED) return run_fail(r, "expected a dict, found %s", kind_name(in));
    for (size_t i = 0; pairs && in.kind == V_DICT && i < in.d->n; i++)
        list_add(r, pairs, tuple_of(r, in.d->pairs[i].key, in.d->pairs[i].value));
    return lazy(r, pairs);
}

FILTER(join) {
    const struct value *separator = arg(args, 0, "d"), *attribute = arg(args, 1, "attribute");
    const struct text *between = separator ? to_text(r, *separator) : NULL;
    const struct list *items = iterate(r, in);
    struct builder out = {.run = r};
    for (size_t i = 0; items && !r->status && i < items->n; i++) {
        struct value v = items->items[i];
        if (attribute && attribute->kind != V_NONE) v = get_path(r, v, *attribute);
        if (i > 0 && between) build_text(&out, between);
        if (!r->status) print_value(r, &out, v);
        run_step(r);
    }
    return build_value(&out);
}

// ---- choosing -------------------------------------------------------------------------------------------------------

static struct value choose(struct run *r, struct value in, const struct args *args, bool by_attribute, bool wanted) {
    struct list *kept = list_new(r, 0);
    if (!truth(in)) return lazy(r, kept); // None, too
    const struct list *items = iterate(r, in);
    const size_t skip = by_attribute ? 1 : 0;
    if (args->n < skip) return run_fail(r, "expected the name of an attribute");
    int test = -1;
    struct args rest = {0};
    if (args->n > skip) {
        const struct value name = args->at[skip];
        if (name.kind == V_STRING) test = test_find(text_str(name.s));
        if (test < 0) return run_fail(r, "expected the name of a test that is supported");
        rest = (struct args){args->at + skip + 1, args->n - skip - 1, args->keywords, args->n_keywords};
    }
    for (size_t i = 0; items && kept && !r->status && i < items->n; i++) {
        struct value v = items->items[i];
        if (by_attribute) v = get_path(r, v, args->at[0]);
        const bool holds = !r->status && (test < 0 ? truth(v) : test_apply(r, test, v, &rest));
        if (!r->status && holds == wanted) list_add(r, kept, items->items[i]);
    }
    return lazy(r, kept);
}

FILTER(select) { return choose(r, in, args, false, true); }
FILTER(reject) { return choose(r, in, args, false, false); }
FILTER(selectattr) { return choose(r, in, args, true, true); }
FILTER(rejectattr) { return choose(r, in, args, true, false); }

static struct value map_attribute(struct run *r, const struct list *items, struct value attribute,
                                  const struct value *otherwise) {
    struct list *out = list_new(r, items->n);
    for (size_t i = 0; out && !r->status && i < items->n; i++) {
        const struct value v = get_path(r, items->items[i], attribute);
        list_add(r, out, v.kind == V_UNDEFINED && otherwise ? *otherwise : v);
    }
    return lazy(r, out);
}

FILTER(map) {
    const struct list *items = truth(in) ? iterate(r, in) : list_new(r, 0); // None, too
    const struct value *attribute = arg(args, SIZE_MAX, "attribute");
    if (!items) return UNDEFINED;
    if (args->n == 0 && attribute) return map_attribute(r, items, *attribute, arg(args, SIZE_MAX, "default"));
    const int filter = args->n && args->at[0].kind == V_STRING ? filter_find(text_str(args->at[0].s)) : -1;
    if (filter < 0) return run_fail(r, "expected the name of a filter that is supported");
    const struct args rest = {args->at + 1, args->n - 1, args->keywords, args->n_keywords};
    struct list *out = list_new(r, items->n);
    if (r->depth + 2 >= MOST_DEPTH) return run_fail(r, "expected calls nested less deep"); // map can apply map
    r->depth += 2;
    for (size_t i = 0; out && !r->status && i < items->n; i++)
        list_add(r, out, filter_apply(r, filter, items->items[i], &rest));
    r->depth -= 2;
    return lazy(r, out);
}

// ---- order ----------------------------------------------------------------------------------------------------------

// A value with what it is ordered by.
struct ranked {
    struct value value, by;
};

static struct value key_of(struct run *r, struct value v, bool case_sensitive) {
    if (v.kind != V_STRING || case_sensitive) return v;
    const struct text *lower = text_recase(r, v.s, TO_LOWER);
    return lower ? value_text(lower) : UNDEFINED;
}

// By one attribute, or by several with commas between them.
static struct value key_by(struct run *r, struct value v, const struct value *attribute, bool case_sensitive) {
    if (!attribute || attribute->kind == V_NONE) return key_of(r, v, case_sensitive);
    struct str rest = attribute->kind == V_STRING ? text_str(attribute->s) : (struct str){NULL, 0};
    if (!rest.n || !memchr(rest.p, ',', rest.n)) return key_of(r, get_path(r, v, *attribute), case_sensitive);
    struct list *keys = list_new(r, 2);
    for (bool more = true; more && !r->status;) {
        const char *comma = rest.n ? memchr(rest.p, ',', rest.n) : NULL;
        const struct str part = {rest.p, comma ? (size_t)(comma - rest.p) : rest.n};
        list_add(r, keys, key_of(r, get_path(r, v, text_value(r, part)), case_sensitive));
        more = comma != NULL;
        if (more) rest = (struct str){comma + 1, rest.n - part.n - 1};
    }
    return plain(r, keys);
}

static bool comes_behind(struct run *r, struct value a, struct value b, bool reverse) {
    const int order = compare(r, a, b);
    return reverse ? order < 0 : order > 0;
}

// Merges the sorted halves of list[0..n).
static void merge(struct run *r, struct ranked *list, struct ranked *room, size_t half, size_t n, bool reverse) {
    size_t a = 0, b = half, out = 0;
    while (a < half && b < n && !r->status)
        room[out++] = comes_behind(r, list[a].by, list[b].by, reverse) ? list[b++] : list[a++];
    while (a < half) room[out++] = list[a++];
    while (b < n) room[out++] = list[b++];
    memcpy(list, room, n * sizeof *list);
}

// A stable sort, from the bottom up.
static void sort_ranked(struct run *r, struct ranked *list, size_t n, bool reverse) {
    struct ranked *room = run_alloc(r, n + 1, sizeof *room);
    for (size_t width = 1; room && !r->status && width < n; width *= 2)
        for (size_t at = 0; at + width < n && run_steps(r, width / 4 + 1); at += 2 * width)
            merge(r, list + at, room, width, n - at < 2 * width ? n - at : 2 * width, reverse);
}

static struct value sorted(struct run *r, struct ranked *list, size_t n, bool reverse) {
    if (r->status) return UNDEFINED;
    sort_ranked(r, list, n, reverse);
    struct list *out = list_new(r, n);
    for (size_t i = 0; out && !r->status && i < n; i++) list_add(r, out, list[i].value);
    return plain(r, out);
}

static struct ranked *ranked_by(struct run *r, const struct list *items, const struct value *attribute,
                                bool case_sensitive) {
    struct ranked *list = items ? run_alloc(r, items->n + 1, sizeof *list) : NULL;
    for (size_t i = 0; list && !r->status && i < items->n; i++)
        list[i] = (struct ranked){items->items[i], key_by(r, items->items[i], attribute, case_sensitive)};
    return r->status ? NULL : list;
}

FILTER(sort) {
    const struct list *items = iterate(r, in);
    const bool reverse = arg_bool(r, args, 0, "reverse", false);
    struct ranked *list = ranked_by(r, items, arg(args, 2, "attribute"), arg_bool(r, args, 1, "case_sensitive", false));
    return list ? sorted(r, list, items->n, reverse) : UNDEFINED;
}

FILTER(dictsort) {
    const bool case_sensitive = arg_bool(r, args, 0, "case_sensitive", false);
    const struct value *by = arg(args, 1, "by");
    const bool by_value = by && value_is_text(*by, "value");
    if (in.kind != V_DICT) return run_fail(r, "expected a dict, found %s", kind_name(in));
    struct ranked *list = run_alloc(r, in.d->n + 1, sizeof *list);
    for (size_t i = 0; list && !r->status && i < in.d->n; i++) {
        const struct pair *pair = &in.d->pairs[i];
        list[i] = (struct ranked){tuple_of(r, pair->key, pair->value),
                                  key_of(r, by_value ? pair->value : pair->key, case_sensitive)};
    }
    return list ? sorted(r, list, in.d->n, arg_bool(r, args, 2, "reverse", false)) : UNDEFINED;
}

FILTER(unique) {
    const struct list *items = iterate(r, in);
    struct ranked *list = ranked_by(r, items, arg(args, 1, "attribute"), arg_bool(r, args, 0, "case_sensitive", false));
    struct list *out = list_new(r, 0);
    size_t n = 0;
    for (size_t i = 0; list && !r->status && i < items->n; i++) {
        size_t k = 0;
        while (k < n && !r->status && !equal(r, list[k].by, list[i].by)) k++;
        if (k < n || r->status) continue;
        list[n++] = list[i];
        list_add(r, out, list[i].value);
    }
    return lazy(r, out);
}

static struct value extreme(struct run *r, struct value in, const struct args *args, bool least) {
    const struct list *items = iterate(r, in);
    struct ranked *list = ranked_by(r, items, arg(args, 1, "attribute"), arg_bool(r, args, 0, "case_sensitive", false));
    if (!list || items->n == 0) return UNDEFINED;
    size_t best = 0;
    for (size_t i = 1; !r->status && i < items->n; i++)
        if (comes_behind(r, least ? list[best].by : list[i].by, least ? list[i].by : list[best].by, false)) best = i;
    return r->status ? UNDEFINED : list[best].value;
}

FILTER(min) { return extreme(r, in, args, true); }
FILTER(max) { return extreme(r, in, args, false); }

FILTER(sum) {
    const struct list *items = iterate(r, in);
    const struct value *attribute = arg(args, 0, "attribute"), *start = arg(args, 1, "start");
    struct value total = start ? *start : value_int(0);
    for (size_t i = 0; items && !r->status && i < items->n; i++) {
        struct value v = items->items[i];
        if (attribute && attribute->kind != V_NONE) v = get_path(r, v, *attribute);
        total = add(r, total, v);
    }
    return r->status ? UNDEFINED : total;
}

// ---- groups ---------------------------------------------------------------------------------------------------------

FILTER(groupby) {
    const struct value *attribute = arg(args, 0, "attribute"), *otherwise = arg(args, 1, "default");
    const bool case_sensitive = arg_bool(r, args, 2, "case_sensitive", false);
    const struct list *items = iterate(r, in);
    if (!attribute) return run_fail(r, "expected the name of an attribute");
    struct ranked *list = items ? run_alloc(r, items->n + 1, sizeof *list) : NULL;
    for (size_t i = 0; list && !r->status && i < items->n; i++) {
        struct value by = get_path(r, items->items[i], *attribute);
        if (by.kind == V_UNDEFINED && otherwise) by = *otherwise;
        list[i] = (struct ranked){items->items[i], key_of(r, by, case_sensitive)};
    }
    if (!list || r->status) return UNDEFINED;
    sort_ranked(r, list, items->n, false);
    struct list *groups = list_new(r, 0);
    for (size_t i = 0, end; !r->status && i < items->n; i = end) {
        struct list *group = list_new(r, 0);
        for (end = i; end < items->n && group && equal(r, list[end].by, list[i].by); end++)
            list_add(r, group, list[end].value);
        if (r->status) break;
        const struct value by = get_path(r, list[i].value, *attribute);
        list_add(r, groups, tuple_of(r, by.kind == V_UNDEFINED && otherwise ? *otherwise : by, value_list(group)));
    }
    return plain(r, groups);
}

FILTER(batch) {
    const int64_t size = arg_int(r, args, 0, "linecount", 1);
    const struct value *fill = arg(args, 1, "fill_with");
    const struct list *items = iterate(r, in);
    struct list *out = list_new(r, 0), *group = NULL;
    if (size < 1) return run_fail(r, "expected batches of at least 1");
    for (size_t i = 0; items && !r->status && i < items->n; i++) {
        if (i % (size_t)size == 0) list_add(r, out, value_list(group = list_new(r, 0)));
        list_add(r, group, items->items[i]);
    }
    while (group && fill && fill->kind != V_NONE && !r->status && group->n < (size_t)size) list_add(r, group, *fill);
    return lazy(r, out);
}

FILTER(slice) {
    const int64_t slices = arg_int(r, args, 0, "slices", 1);
    const struct value *fill = arg(args, 1, "fill_with");
    const struct list *items = iterate(r, in);
    struct list *out = list_new(r, 0);
    if (slices < 1 || !items) return run_fail(r, "expected at least 1 slice");
    const size_t each = items->n / (size_t)slices, more = items->n % (size_t)slices;
    for (size_t i = 0, at = 0; !r->status && i < (size_t)slices; i++) {
        struct list *part = list_new(r, 0);
        const size_t n = each + (i < more);
        for (size_t k = 0; part && k < n && !r->status; k++) list_add(r, part, items->items[at++]);
        if (fill && fill->kind != V_NONE && i >= more) list_add(r, part, *fill);
        list_add(r, out, value_list(part));
    }
    return lazy(r, out);
}
