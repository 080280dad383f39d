// SPDX-License-Identifier: MIT
#include "json_value.h"

#include <stdlib.h>

#include "base/utf8.h"

enum { MOST_JSON_DEPTH = 64 };

static bool from_string(struct run *r, struct str written, struct value *out) {
    struct str s;
    if (!json_unquote(written, r->arena, &s)) return run_no_memory(r), false;
    const char *copy = arena_string(r->arena, s);
    const struct text *t = copy ? text_of(r, (struct str){copy, s.n}, true) : NULL;
    if (!t) return run_no_memory(r), false;
    *out = value_text(t);
    return true;
}

// What does not fit an integer is a floating-point number.
static struct value from_number(struct str written) {
    char digits[400];
    char *end;
    if (written.n >= sizeof digits) return value_float(0);
    memcpy(digits, written.p, written.n);
    digits[written.n] = '\0';
    int64_t i = 0;
    bool integer = !strpbrk(digits, ".eE");
    const bool negative = digits[0] == '-';
    for (const char *p = digits + negative; integer && *p; p++)
        integer = !__builtin_mul_overflow(i, 10, &i) && !__builtin_sub_overflow(i, *p - '0', &i);
    if (integer && !negative) integer = !__builtin_sub_overflow(0, i, &i);
    return integer ? value_int(i) : value_float(strtod(digits, &end));
}

static bool from_scalar(struct run *r, struct json_walk *walk, struct value *out) {
    struct str written;
    if (!json_value(walk, &written)) return false;
    switch (written.p[0]) {
    case '"': return from_string(r, written, out);
    case 't': case 'f': *out = value_bool(written.p[0] == 't'); return true;
    case 'n': *out = NONE; return true;
    default: *out = from_number(written); return true;
    }
}

static bool from_any(struct run *r, struct json_walk *walk, struct value *out, int depth);

static bool from_object(struct run *r, struct json_walk *walk, struct value *out, int depth) {
    struct dict *dict = dict_new(r, 0);
    struct str name;
    *out = (struct value){.kind = V_DICT, .d = dict};
    json_enter(walk);
    while (dict && json_name(walk, &name)) {
        struct value key, item;
        if (!from_string(r, name, &key) || !from_any(r, walk, &item, depth + 1) || !dict_put(r, dict, key, item))
            return false;
    }
    return dict && !walk->mistake;
}

static bool from_list(struct run *r, struct json_walk *walk, struct value *out, int depth) {
    struct list *list = list_new(r, 0);
    *out = value_list(list);
    json_enter_list(walk);
    while (list && json_element(walk)) {
        struct value item;
        if (!from_any(r, walk, &item, depth + 1) || !list_add(r, list, item)) return false;
    }
    return list && !walk->mistake;
}

static bool from_any(struct run *r, struct json_walk *walk, struct value *out, int depth) {
    const char kind = json_kind(walk);
    if (kind != '{' && kind != '[') return from_scalar(r, walk, out);
    if (depth >= MOST_JSON_DEPTH) {
        walk->mistake = "expected values nested at most 64 deep, found more";
        return false;
    }
    return kind == '{' ? from_object(r, walk, out, depth) : from_list(r, walk, out, depth);
}

bool json_to_value(struct run *r, struct json_walk *walk, struct value *out) { return from_any(r, walk, out, 0); }

// ---- writing -------------------------------------------------------------------------------------------------------

bool json_add_string(struct buffer *b, struct str s) {
    bool ok = buffer_add_byte(b, '"');
    for (size_t at = 0; ok && at < s.n;) {
        const int step = utf8_step(s.p + at, s.n - at, NULL);
        const unsigned char c = (unsigned char)s.p[at];
        if (step < 0) ok = buffer_add_string(b, UTF8_REPLACEMENT);
        else if (c == '"' || c == '\\') ok = buffer_add_format(b, "\\%c", c);
        else if (c == '\n') ok = buffer_add_string(b, "\\n");
        else if (c < 0x20) ok = buffer_add_format(b, "\\u%04x", (unsigned)c);
        else ok = buffer_add(b, s.p + at, (size_t)step);
        at += (size_t)(step < 0 ? -step : step);
    }
    return ok && buffer_add_byte(b, '"');
}

bool json_add_compact(struct buffer *out, struct str json) {
    bool quoted_text = false;
    for (size_t i = 0; i < json.n; i++) {
        const char c = json.p[i];
        if (quoted_text && c == '\\' && i + 1 < json.n) {
            if (!buffer_add(out, json.p + i, 2)) return false;
            i++;
            continue;
        }
        if (c == '"') quoted_text = !quoted_text;
        if (!quoted_text && (c == ' ' || c == '\n' || c == '\r' || c == '\t')) continue;
        if (!buffer_add_byte(out, c)) return false;
    }
    return true;
}
