// SPDX-License-Identifier: MIT
// Methods of strings, lists, dicts and others. Those that change a list or a dict exist, and are refused when they are
// called, as in Jinja2's immutable sandbox.
#include "values.h"

#define METHOD(name) static struct value do_##name(struct run *r, struct value self, const struct args *args)

static struct value made(const struct text *t) { return t ? value_text(t) : UNDEFINED; }

// ---- strings: changes -----------------------------------------------------------------------------------------------

METHOD(upper) { return (void)args, made(text_recase(r, self.s, TO_UPPER)); }
METHOD(lower) { return (void)args, made(text_recase(r, self.s, TO_LOWER)); }
METHOD(title) { return (void)args, made(text_recase(r, self.s, TO_TITLE)); }
METHOD(capitalize) { return (void)args, made(text_recase(r, self.s, TO_CAPITALIZED)); }
METHOD(swapcase) { return (void)args, made(text_recase(r, self.s, TO_SWAPPED)); }

static struct value stripped(struct run *r, struct value self, const struct args *args, bool left, bool right) {
    const struct text *set = arg_text(r, args, 0, "chars");
    return r->status ? UNDEFINED : made(text_strip(r, self.s, set, left, right));
}
METHOD(strip) { return stripped(r, self, args, true, true); }
METHOD(lstrip) { return stripped(r, self, args, true, false); }
METHOD(rstrip) { return stripped(r, self, args, false, true); }

static const struct text *needed(struct run *r, const struct args *args, size_t place, const char *name) {
    const struct text *t = arg_text(r, args, place, name);
    if (!t) run_fail(r, "expected a string as argument");
    return t;
}

METHOD(replace) {
    const struct text *old = needed(r, args, 0, "old"), *new = needed(r, args, 1, "new");
    return text_replace(r, self.s, old, new, arg_int(r, args, 2, "count", -1));
}

METHOD(removeprefix) {
    const struct text *prefix = needed(r, args, 0, NULL), *t = self.s;
    if (!prefix) return UNDEFINED;
    const size_t cut = str_starts(text_str(t), text_str(prefix)) ? prefix->n : 0;
    return made(text_part(r, t, cut, t->n - cut));
}

METHOD(removesuffix) {
    const struct text *suffix = needed(r, args, 0, NULL), *t = self.s;
    if (!suffix) return UNDEFINED;
    return made(text_part(r, t, 0, t->n - (str_ends(text_str(t), text_str(suffix)) ? suffix->n : 0)));
}

static struct value justified(struct run *r, struct value self, const struct args *args, int side) {
    const int64_t width = arg_int(r, args, 0, "width", 0);
    const struct text *fill = arg_text(r, args, 1, "fillchar");
    if (fill && text_length(fill) != 1) return run_fail(r, "expected one character to fill with");
    return text_padded(r, self.s, width, fill, side);
}
METHOD(ljust) { return justified(r, self, args, -1); }
METHOD(rjust) { return justified(r, self, args, 1); }
METHOD(center) { return justified(r, self, args, 0); }

METHOD(zfill) {
    const struct text *t = self.s;
    const bool sign = t->n && (t->p[0] == '+' || t->p[0] == '-');
    const int64_t width = arg_int(r, args, 0, "width", 0);
    const struct text *digits = sign ? text_part(r, t, 1, t->n - 1) : t, *zero = text_of(r, STR("0"), false);
    if (!digits || !zero || r->status || width <= (int64_t)text_length(t)) return self;
    const struct value padded = text_padded(r, digits, width - sign, zero, 1);
    return sign ? add(r, made(text_part(r, t, 0, 1)), padded) : padded;
}

METHOD(join) {
    const struct value *over = arg(args, 0, "iterable");
    const struct list *items = over ? iterate(r, *over) : NULL;
    struct builder out = {.run = r};
    if (!items) return run_fail(r, "expected what can be joined");
    for (size_t i = 0; !r->status && i < items->n; i++) {
        if (items->items[i].kind != V_STRING)
            return run_fail(r, "expected strings, found %s", kind_name(items->items[i]));
        if (i > 0) build_text(&out, self.s);
        build_text(&out, items->items[i].s);
        run_step(r);
    }
    return build_value(&out);
}

METHOD(format) { return brace_format(r, self.s, args); }

// ---- strings: parts -------------------------------------------------------------------------------------------------

static bool add_part(struct run *r, struct list *list, const struct text *t, size_t begin, size_t end) {
    const struct text *part = text_part(r, t, begin, end - begin);
    return part && list_add(r, list, value_text(part));
}

// At runs of blanks; `most` splits, below 0: all.
static void split_blanks(struct run *r, struct list *list, const struct text *t, int64_t most) {
    uint32_t code;
    bool valid;
    size_t at = 0;
    while (at < t->n && !r->status) {
        size_t step = text_step(t, at, &code, &valid);
        if (char_is_space(code)) {
            at += step;
            continue;
        }
        size_t end = at;
        if (most-- == 0) {
            const struct text *rest = text_part(r, t, at, t->n - at);
            const struct text *cut = rest ? text_strip(r, rest, NULL, false, true) : NULL;
            if (cut) list_add(r, list, value_text(cut));
            return;
        }
        while (end < t->n && (step = text_step(t, end, &code, &valid)) && !char_is_space(code)) end += step;
        add_part(r, list, t, at, end);
        at = end;
    }
}

METHOD(split) {
    const struct text *t = self.s, *separator = arg_text(r, args, 0, "sep");
    int64_t most = arg_int(r, args, 1, "maxsplit", -1);
    struct list *list = list_new(r, 0);
    size_t at = 0, found;
    if (!list || !run_steps(r, t->n / 8 + 1)) return UNDEFINED;
    if (!separator) return split_blanks(r, list, t, most), r->status ? UNDEFINED : value_list(list);
    if (separator->n == 0) return run_fail(r, "expected a separator that is not empty");
    for (; most != 0 && (found = text_find(t, text_str(separator), at)) != SIZE_MAX; most--) {
        if (!add_part(r, list, t, at, found)) return UNDEFINED;
        at = found + separator->n;
    }
    return add_part(r, list, t, at, t->n) ? value_list(list) : UNDEFINED;
}

static struct value reversed(struct run *r, const struct list *list) {
    struct list *turned = list_new(r, list->n);
    for (size_t i = list->n; turned && i-- > 0;) list_add(r, turned, list->items[i]);
    return r->status ? UNDEFINED : value_list(turned);
}

// From the end at runs of blanks.
static struct value rsplit_blanks(struct run *r, const struct text *t, int64_t most) {
    struct list *all = list_new(r, 0), *list = list_new(r, 0);
    if (r->status) return UNDEFINED;
    split_blanks(r, all, t, -1);
    if (r->status || most < 0 || (uint64_t)most >= all->n) return r->status ? UNDEFINED : value_list(all);
    const struct text *last = all->items[all->n - 1 - (size_t)most].s; // parts share the bytes of t
    const struct text *head = text_part(r, t, 0, (size_t)(last->p + last->n - t->p));
    if (head) list_add(r, list, value_text(head));
    for (size_t i = all->n - (size_t)most; !r->status && i < all->n; i++) list_add(r, list, all->items[i]);
    return r->status ? UNDEFINED : value_list(list);
}

METHOD(rsplit) {
    const struct text *t = self.s, *separator = arg_text(r, args, 0, "sep");
    int64_t most = arg_int(r, args, 1, "maxsplit", -1);
    struct list *list = list_new(r, 0);
    size_t end = t->n;
    if (!list || !run_steps(r, t->n / 8 + 1)) return UNDEFINED;
    if (!separator) return rsplit_blanks(r, t, most);
    if (separator->n == 0) return run_fail(r, "expected a separator that is not empty");
    if (!run_steps(r, text_search_steps(t, separator, true))) return UNDEFINED;
    for (; most != 0; most--) {
        const struct text head = {.p = t->p, .n = end};
        const size_t found = text_find_last(&head, text_str(separator));
        if (found == SIZE_MAX) break;
        if (!add_part(r, list, t, found + separator->n, end)) return UNDEFINED;
        end = found;
    }
    return add_part(r, list, t, 0, end) ? reversed(r, list) : UNDEFINED;
}

METHOD(splitlines) {
    const bool keep = arg_bool(r, args, 0, "keepends", false);
    const struct text *t = self.s;
    struct list *list = list_new(r, 0);
    for (size_t at = 0; list && at < t->n && run_step(r);) {
        size_t next;
        const size_t end = text_line_end(t, at, &next);
        if (!add_part(r, list, t, at, keep ? next : end)) return UNDEFINED;
        at = next;
    }
    return r->status ? UNDEFINED : value_list(list);
}

static struct value partitioned(struct run *r, struct value self, const struct args *args, bool last) {
    const struct text *t = self.s, *separator = needed(r, args, 0, "sep");
    struct list *three = list_new(r, 3);
    if (!separator || !three || !run_steps(r, text_search_steps(t, separator, last))) return UNDEFINED;
    if (separator->n == 0) return run_fail(r, "expected a separator that is not empty");
    const size_t found = last ? text_find_last(t, text_str(separator)) : text_find(t, text_str(separator), 0);
    if (found == SIZE_MAX) {
        for (int i = 0; i < 3; i++) add_part(r, three, t, 0, i == (last ? 2 : 0) ? t->n : 0);
    } else {
        add_part(r, three, t, 0, found);
        list_add(r, three, value_text(separator));
        add_part(r, three, t, found + separator->n, t->n);
    }
    return r->status ? UNDEFINED : (struct value){.kind = V_TUPLE, .l = three};
}
METHOD(partition) { return partitioned(r, self, args, false); }
METHOD(rpartition) { return partitioned(r, self, args, true); }

// ---- strings: questions ---------------------------------------------------------------------------------------------

// The part of a string from `start` to `end`, arguments 1 and 2.
static const struct text *within(struct run *r, const struct text *t, const struct args *args, size_t *at) {
    const int64_t n = args->n > 1 ? (int64_t)text_length(t) : 0;
    int64_t start = arg_int(r, args, 1, "start", 0), end = arg_int(r, args, 2, "end", n);
    *at = 0;
    if (args->n < 2) return t;
    start = start < -n ? 0 : start < 0 ? start + n : start > n ? n : start;
    end = end < -n ? 0 : end < 0 ? end + n : end > n ? n : end;
    *at = text_offset(t, (size_t)start);
    const size_t stop = end > start ? text_offset(t, (size_t)end) : *at;
    return text_part(r, t, *at, stop - *at);
}

static struct value affix(struct run *r, struct value self, const struct args *args, bool at_end) {
    const struct value *wanted = arg(args, 0, NULL);
    size_t at;
    const struct text *t = within(r, self.s, args, &at);
    if (!wanted || !t) return run_fail(r, "expected a string as argument");
    const struct list one = {.items = (struct value[]){*wanted}, .n = 1};
    const struct list *list = wanted->kind == V_TUPLE ? wanted->l : &one;
    for (size_t i = 0; i < list->n; i++) {
        if (list->items[i].kind != V_STRING)
            return run_fail(r, "expected a string, found %s", kind_name(list->items[i]));
        const struct str s = text_str(list->items[i].s);
        if (!run_steps(r, s.n / 64)) return UNDEFINED;
        if (at_end ? str_ends(text_str(t), s) : str_starts(text_str(t), s)) return value_bool(true);
    }
    return value_bool(false);
}
METHOD(startswith) { return affix(r, self, args, false); }
METHOD(endswith) { return affix(r, self, args, true); }

static struct value place(struct run *r, struct value self, const struct args *args, bool last, bool must) {
    const struct text *wanted = needed(r, args, 0, NULL);
    size_t at;
    const struct text *t = within(r, self.s, args, &at);
    if (!wanted || !t || !run_steps(r, text_search_steps(t, wanted, last))) return UNDEFINED;
    const size_t found = last ? text_find_last(t, text_str(wanted)) : text_find(t, text_str(wanted), 0);
    if (found == SIZE_MAX) return must ? run_fail(r, "substring not found") : value_int(-1);
    const struct text head = {.p = self.s->p, .n = at + found, .ascii = self.s->ascii};
    return value_int((int64_t)text_length(&head));
}
METHOD(find) { return place(r, self, args, false, false); }
METHOD(rfind) { return place(r, self, args, true, false); }
METHOD(index) { return place(r, self, args, false, true); }
METHOD(rindex) { return place(r, self, args, true, true); }

METHOD(count) {
    const struct text *wanted = needed(r, args, 0, NULL);
    size_t at, found;
    const struct text *t = within(r, self.s, args, &at);
    int64_t n = 0;
    if (!wanted || !t || !run_steps(r, t->n / 8 + 1)) return UNDEFINED;
    if (wanted->n == 0) return value_int((int64_t)text_length(t) + 1);
    for (at = 0; (found = text_find(t, text_str(wanted), at)) != SIZE_MAX; at = found + wanted->n) n++;
    return value_int(n);
}

// Whether there are characters, and all are such.
static struct value all(struct run *r, const struct text *t, bool (*is)(uint32_t code)) {
    uint32_t code;
    bool valid;
    if (!run_steps(r, t->n / 8)) return UNDEFINED;
    for (size_t at = 0; at < t->n;) {
        at += text_step(t, at, &code, &valid);
        if (!valid || !is(code)) return value_bool(false);
    }
    return value_bool(t->n > 0);
}

static bool is_alnum(uint32_t code) { return char_is_alpha(code) || char_is_digit(code); }
METHOD(isalpha) { return (void)args, all(r, self.s, char_is_alpha); }
METHOD(isalnum) { return (void)args, all(r, self.s, is_alnum); }
METHOD(isdigit) { return (void)args, all(r, self.s, char_is_digit); }
METHOD(isspace) { return (void)args, all(r, self.s, char_is_space); }
METHOD(isascii) { return (void)args, (void)r, value_bool(self.s->ascii); }
METHOD(islower) { return (void)args, value_bool(run_steps(r, self.s->n / 8) && text_has_case(self.s, false)); }
METHOD(isupper) { return (void)args, value_bool(run_steps(r, self.s->n / 8) && text_has_case(self.s, true)); }

static bool any_upper(const struct text *t) {
    uint32_t code;
    bool valid, some = false;
    for (size_t at = 0; at < t->n && !some; some = char_is_upper(code)) at += text_step(t, at, &code, &valid);
    return some;
}

METHOD(istitle) {
    (void)args;
    const struct text *t = text_recase(r, self.s, TO_TITLE);
    return value_bool(t && t->n > 0 && str_equal(text_str(t), text_str(self.s)) && any_upper(t));
}

// ---- lists and dicts ------------------------------------------------------------------------------------------------

METHOD(list_index) {
    const struct value *wanted = arg(args, 0, NULL);
    for (size_t i = 0; wanted && i < self.l->n && !r->status; i++)
        if (equal(r, *wanted, self.l->items[i])) return value_int((int64_t)i);
    return run_fail(r, "the value is not in the list");
}

METHOD(list_count) {
    const struct value *wanted = arg(args, 0, NULL);
    int64_t n = 0;
    for (size_t i = 0; wanted && i < self.l->n && !r->status; i++) n += equal(r, *wanted, self.l->items[i]);
    return value_int(n);
}

METHOD(copy) { return (void)r, (void)args, self; } // nothing changes it

static struct value view(struct run *r, struct value self, bool keys, bool values) {
    struct list *list = list_new(r, self.d->n);
    for (size_t i = 0; list && i < self.d->n && !r->status; i++) {
        const struct pair *pair = &self.d->pairs[i];
        struct list *two = keys && values ? list_new(r, 2) : NULL;
        if (two) list_add(r, two, pair->key), list_add(r, two, pair->value);
        list_add(r, list, two ? (struct value){.kind = V_TUPLE, .l = two} : keys ? pair->key : pair->value);
    }
    return r->status ? UNDEFINED : (struct value){.kind = V_LIST, .flavor = LIST_VIEW, .l = list};
}
METHOD(items) { return (void)args, view(r, self, true, true); }
METHOD(keys) { return (void)args, view(r, self, true, false); }
METHOD(values) { return (void)args, view(r, self, false, true); }

METHOD(get) {
    const struct value *key = arg(args, 0, NULL), *otherwise = arg(args, 1, NULL);
    if (!key) return run_fail(r, "expected a key");
    const struct value *found = dict_get(r, self.d, *key);
    return found ? *found : otherwise ? *otherwise : NONE;
}

METHOD(changes) {
    (void)args;
    return run_fail(r, "what changes %s is not allowed", kind_name(self));
}

METHOD(loop_cycle) { return loop_call(r, self.loop, args, 0); }
METHOD(loop_changed) { return loop_call(r, self.loop, args, 1); }

METHOD(cycler_next) {
    (void)r, (void)args;
    const struct value v = self.cycler->items->items[self.cycler->at];
    self.cycler->at = (self.cycler->at + 1) % self.cycler->items->n;
    return v;
}
METHOD(cycler_reset) {
    (void)r, (void)args;
    self.cycler->at = 0;
    return NONE;
}

// ---- the table ------------------------------------------------------------------------------------------------------

static const struct {
    uint8_t kind; // enum value_kind
    const char *name;
    struct value (*call)(struct run *r, struct value self, const struct args *args);
} methods[] = {
    {V_STRING, "capitalize", do_capitalize}, {V_STRING, "casefold", do_lower}, {V_STRING, "center", do_center},
    {V_STRING, "count", do_count}, {V_STRING, "endswith", do_endswith}, {V_STRING, "find", do_find},
    {V_STRING, "format", do_format}, {V_STRING, "index", do_index}, {V_STRING, "isalnum", do_isalnum},
    {V_STRING, "isalpha", do_isalpha}, {V_STRING, "isascii", do_isascii}, {V_STRING, "isdecimal", do_isdigit},
    {V_STRING, "isdigit", do_isdigit}, {V_STRING, "islower", do_islower}, {V_STRING, "isnumeric", do_isdigit},
    {V_STRING, "isspace", do_isspace}, {V_STRING, "istitle", do_istitle}, {V_STRING, "isupper", do_isupper},
    {V_STRING, "join", do_join}, {V_STRING, "ljust", do_ljust}, {V_STRING, "lower", do_lower},
    {V_STRING, "lstrip", do_lstrip}, {V_STRING, "partition", do_partition},
    {V_STRING, "removeprefix", do_removeprefix}, {V_STRING, "removesuffix", do_removesuffix},
    {V_STRING, "replace", do_replace}, {V_STRING, "rfind", do_rfind}, {V_STRING, "rindex", do_rindex},
    {V_STRING, "rjust", do_rjust}, {V_STRING, "rpartition", do_rpartition}, {V_STRING, "rsplit", do_rsplit},
    {V_STRING, "rstrip", do_rstrip}, {V_STRING, "split", do_split}, {V_STRING, "splitlines", do_splitlines},
    {V_STRING, "startswith", do_startswith}, {V_STRING, "strip", do_strip}, {V_STRING, "swapcase", do_swapcase},
    {V_STRING, "title", do_title}, {V_STRING, "upper", do_upper}, {V_STRING, "zfill", do_zfill},
    {V_LIST, "append", do_changes}, {V_LIST, "clear", do_changes}, {V_LIST, "copy", do_copy},
    {V_LIST, "count", do_list_count}, {V_LIST, "extend", do_changes}, {V_LIST, "index", do_list_index},
    {V_LIST, "insert", do_changes}, {V_LIST, "pop", do_changes}, {V_LIST, "remove", do_changes},
    {V_LIST, "reverse", do_changes}, {V_LIST, "sort", do_changes}, {V_TUPLE, "count", do_list_count},
    {V_TUPLE, "index", do_list_index}, {V_DICT, "clear", do_changes}, {V_DICT, "copy", do_copy},
    {V_DICT, "get", do_get}, {V_DICT, "items", do_items}, {V_DICT, "keys", do_keys}, {V_DICT, "pop", do_changes},
    {V_DICT, "popitem", do_changes}, {V_DICT, "setdefault", do_changes}, {V_DICT, "update", do_changes},
    {V_DICT, "values", do_values}, {V_LOOP, "changed", do_loop_changed}, {V_LOOP, "cycle", do_loop_cycle},
    {V_CYCLER, "next", do_cycler_next}, {V_CYCLER, "reset", do_cycler_reset},
};

int method_find(struct value self, struct str name) {
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++)
        if (methods[i].kind == self.kind && str_is(name, methods[i].name)) return (int)i;
    return -1;
}

struct value method_call(struct run *r, const struct method *method, const struct args *args) {
    if (!run_step(r)) return UNDEFINED;
    const struct value v = methods[method->number].call(r, method->self, args);
    return r->status ? UNDEFINED : v;
}
