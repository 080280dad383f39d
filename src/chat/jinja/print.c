// SPDX-License-Identifier: MIT
// Values as text: str(), repr() and json.dumps() of Python.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/utf8.h"
#include "values.h"

// ---- numbers --------------------------------------------------------------------------------------------------------

// The shortest digits that read back as the same number, in Python's form.
static size_t float_digits(char *out, size_t size, double f) {
    char short_form[40];
    int precision = 0;
    do snprintf(short_form, sizeof short_form, "%.*e", precision, f);
    while (strtod(short_form, NULL) != f && ++precision < 17);
    char *e = strchr(short_form, 'e');
    const int exponent = e ? (int)strtol(e + 1, NULL, 10) : 0;
    if (exponent < -4 || exponent >= 16) {
        if (e) *e = '\0';
        return (size_t)snprintf(out, size, "%se%c%02d", short_form, exponent < 0 ? '-' : '+', abs(exponent));
    }
    const int decimals = precision - exponent;
    return (size_t)snprintf(out, size, "%.*f", decimals > 1 ? decimals : 1, f);
}

static bool print_float(struct builder *out, double f, bool json) {
    char text[64];
    if (isnan(f)) return build_string(out, json ? "NaN" : "nan");
    if (isinf(f)) return build_string(out, f < 0 ? (json ? "-Infinity" : "-inf") : (json ? "Infinity" : "inf"));
    return build_bytes(out, text, float_digits(text, sizeof text, f));
}

static bool print_int(struct builder *out, int64_t i) {
    char text[32];
    return build_bytes(out, text, (size_t)snprintf(text, sizeof text, "%lld", (long long)i));
}

// ---- str and repr ---------------------------------------------------------------------------------------------------

// What a character is written as between these quotes; 0: as it is.
static size_t repr_escape(char out[16], uint32_t code, bool valid, char quote) {
    if (code == '\\' || code == (uint32_t)(unsigned char)quote) return (size_t)snprintf(out, 16, "\\%c", (char)code);
    if (code == '\n') return (size_t)snprintf(out, 16, "\\n");
    if (code == '\r') return (size_t)snprintf(out, 16, "\\r");
    if (code == '\t') return (size_t)snprintf(out, 16, "\\t");
    if (!valid || char_is_printable(code)) return 0;
    if (code < 0x100) return (size_t)snprintf(out, 16, "\\x%02x", (unsigned)code);
    return (size_t)snprintf(out, 16, code < 0x10000 ? "\\u%04x" : "\\U%08x", (unsigned)code);
}

static bool print_quoted(struct run *r, struct builder *out, const struct text *t) {
    const bool single = t->n && memchr(t->p, '\'', t->n), twice = t->n && memchr(t->p, '"', t->n);
    const char quote = single && !twice ? '"' : '\'';
    uint32_t code;
    bool valid;
    size_t from = 0;
    if (!run_steps(r, t->n / 8) || !build_bytes(out, &quote, 1)) return false;
    for (size_t at = 0; at < t->n;) {
        char escaped[16];
        const size_t step = text_step(t, at, &code, &valid), n = repr_escape(escaped, code, valid, quote);
        if (n && (!build_part(out, t, from, at - from) || !build_marked(out, escaped, n, text_marked_at(t, at))))
            return false;
        at += step;
        if (n) from = at;
    }
    return build_part(out, t, from, t->n - from) && build_bytes(out, &quote, 1);
}

static bool deeper(struct run *r) {
    if (!run_step(r)) return false;
    if (r->depth >= MOST_DEPTH) return run_fail(r, "expected values nested less deep"), false;
    r->depth++;
    return true;
}

static bool print_items(struct run *r, struct builder *out, const struct list *list, const char *open,
                        const char *close) {
    if (!deeper(r)) return false;
    bool ok = build_string(out, open);
    for (size_t i = 0; ok && i < list->n; i++)
        ok = (i == 0 || build_string(out, ", ")) && print_repr(r, out, list->items[i]);
    r->depth--;
    return ok && build_string(out, close);
}

static bool print_dict(struct run *r, struct builder *out, const struct dict *dict) {
    if (!deeper(r)) return false;
    bool ok = build_string(out, "{");
    for (size_t i = 0; ok && i < dict->n; i++)
        ok = (i == 0 || build_string(out, ", ")) && print_repr(r, out, dict->pairs[i].key) &&
             build_string(out, ": ") && print_repr(r, out, dict->pairs[i].value);
    r->depth--;
    return ok && build_string(out, "}");
}

static bool print_range(struct builder *out, const struct list *list) {
    // Its bounds are known only where it has elements, which is enough for what templates print.
    return build_string(out, "range(") && print_int(out, list->n ? list->items[0].i : 0) && build_string(out, ", ") &&
           print_int(out, list->n ? list->items[list->n - 1].i + 1 : 0) && build_string(out, ")");
}

static bool print_list(struct run *r, struct builder *out, struct value v) {
    switch (v.flavor) {
    case LIST_LAZY: return build_string(out, "<generator>");
    case LIST_RANGE: return print_range(out, v.l);
    case LIST_VIEW: return print_items(r, out, v.l, "dict_view([", "])");
    default: return print_items(r, out, v.l, "[", "]");
    }
}

bool print_repr(struct run *r, struct builder *out, struct value v) {
    if (!run_step(r)) return false;
    switch (v.kind) {
    case V_UNDEFINED: return build_string(out, "Undefined");
    case V_NONE: return build_string(out, "None");
    case V_BOOL: return build_string(out, v.b ? "True" : "False");
    case V_INT: return print_int(out, v.i);
    case V_FLOAT: return print_float(out, v.f, false);
    case V_STRING: return print_quoted(r, out, v.s);
    case V_LIST: return print_list(r, out, v);
    case V_TUPLE: return print_items(r, out, v.l, "(", v.l->n == 1 ? ",)" : ")");
    case V_DICT: return print_dict(r, out, v.d);
    case V_NAMESPACE: return build_string(out, "<Namespace ") && print_dict(r, out, v.d) && build_string(out, ">");
    default: return build_string(out, "<") && build_string(out, kind_name(v)) && build_string(out, ">");
    }
}

bool print_value(struct run *r, struct builder *out, struct value v) {
    if (v.kind == V_STRING) return build_text(out, v.s);
    return v.kind == V_UNDEFINED ? r->status == QUILL_OK : print_repr(r, out, v);
}

const struct text *to_text(struct run *r, struct value v) {
    if (v.kind == V_STRING) return r->status ? NULL : v.s;
    struct builder b = {.run = r};
    return print_value(r, &b, v) ? build_end(&b) : NULL;
}

// ---- JSON -----------------------------------------------------------------------------------------------------------

static size_t json_escape(char out[16], uint32_t code, bool ascii) {
    static const char letters[] = "\"\\nrtbf", meanings[] = "\"\\\n\r\t\b\f";
    const char *meaning = code && code < 0x80 ? strchr(meanings, (int)code) : NULL;
    if (meaning) return (size_t)snprintf(out, 16, "\\%c", letters[meaning - meanings]);
    if (code >= 0x20 && (code < 0x7f || !ascii)) return 0;
    if (code == 0x7f) return 0;
    if (code < 0x10000) return (size_t)snprintf(out, 16, "\\u%04x", (unsigned)code);
    return (size_t)snprintf(out, 16, "\\u%04x\\u%04x", (unsigned)(0xd800 + ((code - 0x10000) >> 10)),
                            (unsigned)(0xdc00 + ((code - 0x10000) & 0x3ff)));
}

static bool json_text(struct run *r, struct builder *out, const struct text *t, bool ascii) {
    uint32_t code;
    bool valid;
    size_t from = 0;
    if (!run_steps(r, t->n / 8) || !build_string(out, "\"")) return false;
    for (size_t at = 0; at < t->n;) {
        char escaped[16];
        const size_t step = text_step(t, at, &code, &valid), n = json_escape(escaped, code, ascii);
        if (n && (!build_part(out, t, from, at - from) || !build_marked(out, escaped, n, text_marked_at(t, at))))
            return false;
        at += step;
        if (n) from = at;
    }
    return build_part(out, t, from, t->n - from) && build_string(out, "\"");
}

// Pretty printing: a newline and the indentation.
static bool json_newline(struct run *r, struct builder *out, const struct json_style *style, int level) {
    if (style->indent < 0 && !style->indent_text.p) return true;
    const size_t n = style->indent_text.p ? 1 : (size_t)style->indent;
    if (!build_string(out, "\n")) return false;
    for (int i = 0; i < level; i++)
        if (style->indent_text.p ? !build_str(out, style->indent_text) : !build_repeated(out, " ", 1, n)) return false;
    return run_step(r);
}

static bool json_value(struct run *r, struct builder *out, struct value v, const struct json_style *style, int level);

static bool json_list(struct run *r, struct builder *out, const struct list *list, const struct json_style *style,
                      int level) {
    if (list->n == 0) return build_string(out, "[]");
    bool ok = build_string(out, "[");
    for (size_t i = 0; ok && i < list->n; i++)
        ok = (i == 0 || build_str(out, style->item)) && json_newline(r, out, style, level + 1) &&
             json_value(r, out, list->items[i], style, level + 1);
    return ok && json_newline(r, out, style, level) && build_string(out, "]");
}

static bool json_key(struct run *r, struct builder *out, struct value key, bool ascii) {
    if (key.kind == V_STRING) return json_text(r, out, key.s, ascii);
    if (key.kind == V_TUPLE) return run_fail(r, "expected a string as key in JSON, found a tuple"), false;
    const char *word = key.kind == V_NONE ? "null" : key.kind == V_BOOL ? (key.b ? "true" : "false") : NULL;
    return build_string(out, "\"") && (word ? build_string(out, word) : print_value(r, out, key)) &&
           build_string(out, "\"");
}

static struct pair *sorted_pairs(struct run *r, const struct dict *dict) {
    struct pair *pairs = run_alloc(r, dict->n + 1, sizeof *pairs);
    if (!pairs || !run_steps(r, dict->n * dict->n / 8)) return NULL;
    for (size_t i = 0; i < dict->n; i++) {
        size_t at = i;
        for (; at > 0 && compare(r, dict->pairs[i].key, pairs[at - 1].key) < 0; at--) pairs[at] = pairs[at - 1];
        pairs[at] = dict->pairs[i];
    }
    return r->status ? NULL : pairs;
}

static bool json_dict(struct run *r, struct builder *out, const struct dict *dict, const struct json_style *style,
                      int level) {
    if (dict->n == 0) return build_string(out, "{}");
    const struct pair *pairs = style->sort_keys ? sorted_pairs(r, dict) : dict->pairs;
    bool ok = pairs && build_string(out, "{");
    for (size_t i = 0; ok && i < dict->n; i++)
        ok = (i == 0 || build_str(out, style->item)) && json_newline(r, out, style, level + 1) &&
             json_key(r, out, pairs[i].key, style->ascii) && build_str(out, style->key) &&
             json_value(r, out, pairs[i].value, style, level + 1);
    return ok && json_newline(r, out, style, level) && build_string(out, "}");
}

static bool json_nested(struct run *r, struct builder *out, struct value v, const struct json_style *style,
                        int level) {
    if (!deeper(r)) return false;
    const bool ok = v.kind == V_DICT ? json_dict(r, out, v.d, style, level) : json_list(r, out, v.l, style, level);
    r->depth--;
    return ok;
}

static bool json_value(struct run *r, struct builder *out, struct value v, const struct json_style *style, int level) {
    if (!run_step(r)) return false;
    switch (v.kind) {
    case V_NONE: return build_string(out, "null");
    case V_BOOL: return build_string(out, v.b ? "true" : "false");
    case V_INT: return print_int(out, v.i);
    case V_FLOAT: return print_float(out, v.f, true);
    case V_STRING: return json_text(r, out, v.s, style->ascii);
    case V_LIST:
        if (v.flavor != LIST_PLAIN) break;
        return json_nested(r, out, v, style, level);
    case V_TUPLE: case V_DICT: return json_nested(r, out, v, style, level);
    default: break;
    }
    return run_fail(r, "expected a value that JSON has, found %s", kind_name(v)), false;
}

bool print_json(struct run *r, struct builder *out, struct value v, const struct json_style *style) {
    return json_value(r, out, v, style, 0);
}
