// SPDX-License-Identifier: MIT
#include "values.h"

const char *kind_name(struct value v) {
    static const char *const names[] = {
        [V_UNDEFINED] = "what is undefined", [V_NONE] = "none",         [V_BOOL] = "a truth value",
        [V_INT] = "an integer",              [V_FLOAT] = "a number",    [V_STRING] = "a string",
        [V_LIST] = "a list",                 [V_TUPLE] = "a tuple",     [V_DICT] = "a dict",
        [V_NAMESPACE] = "a namespace",       [V_FUNCTION] = "a function", [V_METHOD] = "a method",
        [V_MACRO] = "a macro",               [V_LOOP] = "a loop",       [V_CYCLER] = "a cycler",
        [V_JOINER] = "a joiner",
    };
    return names[v.kind];
}

// ---- lists and dicts ------------------------------------------------------------------------------------------------

struct list *list_new(struct run *r, size_t cap) {
    struct list *list = run_alloc(r, 1, sizeof *list);
    if (!list) return NULL;
    *list = (struct list){.cap = cap};
    if (cap && !(list->items = run_alloc(r, cap, sizeof *list->items))) return NULL;
    return list;
}

bool list_add(struct run *r, struct list *list, struct value item) {
    if (!list || !run_step(r)) return false;
    if (list->n == list->cap) {
        const size_t cap = list->cap ? 2 * list->cap : 4;
        struct value *items = run_alloc(r, cap, sizeof *items);
        if (!items) return false;
        if (list->n) memcpy(items, list->items, list->n * sizeof *items);
        list->items = items;
        list->cap = cap;
    }
    list->items[list->n++] = item;
    return true;
}

struct dict *dict_new(struct run *r, size_t cap) {
    struct dict *dict = run_alloc(r, 1, sizeof *dict);
    if (!dict) return NULL;
    *dict = (struct dict){.cap = cap};
    if (cap && !(dict->pairs = run_alloc(r, cap, sizeof *dict->pairs))) return NULL;
    return dict;
}

static bool can_be_key(struct run *r, struct value v) {
    if (v.kind == V_NONE || v.kind == V_STRING || value_is_number(v)) return true;
    if (v.kind != V_TUPLE) return false;
    for (size_t i = 0; i < v.l->n; i++)
        if (v.l->items[i].kind == V_TUPLE || !can_be_key(r, v.l->items[i])) return false;
    return true;
}

static struct value *dict_place(struct run *r, const struct dict *dict, struct value key) {
    if (!run_steps(r, dict->n / 8 + 1 + (key.kind == V_STRING ? key.s->n / 64 : 0))) return NULL;
    for (size_t i = 0; i < dict->n; i++) {
        struct pair *pair = &dict->pairs[i];
        const bool same = key.kind == V_STRING && pair->key.kind == V_STRING
                              ? str_equal(text_str(key.s), text_str(pair->key.s))
                              : equal(r, key, pair->key);
        if (same) return &pair->value;
    }
    return NULL;
}

const struct value *dict_get(struct run *r, const struct dict *dict, struct value key) {
    return can_be_key(r, key) ? dict_place(r, dict, key) : NULL;
}

const struct value *dict_find(const struct dict *dict, struct str key) {
    for (size_t i = 0; i < dict->n; i++)
        if (dict->pairs[i].key.kind == V_STRING && str_equal(text_str(dict->pairs[i].key.s), key))
            return &dict->pairs[i].value;
    return NULL;
}

bool dict_put(struct run *r, struct dict *dict, struct value key, struct value item) {
    if (!dict || r->status) return false;
    if (!can_be_key(r, key)) return run_fail(r, "expected a string as key of a dict, found %s", kind_name(key)), false;
    struct value *place = dict_place(r, dict, key);
    if (r->status) return false;
    if (place) return *place = item, true;
    if (dict->n == dict->cap) {
        const size_t cap = dict->cap ? 2 * dict->cap : 4;
        struct pair *pairs = run_alloc(r, cap, sizeof *pairs);
        if (!pairs) return false;
        if (dict->n) memcpy(pairs, dict->pairs, dict->n * sizeof *pairs);
        dict->pairs = pairs;
        dict->cap = cap;
    }
    dict->pairs[dict->n++] = (struct pair){key, item};
    return true;
}

// ---- truth, equality, order -----------------------------------------------------------------------------------------

bool truth(struct value v) {
    switch (v.kind) {
    case V_UNDEFINED: case V_NONE: return false;
    case V_BOOL: return v.b;
    case V_INT: return v.i != 0;
    case V_FLOAT: return v.f != 0;
    case V_STRING: return v.s->n > 0;
    case V_LIST: return v.l->n > 0 || v.flavor == LIST_LAZY;
    case V_TUPLE: return v.l->n > 0;
    case V_DICT: return v.d->n > 0;
    default: return true;
    }
}

static bool same_items(struct run *r, const struct list *a, const struct list *b) {
    for (size_t i = 0; i < a->n; i++)
        if (!equal(r, a->items[i], b->items[i])) return false;
    return true;
}

static bool same_pairs(struct run *r, const struct dict *a, const struct dict *b) {
    for (size_t i = 0; i < a->n; i++) {
        const struct value *other = dict_get(r, b, a->pairs[i].key);
        if (!other || !equal(r, a->pairs[i].value, *other)) return false;
    }
    return true;
}

static bool deeper(struct run *r) {
    if (r->depth >= MOST_DEPTH) return run_fail(r, "expected values nested less deep"), false;
    r->depth++;
    return true;
}

// Numbers of 64 bits are not all doubles.
static int order_numbers(struct value a, struct value b) {
    if (value_is_integer(a) && value_is_integer(b)) {
        const int64_t x = value_integer(a), y = value_integer(b);
        return (x > y) - (x < y);
    }
    const double x = value_double(a), y = value_double(b);
    return x == y ? 0 : x < y ? -1 : 1;
}

bool equal(struct run *r, struct value a, struct value b) {
    if (!run_step(r)) return false;
    if (value_is_number(a) && value_is_number(b)) return order_numbers(a, b) == 0;
    if (a.kind != b.kind) return false;
    bool same = false;
    switch (a.kind) {
    case V_UNDEFINED: case V_NONE: return true;
    case V_STRING: return run_steps(r, a.s->n / 64) && str_equal(text_str(a.s), text_str(b.s));
    case V_LIST: case V_TUPLE:
        if (a.l == b.l) return true;
        if (a.l->n != b.l->n || !deeper(r)) return false;
        same = same_items(r, a.l, b.l);
        r->depth--;
        return same;
    case V_DICT:
        if (a.d == b.d) return true;
        if (a.d->n != b.d->n || !deeper(r)) return false;
        same = same_pairs(r, a.d, b.d);
        r->depth--;
        return same;
    case V_FUNCTION: return a.function == b.function;
    default: return a.l == b.l; // the same object
    }
}

int compare(struct run *r, struct value a, struct value b) {
    if (!run_step(r)) return 0;
    if (value_is_number(a) && value_is_number(b)) return order_numbers(a, b);
    if (a.kind == V_STRING && b.kind == V_STRING)
        return run_steps(r, a.s->n / 64) ? str_compare(text_str(a.s), text_str(b.s)) : 0;
    if (a.kind != b.kind || (a.kind != V_LIST && a.kind != V_TUPLE)) {
        run_fail(r, "%s and %s have no order", kind_name(a), kind_name(b));
        return 0;
    }
    if (!deeper(r)) return 0;
    int order = 0;
    for (size_t i = 0; !r->status && order == 0 && i < a.l->n && i < b.l->n; i++)
        if (!equal(r, a.l->items[i], b.l->items[i])) order = compare(r, a.l->items[i], b.l->items[i]);
    r->depth--;
    return order ? order : (a.l->n > b.l->n) - (a.l->n < b.l->n);
}

// ---- iterating ------------------------------------------------------------------------------------------------------

bool can_iterate(struct value v) {
    return v.kind == V_UNDEFINED || v.kind == V_STRING || v.kind == V_LIST || v.kind == V_TUPLE || v.kind == V_DICT;
}

static const struct list *characters(struct run *r, const struct text *t) {
    struct list *list = list_new(r, text_length(t));
    uint32_t code;
    bool valid;
    for (size_t at = 0; list && at < t->n;) {
        const size_t step = text_step(t, at, &code, &valid);
        const struct text *one = text_part(r, t, at, step);
        if (!one || !list_add(r, list, value_text(one))) return NULL;
        at += step;
    }
    return list;
}

static const struct list *keys(struct run *r, const struct dict *dict) {
    struct list *list = list_new(r, dict->n);
    for (size_t i = 0; list && i < dict->n; i++)
        if (!list_add(r, list, dict->pairs[i].key)) return NULL;
    return list;
}

const struct list *iterate(struct run *r, struct value v) {
    switch (v.kind) {
    case V_UNDEFINED: return list_new(r, 0);
    case V_STRING: return characters(r, v.s);
    case V_LIST: case V_TUPLE: return r->status ? NULL : v.l;
    case V_DICT: return keys(r, v.d);
    default: run_fail(r, "expected what can be iterated, found %s", kind_name(v)); return NULL;
    }
}

int64_t length_of(struct run *r, struct value v) {
    switch (v.kind) {
    case V_UNDEFINED: return 0;
    case V_STRING:
        run_steps(r, v.s->n / 16);
        return (int64_t)text_length(v.s);
    case V_LIST: return v.flavor == LIST_LAZY ? -1 : (int64_t)v.l->n;
    case V_TUPLE: return (int64_t)v.l->n;
    case V_DICT: return (int64_t)v.d->n;
    default: return -1;
    }
}

// ---- attributes and items -------------------------------------------------------------------------------------------

static struct value no_such(struct run *r, struct str name) {
    struct str *kept = run_alloc(r, 1, sizeof *kept);
    if (!kept) return UNDEFINED;
    *kept = name;
    return (struct value){.kind = V_UNDEFINED, .name = kept};
}

static struct value method_of(struct run *r, struct value v, struct str name) {
    const int number = method_find(v, name);
    if (number < 0) return no_such(r, name);
    struct method *method = run_alloc(r, 1, sizeof *method);
    if (!method) return UNDEFINED;
    *method = (struct method){v, (uint16_t)number};
    return (struct value){.kind = V_METHOD, .method = method};
}

static const struct str an_item = {"an item", 7};

static struct value refuse_undefined(struct run *r, struct value v) {
    if (v.name == &an_item) return run_fail(r, "a list has no such item");
    return v.name ? run_fail(r, "'%s' is undefined", QUOTED(*v.name)) : run_fail(r, "a value is undefined");
}

struct value get_attribute(struct run *r, struct value v, const struct str *name) {
    const struct value *found;
    switch (v.kind) {
    case V_UNDEFINED: return refuse_undefined(r, v);
    case V_DICT:
        if (method_find(v, *name) < 0 && (found = dict_find(v.d, *name))) return *found;
        return method_of(r, v, *name);
    case V_NAMESPACE: return (found = dict_find(v.d, *name)) ? *found : no_such(r, *name);
    case V_LOOP: return loop_attribute(r, v.loop, name);
    default: return method_of(r, v, *name);
    }
}

static struct value item_of_list(const struct list *list, int64_t i) {
    if (i < 0) i += (int64_t)list->n;
    return i >= 0 && (uint64_t)i < list->n ? list->items[i] : (struct value){.kind = V_UNDEFINED, .name = &an_item};
}

static struct value item_of_text(struct run *r, const struct text *t, int64_t i) {
    run_steps(r, t->n / 16);
    const int64_t n = (int64_t)text_length(t);
    if (i < 0) i += n;
    if (i < 0 || i >= n) return UNDEFINED;
    uint32_t code;
    bool valid;
    const size_t at = text_offset(t, (size_t)i);
    const struct text *one = text_part(r, t, at, text_step(t, at, &code, &valid));
    return one ? value_text(one) : UNDEFINED;
}

struct value get_item(struct run *r, struct value v, struct value key) {
    const struct value *found;
    if (v.kind == V_UNDEFINED) return refuse_undefined(r, v);
    if (v.kind == V_DICT && (found = dict_get(r, v.d, key))) return *found;
    if (value_is_integer(key)) {
        const int64_t i = value_integer(key);
        if ((v.kind == V_LIST && (v.flavor == LIST_PLAIN || v.flavor == LIST_RANGE)) || v.kind == V_TUPLE)
            return item_of_list(v.l, i);
        return v.kind == V_STRING ? item_of_text(r, v.s, i) : UNDEFINED;
    }
    if (key.kind != V_STRING) return UNDEFINED;
    const struct str name = text_str(key.s);
    if (v.kind == V_NAMESPACE || v.kind == V_LOOP) return get_attribute(r, v, &name);
    return method_of(r, v, name);
}

struct value get_path(struct run *r, struct value v, struct value path) {
    if (path.kind != V_STRING) return get_item(r, v, path);
    struct str rest = text_str(path.s);
    for (bool more = true; more && !r->status;) {
        const char *dot = rest.n ? memchr(rest.p, '.', rest.n) : NULL;
        const struct str part = {rest.p, dot ? (size_t)(dot - rest.p) : rest.n};
        int64_t number = 0;
        bool digits = part.n > 0 && part.n < 10;
        for (size_t i = 0; digits && i < part.n; i++) {
            digits = part.p[i] >= '0' && part.p[i] <= '9';
            number = number * 10 + (part.p[i] - '0');
        }
        v = get_item(r, v, digits ? value_int(number) : text_value(r, part));
        more = dot != NULL;
        if (more) rest = (struct str){dot + 1, rest.n - part.n - 1};
    }
    return v;
}

// ---- arguments ------------------------------------------------------------------------------------------------------

const struct value *arg(const struct args *args, size_t place, const char *name) {
    if (place < args->n) return &args->at[place];
    for (size_t i = 0; name && i < args->n_keywords; i++)
        if (str_is(args->keywords[i].name, name)) return &args->keywords[i].value;
    return NULL;
}

bool arg_bool(struct run *r, const struct args *args, size_t place, const char *name, bool otherwise) {
    const struct value *v = arg(args, place, name);
    (void)r;
    return v ? truth(*v) : otherwise;
}

int64_t arg_int(struct run *r, const struct args *args, size_t place, const char *name, int64_t otherwise) {
    const struct value *v = arg(args, place, name);
    if (!v) return otherwise;
    if (value_is_integer(*v)) return value_integer(*v);
    run_fail(r, "expected an integer for %s, found %s", name, kind_name(*v));
    return otherwise;
}

const struct text *arg_text(struct run *r, const struct args *args, size_t place, const char *name) {
    const struct value *v = arg(args, place, name);
    if (!v || v->kind == V_NONE) return NULL;
    if (v->kind == V_STRING) return v->s;
    run_fail(r, "expected a string for %s, found %s", name, kind_name(*v));
    return NULL;
}
