// SPDX-License-Identifier: MIT
// Filters of single values, and the table of all.
#include "filters.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

// ---- texts ----------------------------------------------------------------------------------------------------------

static struct value made(const struct text *t) { return t ? value_text(t) : UNDEFINED; }

static struct value recased(struct run *r, struct value in, enum letter_case how) {
    const struct text *t = to_text(r, in);
    return t ? made(text_recase(r, t, how)) : UNDEFINED;
}

static FILTER(upper) { return (void)args, recased(r, in, TO_UPPER); }
static FILTER(lower) { return (void)args, recased(r, in, TO_LOWER); }
static FILTER(capitalize) { return (void)args, recased(r, in, TO_CAPITALIZED); }

// Words begin behind blanks and opening brackets.
static FILTER(title) {
    const struct text *t = to_text(r, in);
    struct builder out = {.run = r};
    uint32_t code;
    bool valid, begins = true;
    (void)args;
    for (size_t at = 0; t && at < t->n && run_steps(r, 4);) {
        const size_t step = text_step(t, at, &code, &valid);
        const struct text *one = text_part(r, t, at, step);
        if (one) build_text(&out, text_recase(r, one, begins ? TO_UPPER : TO_LOWER));
        begins = char_is_space(code) || (code < 0x80 && code && strchr("-({[<", (int)code));
        at += step;
    }
    return build_value(&out);
}

static FILTER(trim) {
    const struct text *t = to_text(r, in), *set = arg_text(r, args, 0, "chars");
    return t && !r->status ? made(text_strip(r, t, set, true, true)) : UNDEFINED;
}

static FILTER(string) { return (void)args, made(to_text(r, in)); }

static struct value with_markup(struct run *r, const struct text *t) {
    struct text *copy = t ? run_alloc(r, 1, sizeof *copy) : NULL;
    if (!copy) return UNDEFINED;
    *copy = *t;
    copy->markup = true;
    return value_text(copy);
}

static FILTER(safe) { return (void)args, with_markup(r, to_text(r, in)); }

static FILTER(forceescape) {
    static const char special[] = "&<>\"'";
    static const char *const names[] = {"&amp;", "&lt;", "&gt;", "&#34;", "&#39;"};
    const struct text *t = to_text(r, in);
    struct builder out = {.run = r};
    size_t from = 0;
    (void)args;
    if (!t || !run_steps(r, t->n / 8)) return UNDEFINED;
    for (size_t at = 0; at < t->n; at++) {
        const char *found = t->p[at] ? strchr(special, t->p[at]) : NULL;
        if (!found) continue;
        build_part(&out, t, from, at - from);
        build_marked(&out, names[found - special], strlen(names[found - special]), text_marked_at(t, at));
        from = at + 1;
    }
    build_part(&out, t, from, t->n - from);
    return with_markup(r, build_end(&out));
}

static FILTER(escape) {
    return in.kind == V_STRING && in.s->markup ? in : filter_forceescape(r, in, args);
}

// str.replace with a count.
struct value text_replace(struct run *r, const struct text *t, const struct text *old, const struct text *new,
                          int64_t count) {
    struct builder out = {.run = r};
    size_t at = 0, from = 0;
    uint32_t code;
    bool valid;
    if (!t || !old || !new || !run_steps(r, t->n / 8)) return UNDEFINED;
    while (count != 0 && !r->status && (at = text_find(t, text_str(old), at)) != SIZE_MAX) {
        build_part(&out, t, from, at - from);
        build_text(&out, new);
        run_step(r);
        count -= count > 0;
        from = at + old->n;
        if (old->n) {
            at = from;
        } else if (at < t->n) { // nothing is found in front of each character, and at the end
            const size_t step = text_step(t, at, &code, &valid);
            build_part(&out, t, at, step);
            from = at += step;
        } else {
            break;
        }
    }
    build_part(&out, t, from, t->n - from);
    return build_value(&out);
}

static FILTER(replace) {
    const struct value *old = arg(args, 0, "old"), *new = arg(args, 1, "new"), *count = arg(args, 2, "count");
    if (!old || !new) return run_fail(r, "expected what to replace, and by what");
    const int64_t most = count && count->kind != V_NONE ? arg_int(r, args, 2, "count", -1) : -1;
    return text_replace(r, to_text(r, in), to_text(r, *old), to_text(r, *new), most);
}

static FILTER(indent) {
    const struct value *width = arg(args, 0, "width");
    const bool first = arg_bool(r, args, 1, "first", false), blank = arg_bool(r, args, 2, "blank", false);
    const struct text *t = in.kind == V_STRING ? in.s : NULL, *indentation = NULL;
    struct builder out = {.run = r}, blanks = {.run = r};
    if (width && width->kind == V_STRING) {
        indentation = width->s;
    } else {
        const int64_t n = arg_int(r, args, 0, "width", 4);
        build_repeated(&blanks, " ", 1, n > 0 ? (size_t)n : 0);
        indentation = build_end(&blanks);
    }
    if (!t) return add(r, in, text_value(r, STR("\n"))); // refuses it
    for (size_t at = 0, line = 0; indentation && !r->status && (at < t->n || line == 0); line++) {
        size_t next;
        const size_t end = text_line_end(t, at, &next);
        if (line > 0) build_string(&out, "\n");
        if (line == 0 ? first : blank || end > at) build_text(&out, indentation);
        build_part(&out, t, at, end - at);
        run_step(r);
        at = next;
        if (at == t->n && end < t->n) { // what ends with a newline keeps it
            build_string(&out, "\n");
            if (blank) build_text(&out, indentation);
        }
    }
    return build_value(&out);
}

static FILTER(truncate) {
    const int64_t length = arg_int(r, args, 0, "length", 255), leeway = arg_int(r, args, 3, "leeway", 5);
    const bool kill = arg_bool(r, args, 1, "killwords", false);
    const struct text *t = to_text(r, in), *end = arg_text(r, args, 2, "end");
    if (!end) end = text_of(r, STR("..."), false);
    if (!t || !end || r->status) return UNDEFINED;
    const int64_t ends = (int64_t)text_length(end);
    if (length < ends || leeway < 0 || leeway > INT32_MAX)
        return run_fail(r, "expected a length of at least %lld", (long long)ends);
    if ((int64_t)text_length(t) - leeway <= length) return value_text(t);
    size_t n = text_offset(t, (size_t)(length - ends));
    const struct text head = {.p = t->p, .n = n};
    const size_t blank = kill ? SIZE_MAX : text_find_last(&head, STR(" "));
    if (blank != SIZE_MAX) n = blank;
    struct builder out = {.run = r};
    build_part(&out, t, 0, n);
    build_text(&out, end);
    return build_value(&out);
}

struct value text_padded(struct run *r, const struct text *t, int64_t width, const struct text *fill, int side) {
    struct builder out = {.run = r};
    if (!t || r->status) return UNDEFINED;
    const int64_t length = (int64_t)text_length(t), room = width > length ? width - length : 0;
    // str.center puts the odd blank on the left if the width is odd
    const int64_t left = side < 0 ? 0 : side > 0 ? room : room / 2 + (room & width & 1);
    const struct str pad = fill ? text_str(fill) : STR(" ");
    build_repeated(&out, pad.p, pad.n, (size_t)left);
    build_text(&out, t);
    build_repeated(&out, pad.p, pad.n, (size_t)(room - left));
    return build_value(&out);
}

static FILTER(center) { return text_padded(r, to_text(r, in), arg_int(r, args, 0, "width", 80), NULL, 0); }

static FILTER(wordcount) {
    const struct text *t = to_text(r, in);
    int64_t n = 0;
    bool inside = false, valid;
    uint32_t code;
    (void)args;
    if (!t || !run_steps(r, t->n / 8)) return UNDEFINED;
    for (size_t at = 0; at < t->n;) {
        at += text_step(t, at, &code, &valid);
        const bool word = code == '_' || char_is_alpha(code) || char_is_digit(code);
        n += word && !inside;
        inside = word;
    }
    return value_int(n);
}

static FILTER(urlencode) {
    static const char safe[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-~/";
    const struct text *t = to_text(r, in);
    struct builder out = {.run = r};
    (void)args;
    if (in.kind == V_DICT || in.kind == V_LIST) return run_fail(r, "urlencode of %s is not supported", kind_name(in));
    for (size_t at = 0; t && at < t->n && run_step(r); at++) {
        char escaped[4];
        if (t->p[at] && strchr(safe, t->p[at])) {
            build_part(&out, t, at, 1);
        } else {
            snprintf(escaped, sizeof escaped, "%%%02X", (unsigned)(unsigned char)t->p[at]);
            build_marked(&out, escaped, 3, text_marked_at(t, at));
        }
    }
    return build_value(&out);
}

static FILTER(format) {
    const struct text *t = to_text(r, in);
    struct list *list = list_new(r, args->n);
    for (size_t i = 0; list && i < args->n; i++) list_add(r, list, args->at[i]);
    if (args->n_keywords) return run_fail(r, "format with names is not supported");
    return t && !r->status ? percent_format(r, t, (struct value){.kind = V_TUPLE, .l = list}) : UNDEFINED;
}

static FILTER(tojson) {
    const struct value *indent = arg(args, 1, "indent"), *separators = arg(args, 2, "separators");
    struct json_style style = {.indent = -1, .item = STR(", "), .key = STR(": "),
                               .sort_keys = arg_bool(r, args, 3, "sort_keys", false),
                               .ascii = arg_bool(r, args, 0, "ensure_ascii", false)};
    struct builder out = {.run = r};
    if (indent && indent->kind != V_NONE) {
        if (indent->kind == V_STRING) style.indent_text = text_str(indent->s);
        else style.indent = (int)arg_int(r, args, 1, "indent", 0);
        if (style.indent_text.n == 0 && indent->kind == V_STRING) style.indent_text = STR("");
        if (style.indent < -1) style.indent = 0;
        if (style.indent > 100) return run_fail(r, "expected an indentation of at most 100");
        if (indent->kind != V_STRING && style.indent < 0) style.indent = 0;
        style.item = STR(",");
    }
    if (separators && separators->kind != V_NONE) {
        const struct list *two = iterate(r, *separators);
        if (!two || two->n != 2 || two->items[0].kind != V_STRING || two->items[1].kind != V_STRING)
            return run_fail(r, "expected two strings as separators");
        style.item = text_str(two->items[0].s);
        style.key = text_str(two->items[1].s);
    }
    return print_json(r, &out, in, &style) ? build_value(&out) : UNDEFINED;
}

// ---- numbers and others ---------------------------------------------------------------------------------------------

static FILTER(abs) {
    (void)args;
    if (in.kind == V_FLOAT) return value_float(fabs(in.f));
    if (!value_is_integer(in)) return run_fail(r, "expected a number, found %s", kind_name(in));
    return value_integer(in) < 0 ? negate(r, in) : value_int(value_integer(in));
}

// A text without blanks around it and underscores, for strtod and strtoll.
static bool number_text(char out[64], const struct text *t) {
    size_t n = 0, at = 0, end = t->n;
    while (at < end && (t->p[at] == ' ' || (t->p[at] >= '\t' && t->p[at] <= '\r'))) at++;
    while (end > at && (t->p[end - 1] == ' ' || (t->p[end - 1] >= '\t' && t->p[end - 1] <= '\r'))) end--;
    for (; at < end; at++) {
        if (n == 63 || !t->p[at] || !strchr("0123456789+-.eEabcdfxinftyABCDFXINFTY_", t->p[at])) return false;
        if (t->p[at] != '_') out[n++] = t->p[at];
    }
    out[n] = '\0';
    return n > 0;
}

static bool to_double(const struct text *t, double *f) {
    char digits[64], *end;
    if (!number_text(digits, t) || strpbrk(digits, "xX")) return false;
    *f = strtod(digits, &end);
    return *end == '\0';
}

static struct value whole(double f, struct value otherwise) {
    return f > -9.2e18 && f < 9.2e18 ? value_int((int64_t)f) : otherwise;
}

static FILTER(int) {
    const struct value *given = arg(args, 0, "default");
    const struct value otherwise = given ? *given : value_int(0);
    const int64_t base = arg_int(r, args, 1, "base", 10);
    char digits[64], *end;
    double f;
    if (r->status) return UNDEFINED;
    if (value_is_integer(in)) return value_int(value_integer(in));
    if (in.kind == V_FLOAT) return whole(in.f, otherwise);
    if (in.kind == V_UNDEFINED) return get_item(r, in, NONE);
    if (in.kind != V_STRING) return otherwise;
    if (number_text(digits, in.s) && (base == 0 || (base >= 2 && base <= 36))) {
        const long long i = strtoll(digits, &end, (int)base);
        if (*end == '\0') return value_int(i);
    }
    return to_double(in.s, &f) ? whole(f, otherwise) : otherwise;
}

static FILTER(float) {
    const struct value *given = arg(args, 0, "default");
    double f;
    if (value_is_number(in)) return value_float(value_double(in));
    if (in.kind == V_UNDEFINED) return get_item(r, in, NONE);
    if (in.kind == V_STRING && to_double(in.s, &f)) return value_float(f);
    return given ? *given : value_float(0);
}

static FILTER(round) {
    const int64_t precision = arg_int(r, args, 0, "precision", 0);
    const struct text *method = arg_text(r, args, 1, "method");
    const struct str how = method ? text_str(method) : STR("common");
    if (r->status) return UNDEFINED;
    if (!value_is_number(in)) return run_fail(r, "expected a number, found %s", kind_name(in));
    if (precision < 0 || precision > 300) return run_fail(r, "expected a precision of 0 to 300");
    if (str_is(how, "common")) {
        char digits[700];
        if (value_is_integer(in)) return value_int(value_integer(in));
        if (!isfinite(in.f)) return in;
        snprintf(digits, sizeof digits, "%.*f", (int)precision, in.f);
        return value_float(strtod(digits, NULL));
    }
    const double scale = pow(10, (double)precision), f = value_double(in) * scale;
    if (str_is(how, "ceil")) return value_float(ceil(f) / scale);
    return str_is(how, "floor") ? value_float(floor(f) / scale)
                                : run_fail(r, "expected a way to round: common, ceil or floor");
}

static FILTER(default) {
    const struct value *otherwise = arg(args, 0, "default_value");
    const bool replaced = in.kind == V_UNDEFINED || (arg_bool(r, args, 1, "boolean", false) && !truth(in));
    return !replaced ? in : otherwise ? *otherwise : text_value(r, STR(""));
}

static FILTER(attr) {
    const struct text *name = arg_text(r, args, 0, "name");
    if (!name) return run_fail(r, "expected the name of an attribute");
    struct str *kept = run_alloc(r, 1, sizeof *kept);
    if (!kept) return UNDEFINED;
    *kept = text_str(name);
    return in.kind == V_DICT && method_find(in, *kept) < 0 ? (struct value){.kind = V_UNDEFINED, .name = kept}
                                                           : get_attribute(r, in, kept);
}

// ---- the table ------------------------------------------------------------------------------------------------------

static const struct {
    const char *name;
    struct value (*apply)(struct run *r, struct value in, const struct args *args);
} filters[] = {
    {"abs", filter_abs},         {"attr", filter_attr},             {"batch", filter_batch},
    {"capitalize", filter_capitalize}, {"center", filter_center},   {"count", filter_length},
    {"d", filter_default},       {"default", filter_default},       {"dictsort", filter_dictsort},
    {"e", filter_escape},        {"escape", filter_escape},         {"first", filter_first},
    {"float", filter_float},     {"forceescape", filter_forceescape}, {"format", filter_format},
    {"groupby", filter_groupby}, {"indent", filter_indent},         {"int", filter_int},
    {"items", filter_items},     {"join", filter_join},             {"last", filter_last},
    {"length", filter_length},   {"list", filter_list},             {"lower", filter_lower},
    {"map", filter_map},         {"max", filter_max},               {"min", filter_min},
    {"reject", filter_reject},   {"rejectattr", filter_rejectattr}, {"replace", filter_replace},
    {"reverse", filter_reverse}, {"round", filter_round},           {"safe", filter_safe},
    {"select", filter_select},   {"selectattr", filter_selectattr}, {"slice", filter_slice},
    {"sort", filter_sort},       {"string", filter_string},         {"sum", filter_sum},
    {"title", filter_title},     {"tojson", filter_tojson},         {"trim", filter_trim},
    {"truncate", filter_truncate}, {"unique", filter_unique},       {"upper", filter_upper},
    {"urlencode", filter_urlencode}, {"wordcount", filter_wordcount},
};

int filter_find(struct str name) {
    for (size_t i = 0; i < sizeof filters / sizeof *filters; i++)
        if (str_is(name, filters[i].name)) return (int)i;
    return -1;
}

struct value filter_apply(struct run *r, int filter, struct value in, const struct args *args) {
    if (!run_step(r)) return UNDEFINED;
    const struct value v = filters[filter].apply(r, in, args);
    return r->status ? UNDEFINED : v;
}
