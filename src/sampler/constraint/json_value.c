// SPDX-License-Identifier: MIT
#include "json_value.h"

#include <stdlib.h>

#include "base/json_walk.h"
#include "base/utf8.h"

enum { MOST_BYTES = 4 << 20 }; // of a text; its tree may take sixty times as many

struct parsing {
    struct json_walk walk;
    struct arena *arena;
    struct value *twice; // a member whose name another one has
    bool no_memory;
};

static struct value *parse_value(struct parsing *p, const struct value *parent);

static struct value *no_memory(struct parsing *p) {
    p->no_memory = true;
    return NULL;
}

static int by_name(const void *pa, const void *pb) {
    const struct value *a = *(struct value *const *)pa, *b = *(struct value *const *)pb;
    return str_compare(a->name, b->name);
}

// Copies the items of an array or object into the arena. False: no memory.
static bool keep_items(struct parsing *p, struct value *v, const struct buffer *items) {
    v->n = items->n / sizeof *v->items;
    v->items = arena_alloc(p->arena, v->n + 1, sizeof *v->items);
    if (!v->items) return false;
    if (v->n) memcpy(v->items, items->p, items->n);
    for (size_t i = 0; i < v->n; i++) v->items[i]->index = i;
    if (v->kind != VALUE_OBJECT) return true;
    v->by_name = arena_alloc(p->arena, v->n + 1, sizeof *v->by_name);
    if (!v->by_name) return false;
    if (v->n) memcpy(v->by_name, v->items, items->n);
    if (v->n) qsort(v->by_name, v->n, sizeof *v->by_name, by_name);
    for (size_t i = 1; i < v->n && !p->twice; i++)
        if (str_equal(v->by_name[i - 1]->name, v->by_name[i]->name)) p->twice = v->by_name[i];
    return true;
}

// The text has been walked over: it is nested at most 64 deep.
static bool parse_items(struct parsing *p, struct value *v) {
    struct buffer items = {0};
    const bool object = v->kind == VALUE_OBJECT;
    struct str name = {0};
    if (object) json_enter(&p->walk);
    else json_enter_list(&p->walk);
    while (!p->no_memory && (object ? json_name(&p->walk, &name) : json_element(&p->walk))) {
        struct value *item = parse_value(p, v);
        p->no_memory = !item || (object && !json_unquote(name, p->arena, &item->name)) ||
                       !buffer_add(&items, &item, sizeof item);
    }
    p->no_memory = p->no_memory || !keep_items(p, v, &items);
    buffer_free(&items);
    return !p->no_memory;
}

static struct value *parse_value(struct parsing *p, const struct value *parent) {
    struct value *v = arena_alloc(p->arena, 1, sizeof *v);
    if (!v) return no_memory(p);
    *v = (struct value){.parent = parent};
    switch (json_kind(&p->walk)) {
    case '{': v->kind = VALUE_OBJECT; break;
    case '[': v->kind = VALUE_ARRAY; break;
    case '"': v->kind = VALUE_STRING; break;
    case 't': v->kind = VALUE_TRUE; break;
    case 'f': v->kind = VALUE_FALSE; break;
    case 'n': v->kind = VALUE_NULL; break;
    default: v->kind = VALUE_NUMBER; break;
    }
    if (v->kind >= VALUE_ARRAY) return parse_items(p, v) ? v : NULL;
    json_value(&p->walk, &v->text);
    if (v->kind == VALUE_STRING && !json_unquote(v->text, p->arena, &v->text)) return no_memory(p);
    return v;
}

quill_status value_parse(struct value **out, struct arena *arena, struct str text, quill_error *err) {
    struct str all;
    struct parsing p = {.walk = {.text = json_without_bom(text)}, .arena = arena};
    if (text.n > MOST_BYTES)
        return fail(err, QUILL_E_USAGE, "expected at most %d bytes, found %zu", MOST_BYTES, text.n);
    struct json_walk first = p.walk;
    if (!json_value(&first, &all) || !json_at_end(&first))
        return fail_at(err, QUILL_E_USAGE, first.at, "at byte %zu: %s", first.at, first.mistake);
    *out = parse_value(&p, NULL);
    if (!*out) return fail_memory(err);
    if (p.twice) return fail(err, QUILL_E_USAGE, "'%s' stands twice in one object", QUOTED(p.twice->name));
    return QUILL_OK;
}

struct value *value_member(const struct value *object, struct str name) {
    if (object->kind != VALUE_OBJECT) return NULL;
    size_t low = 0, high = object->n;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        const int order = str_compare(object->by_name[middle]->name, name);
        if (order == 0) return object->by_name[middle];
        if (order < 0) low = middle + 1;
        else high = middle;
    }
    return NULL;
}

static bool numbers_equal(struct str a, struct str b) {
    struct arena arena = {0};
    struct decimal x, y;
    bool huge = false, equal = str_equal(a, b);
    if (!equal && decimal_read(&x, &arena, a, &huge) && decimal_read(&y, &arena, b, &huge))
        equal = decimal_compare(&x, &y) == 0;
    arena_free(&arena);
    return equal;
}

// Values are nested at most 64 deep.
bool value_equal(const struct value *a, const struct value *b) {
    if (a->kind != b->kind || a->n != b->n) return false;
    if (a->kind == VALUE_NUMBER) return numbers_equal(a->text, b->text);
    if (a->kind == VALUE_STRING) return str_equal(a->text, b->text);
    for (size_t i = 0; i < a->n; i++) {
        const bool object = a->kind == VALUE_OBJECT;
        const struct value *x = object ? a->by_name[i] : a->items[i], *y = object ? b->by_name[i] : b->items[i];
        if (!str_equal(x->name, y->name) || !value_equal(x, y)) return false;
    }
    return true;
}

static bool add_token(struct buffer *out, struct str name) {
    bool ok = true;
    for (size_t i = 0; i < name.n && ok; i++)
        ok = name.p[i] == '~'   ? buffer_add_string(out, "~0")
             : name.p[i] == '/' ? buffer_add_string(out, "~1")
                                : buffer_add_byte(out, name.p[i]);
    return ok;
}

bool value_path(struct buffer *out, const struct value *v) {
    if (!v->parent) return true;
    const bool ok = value_path(out, v->parent) && buffer_add_byte(out, '/');
    if (v->parent->kind == VALUE_ARRAY) return ok && buffer_add_format(out, "%zu", v->index);
    return ok && add_token(out, v->name);
}

bool value_quote(struct buffer *out, struct str text) {
    static const char letters[] = "btnvfr"; // of \b to \r; \v is none of JSON's
    bool ok = buffer_add_byte(out, '"');
    for (size_t i = 0; i < text.n && ok; i++) {
        const uint8_t c = (uint8_t)text.p[i];
        if (c >= '\b' && c <= '\r' && c != '\v') ok = buffer_add_format(out, "\\%c", letters[c - '\b']);
        else if (c < 0x20) ok = buffer_add_format(out, "\\u%04x", c);
        else ok = (c != '"' && c != '\\') || buffer_add_byte(out, '\\') ? buffer_add_byte(out, (char)c) : false;
    }
    return ok && buffer_add_byte(out, '"');
}

// ---- numbers ----------------------------------------------------------------------------------------

// The number behind an e; false: it has more than 18 digits.
static bool read_exponent(struct str text, int64_t *value) {
    const bool negative = text.n && text.p[0] == '-';
    size_t i = text.n && (text.p[0] == '-' || text.p[0] == '+');
    *value = 0;
    while (i < text.n && text.p[i] == '0') i++;
    if (text.n - i > 18) return false;
    for (; i < text.n; i++) *value = *value * 10 + (text.p[i] - '0');
    if (negative) *value = -*value;
    return true;
}

bool decimal_read(struct decimal *d, struct arena *arena, struct str written, bool *huge) {
    *d = (struct decimal){.digits = arena_alloc(arena, written.n + 1, 1)};
    if (!d->digits) return false;
    size_t i = 0;
    int64_t exponent = 0;
    bool fraction = false;
    d->negative = written.n && written.p[0] == '-';
    for (i = d->negative; i < written.n && (written.p[i] | 0x20) != 'e'; i++) {
        const char c = written.p[i];
        if (c == '.') {
            fraction = true;
            continue;
        }
        d->point += fraction ? (d->n == 0 && c == '0' ? -1 : 0) : (d->n > 0 || c != '0');
        if (d->n > 0 || c != '0') d->digits[d->n++] = c;
    }
    *huge = i < written.n && !read_exponent((struct str){written.p + i + 1, written.n - i - 1}, &exponent);
    while (d->n && d->digits[d->n - 1] == '0') d->n--;
    d->point += exponent;
    if (d->n == 0) d->point = 0, d->negative = false;
    if (d->n == 0) *huge = false;
    return !*huge;
}

static int compare_sizes(const struct decimal *a, const struct decimal *b) {
    if (a->n == 0 || b->n == 0) return (a->n > 0) - (b->n > 0);
    if (a->point != b->point) return a->point < b->point ? -1 : 1;
    return str_compare((struct str){a->digits, a->n}, (struct str){b->digits, b->n});
}

int decimal_compare(const struct decimal *a, const struct decimal *b) {
    if (a->negative != b->negative) return a->negative ? -1 : 1;
    return a->negative ? compare_sizes(b, a) : compare_sizes(a, b);
}
