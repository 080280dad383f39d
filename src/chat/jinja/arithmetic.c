// SPDX-License-Identifier: MIT
// Operators on values, as Python defines them.
#include <math.h>

#include "base/checked.h"
#include "eval.h"

static struct value cannot(struct run *r, const char *op, struct value a, struct value b) {
    const struct value *missing = a.kind == V_UNDEFINED ? &a : b.kind == V_UNDEFINED ? &b : NULL;
    if (missing && missing->name) return get_item(r, *missing, NONE); // names it
    return run_fail(r, "%s cannot be used with %s and %s", op, kind_name(a), kind_name(b));
}

static struct value too_large(struct run *r) { return run_fail(r, "expected numbers of at most 64 bits, found more"); }

static struct value joined_lists(struct run *r, struct value a, struct value b) {
    struct list *list = list_new(r, a.l->n + b.l->n);
    for (size_t i = 0; list && i < a.l->n; i++) list_add(r, list, a.l->items[i]);
    for (size_t i = 0; list && i < b.l->n; i++) list_add(r, list, b.l->items[i]);
    if (r->status) return UNDEFINED;
    return a.kind == V_TUPLE ? (struct value){.kind = V_TUPLE, .l = list} : value_list(list);
}

static struct value joined_texts(struct run *r, const struct text *a, const struct text *b) {
    struct builder out = {.run = r};
    if (a->markup != b->markup) { // Markup escapes what is added to it
        const struct args none = {0};
        const struct value escaped = filter_apply(r, filter_find(STR("e")), value_text(a->markup ? b : a), &none);
        if (r->status) return UNDEFINED;
        if (a->markup) b = escaped.s;
        else a = escaped.s;
    }
    if (!build_text(&out, a) || !build_text(&out, b)) return UNDEFINED;
    struct value v = build_value(&out);
    if (!a->markup || v.kind != V_STRING) return v;
    struct text *marked = run_alloc(r, 1, sizeof *marked);
    if (!marked) return UNDEFINED;
    *marked = *v.s;
    marked->markup = true;
    return value_text(marked);
}

struct value add(struct run *r, struct value a, struct value b) {
    if (r->status) return UNDEFINED;
    if (value_is_integer(a) && value_is_integer(b)) {
        int64_t sum;
        return __builtin_add_overflow(value_integer(a), value_integer(b), &sum) ? too_large(r) : value_int(sum);
    }
    if (value_is_number(a) && value_is_number(b)) return value_float(value_double(a) + value_double(b));
    if (a.kind == V_STRING && b.kind == V_STRING) return joined_texts(r, a.s, b.s);
    if (a.kind == b.kind && (a.kind == V_LIST || a.kind == V_TUPLE)) return joined_lists(r, a, b);
    return cannot(r, "+", a, b);
}

// A string or list `times` times.
static struct value repeated(struct run *r, struct value v, int64_t times) {
    const size_t n = times < 0 ? 0 : (size_t)times;
    size_t all;
    if (!checked_mul_size(&all, n, v.kind == V_STRING ? v.s->n : v.l->n)) return run_no_memory(r);
    if (v.kind == V_STRING) {
        struct builder out = {.run = r};
        build_reserve(&out, all);
        for (size_t i = 0; i < n && run_step(r); i++)
            if (!build_text(&out, v.s)) return UNDEFINED;
        return build_value(&out);
    }
    struct list *list = list_new(r, all);
    for (size_t i = 0; list && i < n && run_step(r); i++)
        for (size_t k = 0; k < v.l->n; k++)
            if (!list_add(r, list, v.l->items[k])) return UNDEFINED;
    if (r->status) return UNDEFINED;
    return v.kind == V_TUPLE ? (struct value){.kind = V_TUPLE, .l = list} : value_list(list);
}

static bool is_repeatable(struct value v) { return v.kind == V_STRING || v.kind == V_LIST || v.kind == V_TUPLE; }

static struct value integer_power(struct run *r, int64_t base, int64_t exponent) {
    int64_t result = 1;
    while (exponent > 0) {
        if (exponent & 1 && __builtin_mul_overflow(result, base, &result)) return too_large(r);
        exponent >>= 1;
        if (exponent && __builtin_mul_overflow(base, base, &base)) return too_large(r);
    }
    return value_int(result);
}

static struct value integers(struct run *r, int op, int64_t a, int64_t b) {
    int64_t out;
    switch (op) {
    case OP_SUB: return __builtin_sub_overflow(a, b, &out) ? too_large(r) : value_int(out);
    case OP_MUL: return __builtin_mul_overflow(a, b, &out) ? too_large(r) : value_int(out);
    case OP_POW: return b >= 0 ? integer_power(r, a, b) : value_float(pow((double)a, (double)b));
    default: break;
    }
    if (b == 0) return run_fail(r, "division by zero");
    if (op == OP_DIV) return value_float((double)a / (double)b);
    if (b == -1) return op == OP_MOD ? value_int(0) : a == INT64_MIN ? too_large(r) : value_int(-a);
    const int64_t rest = a % b, whole = a / b, below = rest != 0 && (rest < 0) != (b < 0);
    return value_int(op == OP_MOD ? rest + (below ? b : 0) : whole - below);
}

static struct value floats(struct run *r, int op, double a, double b) {
    switch (op) {
    case OP_SUB: return value_float(a - b);
    case OP_MUL: return value_float(a * b);
    case OP_POW: return value_float(pow(a, b));
    default: break;
    }
    if (b == 0) return run_fail(r, "division by zero");
    if (op == OP_DIV) return value_float(a / b);
    double rest = fmod(a, b);
    if (rest != 0 && (rest < 0) != (b < 0)) rest += b;
    return value_float(op == OP_MOD ? rest : floor((a - rest) / b + 0.5));
}

struct value arithmetic(struct run *r, int op, struct value a, struct value b) {
    static const char *const signs[] = {[OP_SUB] = "-", [OP_MUL] = "*", [OP_DIV] = "/", [OP_FLOOR_DIV] = "//",
                                        [OP_MOD] = "%", [OP_POW] = "**"};
    if (op == OP_ADD) return add(r, a, b);
    if (r->status) return UNDEFINED;
    if (value_is_integer(a) && value_is_integer(b)) return integers(r, op, value_integer(a), value_integer(b));
    if (value_is_number(a) && value_is_number(b)) return floats(r, op, value_double(a), value_double(b));
    if (op == OP_MOD && a.kind == V_STRING) return percent_format(r, a.s, b);
    if (op == OP_MUL && is_repeatable(a) && value_is_integer(b)) return repeated(r, a, value_integer(b));
    if (op == OP_MUL && is_repeatable(b) && value_is_integer(a)) return repeated(r, b, value_integer(a));
    return cannot(r, signs[op], a, b);
}

struct value negate(struct run *r, struct value v) {
    if (v.kind == V_FLOAT) return value_float(-v.f);
    if (!value_is_integer(v)) return run_fail(r, "- cannot be used with %s", kind_name(v));
    return integers(r, OP_SUB, 0, value_integer(v));
}

bool contains(struct run *r, struct value item, struct value container) {
    switch (container.kind) {
    case V_UNDEFINED: return false;
    case V_STRING:
        if (item.kind != V_STRING) break;
        return run_steps(r, container.s->n / 16) && text_find(container.s, text_str(item.s), 0) != SIZE_MAX;
    case V_LIST: case V_TUPLE:
        for (size_t i = 0; i < container.l->n && !r->status; i++)
            if (equal(r, item, container.l->items[i])) return true;
        return false;
    case V_DICT: return dict_get(r, container.d, item) != NULL;
    default: break;
    }
    run_fail(r, "'in' cannot be used with %s and %s", kind_name(item), kind_name(container));
    return false;
}

// ---- slices ---------------------------------------------------------------------------------------------------------

static int64_t bound(int64_t i, int64_t n, int64_t least, int64_t most) {
    if (i < 0) i += n;
    return i < least ? least : i > most ? most : i;
}

// Python's start, stop and step for a length; false: the run has failed.
static bool slice_bounds(struct run *r, const struct value parts[3], int64_t n, int64_t out[3]) {
    for (int i = 0; i < 3; i++)
        if (parts[i].kind != V_NONE && !value_is_integer(parts[i]))
            return run_fail(r, "expected integers in a slice, found %s", kind_name(parts[i])), false;
    const int64_t step = parts[2].kind == V_NONE ? 1 : value_integer(parts[2]);
    if (step == 0) return run_fail(r, "expected a step other than 0 in a slice"), false;
    const int64_t least = step > 0 ? 0 : -1, most = step > 0 ? n : n - 1;
    out[0] = parts[0].kind == V_NONE ? (step > 0 ? least : most) : bound(value_integer(parts[0]), n, least, most);
    out[1] = parts[1].kind == V_NONE ? (step > 0 ? most : least) : bound(value_integer(parts[1]), n, least, most);
    out[2] = step > n ? n + 1 : step < -n - 1 ? -n - 1 : step; // so that no sum overflows
    return true;
}

static struct value slice_text(struct run *r, const struct text *t, const int64_t at[3]) {
    struct builder out = {.run = r};
    uint32_t code;
    bool valid;
    if (!run_steps(r, t->n / 8 + 1)) return UNDEFINED;
    if (at[2] == 1) {
        const size_t begin = text_offset(t, (size_t)at[0]);
        const size_t end = at[1] > at[0] ? text_offset(t, (size_t)at[1]) : begin;
        const struct text *part = text_part(r, t, begin, end - begin);
        return part ? value_text(part) : UNDEFINED;
    }
    const struct list *all = t->ascii ? NULL : iterate(r, value_text(t));
    for (int64_t i = at[0]; !r->status && (at[2] > 0 ? i < at[1] : i > at[1]); i += at[2]) {
        run_step(r);
        if (all) build_text(&out, all->items[i].s);
        else build_part(&out, t, (size_t)i, text_step(t, (size_t)i, &code, &valid));
    }
    return build_value(&out);
}

struct value slice(struct run *r, struct value v, const struct value parts[3]) {
    int64_t at[3];
    const bool lazy = v.kind == V_LIST && (v.flavor == LIST_LAZY || v.flavor == LIST_VIEW);
    if (v.kind == V_UNDEFINED) return get_item(r, v, NONE); // names it
    if (lazy || (v.kind != V_STRING && v.kind != V_TUPLE && v.kind != V_LIST))
        return run_fail(r, "%s has no slices", lazy ? "what is no list" : kind_name(v));
    if (!slice_bounds(r, parts, length_of(r, v), at)) return UNDEFINED;
    if (v.kind == V_STRING) return slice_text(r, v.s, at);
    struct list *list = list_new(r, 0);
    for (int64_t i = at[0]; !r->status && (at[2] > 0 ? i < at[1] : i > at[1]); i += at[2])
        list_add(r, list, v.l->items[i]);
    if (r->status) return UNDEFINED;
    return v.kind == V_TUPLE ? (struct value){.kind = V_TUPLE, .l = list} : value_list(list);
}
