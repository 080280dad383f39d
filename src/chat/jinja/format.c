// SPDX-License-Identifier: MIT
// Formats of strings: "%s" % value, and "{}".format(value).
#include <stdio.h>

#include "values.h"

// Pads a part of a text to a width, in characters.
static bool pad(struct builder *out, const struct text *t, int64_t width, bool left) {
    const int64_t length = (int64_t)text_length(t);
    const size_t blanks = width > length ? (size_t)(width - length) : 0;
    return (left || build_repeated(out, " ", 1, blanks)) && build_text(out, t) &&
           (!left || build_repeated(out, " ", 1, blanks));
}

struct conversion {
    bool left, zeros, plus, space, alternate;
    int width, precision; // -1: none
    char kind;
};

// Reads what follows a percent sign; returns the bytes read, 0: a mistake.
static size_t read_conversion(struct str s, struct conversion *c) {
    enum { MOST_WIDTH = 1000 };
    size_t at = 0;
    *c = (struct conversion){.precision = -1};
    for (; at < s.n && s.p[at] && strchr("-0+ #", s.p[at]); at++) {
        c->left |= s.p[at] == '-';
        c->zeros |= s.p[at] == '0';
        c->plus |= s.p[at] == '+';
        c->space |= s.p[at] == ' ';
        c->alternate |= s.p[at] == '#';
    }
    for (; at < s.n && s.p[at] >= '0' && s.p[at] <= '9' && c->width <= MOST_WIDTH; at++)
        c->width = c->width * 10 + (s.p[at] - '0');
    if (at < s.n && s.p[at] == '.')
        for (c->precision = 0, at++; at < s.n && s.p[at] >= '0' && s.p[at] <= '9' && c->precision <= MOST_WIDTH; at++)
            c->precision = c->precision * 10 + (s.p[at] - '0');
    if (at >= s.n || c->width > MOST_WIDTH || c->precision > MOST_WIDTH) return 0;
    c->kind = s.p[at];
    return at + 1;
}

static bool convert_number(struct run *r, struct builder *out, const struct conversion *c, struct value v) {
    char spec[16], text[1400];
    if (!value_is_number(v)) return run_fail(r, "expected a number for %%%c, found %s", c->kind, kind_name(v)), false;
    const bool integer = c->kind == 'd' || c->kind == 'i' || c->kind == 'u' || c->kind == 'x' || c->kind == 'X';
    snprintf(spec, sizeof spec, "%%%s%s%s%s%s*.*%s%c", c->left ? "-" : "", c->zeros ? "0" : "", c->plus ? "+" : "",
             c->space ? " " : "", c->alternate ? "#" : "", integer ? "ll" : "",
             c->kind == 'i' || c->kind == 'u' ? 'd' : c->kind);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    const double f = value_double(v);
    const long long i = v.kind != V_FLOAT ? (long long)value_integer(v)
                        : f > -9e18 && f < 9e18 ? (long long)f
                                                : 0;
    const int n = integer ? snprintf(text, sizeof text, spec, c->width, c->precision, i)
                          : snprintf(text, sizeof text, spec, c->width, c->precision, f);
#pragma GCC diagnostic pop
    if (n < 0 || (size_t)n >= sizeof text) return run_fail(r, "expected a shorter number"), false;
    return build_bytes(out, text, (size_t)n);
}

static bool convert(struct run *r, struct builder *out, const struct conversion *c, struct value v) {
    if (c->kind == 's' || c->kind == 'r') {
        struct builder b = {.run = r};
        const bool ok = c->kind == 'r' ? print_repr(r, &b, v) : print_value(r, &b, v);
        const struct text *t = ok ? build_end(&b) : NULL;
        if (t && c->precision >= 0) t = text_part(r, t, 0, text_offset(t, (size_t)c->precision));
        return t && pad(out, t, c->width, c->left);
    }
    if (c->kind && strchr("diuxXfFeEgG", c->kind)) return convert_number(r, out, c, v);
    return run_fail(r, "the format %%%c is not supported", c->kind > 0x20 ? c->kind : '?'), false;
}

struct value percent_format(struct run *r, const struct text *format, struct value values) {
    struct builder out = {.run = r};
    const struct list *list = values.kind == V_TUPLE ? values.l : NULL;
    size_t used = 0, from = 0;
    if (!run_steps(r, format->n / 8 + 1)) return UNDEFINED;
    for (size_t at = 0; at < format->n; at++) {
        struct conversion c;
        if (format->p[at] != '%') continue;
        if (!build_part(&out, format, from, at - from)) return UNDEFINED;
        const size_t n = read_conversion((struct str){format->p + at + 1, format->n - at - 1}, &c);
        if (!n) return run_fail(r, "expected a format behind '%%'");
        if (c.kind == '%') {
            if (!build_bytes(&out, "%", 1)) return UNDEFINED;
        } else {
            if (used >= (list ? list->n : 1)) return run_fail(r, "expected more values for a format");
            if (!convert(r, &out, &c, list ? list->items[used] : values)) return UNDEFINED;
            used++;
        }
        at += n;
        from = at + 1;
    }
    const bool unused = list ? used < list->n : used == 0 && values.kind != V_LIST && values.kind != V_DICT;
    if (unused) return run_fail(r, "expected fewer values for a format");
    build_part(&out, format, from, format->n - from);
    return build_value(&out);
}

// A field between braces: a name or a number, ":" and a format of numbers. `next` counts fields without a name.
static bool replace_field(struct run *r, struct builder *out, struct str field, const struct args *args, size_t *next) {
    const char *colon = field.n ? memchr(field.p, ':', field.n) : NULL;
    const struct str name = {field.p, colon ? (size_t)(colon - field.p) : field.n};
    struct conversion c = {.precision = -1, .kind = 's'};
    const struct value *v = NULL;
    size_t number = name.n == 0 ? (*next)++ : 0;
    bool digits = true;
    if (!run_steps(r, args->n_keywords / 8 + 1)) return false;
    for (size_t i = 0; i < name.n && i < 4; i++) {
        digits &= name.p[i] >= '0' && name.p[i] <= '9';
        number = number * 10 + (size_t)(name.p[i] - '0');
    }
    if (digits && number < args->n) v = &args->at[number];
    for (size_t i = 0; !digits && i < args->n_keywords; i++)
        if (str_equal(args->keywords[i].name, name)) v = &args->keywords[i].value;
    if (!v) return run_fail(r, "no value for the field '{%s}'", QUOTED(name)), false;
    if (!colon || name.n + 1 == field.n) return print_value(r, out, *v);
    const struct str spec = {colon + 1, field.n - name.n - 1};
    if (read_conversion(spec, &c) != spec.n || !strchr("dfFeEgGxX", c.kind))
        return run_fail(r, "the format '{%s}' is not supported", QUOTED(field)), false;
    return convert_number(r, out, &c, *v);
}

struct value brace_format(struct run *r, const struct text *format, const struct args *args) {
    struct builder out = {.run = r};
    size_t from = 0, next = 0;
    if (!run_steps(r, format->n / 8 + 1)) return UNDEFINED;
    for (size_t at = 0; at < format->n; at++) {
        const char c = format->p[at];
        if (c != '{' && c != '}') continue;
        if (!build_part(&out, format, from, at - from)) return UNDEFINED;
        if (at + 1 < format->n && format->p[at + 1] == c) { // a doubled brace is one
            from = ++at;
            continue;
        }
        const char *close = c == '{' ? memchr(format->p + at, '}', format->n - at) : NULL;
        if (!close) return run_fail(r, "expected braces in pairs in a format");
        const size_t end = (size_t)(close - format->p);
        if (!replace_field(r, &out, (struct str){format->p + at + 1, end - at - 1}, args, &next)) return UNDEFINED;
        at = end;
        from = end + 1;
    }
    build_part(&out, format, from, format->n - from);
    return build_value(&out);
}
