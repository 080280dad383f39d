// SPDX-License-Identifier: MIT
// Whether a given value satisfies a schema, and values as expressions.
#include "schema_compile.h"
#include "schema_formats.h"

#include "base/utf8.h"

static bool all_satisfied(struct compiler *c, const struct schema *s, const struct value *v) {
    for (size_t i = 0; i < s->all.n; i++)
        if (!satisfies(c, s->all.items[i], PART_ALL, v)) return false;
    return true;
}

static size_t count_satisfied(struct compiler *c, const struct schema_list *list, const struct value *v) {
    size_t n = 0;
    for (size_t i = 0; i < list->n; i++) n += satisfies(c, list->items[i], PART_ALL, v);
    return n;
}

static bool takes(struct compiler *c, const struct nfa *nfa, struct str text) {
    bool yes = false;
    if (!nfa || !goes_on(c) || !compile_spend(c, text.n + 1)) return false;
    compile_fail(c, nfa_takes(nfa, text, &yes, c->err));
    return yes;
}

static size_t count_characters(struct str text) {
    size_t n = 0;
    for (size_t i = 0; i < text.n; i++) n += ((uint8_t)text.p[i] & 0xc0) != 0x80;
    return n;
}

static bool string_satisfies(struct compiler *c, const struct schema *s, struct str text) {
    const size_t n = count_characters(text);
    if (n < s->min_length || n > s->max_length) return false;
    if (s->pattern.p && !takes(c, pattern_nfa(c, s, s->pattern, s->pattern_at), text)) return false;
    const struct nfa *format = s->format.p ? format_nfa(c, s) : NULL;
    return !format || takes(c, format, text);
}

// *integer: so it is.
static bool number_satisfies(struct compiler *c, const struct schema *s, struct str text, bool *integer) {
    struct decimal d;
    bool huge = false;
    if (!decimal_read(&d, &c->arena, text, &huge)) {
        if (!huge) compile_no_memory(c);
        return false;
    }
    *integer = decimal_is_integer(&d);
    const int low = s->least.given ? decimal_compare(&d, &s->least.value) : 1;
    const int high = s->most.given ? decimal_compare(&d, &s->most.value) : -1;
    return low >= s->least.exclusive && high <= -(int)s->most.exclusive;
}

static bool array_satisfies(struct compiler *c, const struct schema *s, const struct value *v) {
    if (v->n < s->min_items || v->n > s->max_items) return false;
    for (size_t i = 0; i < v->n; i++) {
        const struct schema *item = i < s->prefix.n ? s->prefix.items[i] : s->items;
        if (item && !satisfies(c, item, PART_ALL, v->items[i])) return false;
    }
    return true;
}

static bool member_satisfies(struct compiler *c, const struct schema *s, const struct value *v) {
    const struct value name = {.kind = VALUE_STRING, .text = v->name};
    if (s->names && !satisfies(c, s->names, PART_ALL, &name)) return false;
    const struct value *own = s->properties ? value_member(s->properties, v->name) : NULL;
    bool known = own != NULL;
    if (own && !satisfies(c, own->schema, PART_ALL, v)) return false;
    for (size_t i = 0; s->patterns && i < s->patterns->n; i++) {
        const struct value *p = s->patterns->items[i];
        if (!takes(c, pattern_nfa(c, p->schema, p->name, p), v->name)) continue;
        known = true;
        if (!satisfies(c, p->schema, PART_ALL, v)) return false;
    }
    return known || !s->additional || satisfies(c, s->additional, PART_ALL, v);
}

static bool object_satisfies(struct compiler *c, const struct schema *s, const struct value *v) {
    if (v->n < s->min_properties || v->n > s->max_properties) return false;
    for (size_t i = 0; s->required && i < s->required->n; i++)
        if (!value_member(v, s->required->items[i]->text)) return false;
    for (size_t i = 0; i < v->n; i++)
        if (!member_satisfies(c, s, v->items[i])) return false;
    return true;
}

static bool is_listed(struct compiler *c, const struct schema *s, const struct value *v) {
    if (s->constant && !value_equal(s->constant, v)) return false;
    bool found = !s->values || v->parent == s->values; // it is one of them
    for (size_t i = 0; s->values && i < s->values->n && !found; i++) found = value_equal(s->values->items[i], v);
    return compile_spend(c, s->values && v->parent != s->values ? s->values->n : 1) && found;
}

static bool own_satisfied(struct compiler *c, const struct schema *s, const struct value *v) {
    static const unsigned types[] = {
        [VALUE_NULL] = TYPE_NULL,     [VALUE_FALSE] = TYPE_BOOLEAN, [VALUE_TRUE] = TYPE_BOOLEAN,
        [VALUE_NUMBER] = TYPE_NUMBER, [VALUE_STRING] = TYPE_STRING, [VALUE_ARRAY] = TYPE_ARRAY,
        [VALUE_OBJECT] = TYPE_OBJECT};
    bool integer = false;
    if (!(s->types & types[v->kind]) || !is_listed(c, s, v)) return false;
    switch (v->kind) {
    case VALUE_NUMBER:
        return number_satisfies(c, s, v->text, &integer) && (s->types & (integer ? TYPE_INTEGER : TYPE_FRACTION));
    case VALUE_STRING: return string_satisfies(c, s, v->text);
    case VALUE_ARRAY: return array_satisfies(c, s, v);
    case VALUE_OBJECT: return object_satisfies(c, s, v);
    default: return true;
    }
}

// Schemas that speak of the same value refer to each other in no circle, and values are nested at most 64 deep; but a
// chain of schemas may be long, so its length is limited.
bool satisfies(struct compiler *c, const struct schema *s, enum part part, const struct value *v) {
    enum { MOST_DEPTH = 1000 };
    if (c->depth == MOST_DEPTH) compile_spend(c, UINT64_MAX / 2);
    if (!compile_spend(c, 8) || s->never) return false;
    c->depth++;
    bool yes = true;
    if (part == PART_ALL || part == PART_OWN) yes = own_satisfied(c, s, v);
    if (yes && part == PART_ALL) yes = all_satisfied(c, s, v);
    if (yes && s->any.n && (part == PART_ALL || part == PART_ANY)) yes = count_satisfied(c, &s->any, v) > 0;
    if (yes && s->one.n && (part == PART_ALL || part == PART_ONE)) yes = count_satisfied(c, &s->one, v) == 1;
    c->depth--;
    return yes && goes_on(c);
}

// ---- as expressions ---------------------------------------------------------------------------------

static uint32_t text_of(struct compiler *c, const struct value *v) {
    struct buffer text = {0};
    bool ok = true;
    if (v->kind == VALUE_STRING) ok = value_quote(&text, v->text);
    else if (v->kind == VALUE_NUMBER) ok = buffer_add_str(&text, v->text);
    else ok = buffer_add_string(&text, v->kind == VALUE_NULL ? "null" : v->kind == VALUE_TRUE ? "true" : "false");
    if (!ok) compile_no_memory(c);
    const uint32_t expr = goes_on(c) ? grammar_text(c->g, buffer_str(&text)) : 0;
    buffer_free(&text);
    return expr;
}

static uint32_t name_of(struct compiler *c, const struct value *v) {
    const struct value name = {.kind = VALUE_STRING, .text = v->name};
    return text_of(c, &name);
}

// Values are nested at most 64 deep.
uint32_t compile_value(struct compiler *c, const struct value *v) {
    if (v->kind < VALUE_ARRAY) return text_of(c, v);
    const bool object = v->kind == VALUE_OBJECT;
    const size_t most = 4 * v->n + 2;
    uint32_t *parts = arena_alloc(&c->arena, most, sizeof *parts);
    size_t n = 0;
    if (!parts) compile_no_memory(c);
    if (!goes_on(c)) return 0;
    parts[n++] = grammar_text(c->g, object ? STR("{") : STR("["));
    for (size_t i = 0; i < v->n && goes_on(c); i++) {
        if (i) parts[n++] = compile_comma(c);
        if (object) parts[n++] = name_of(c, v->items[i]);
        if (object) parts[n++] = compile_colon(c);
        parts[n++] = compile_value(c, v->items[i]);
    }
    parts[n++] = grammar_text(c->g, object ? STR("}") : STR("]"));
    return grammar_sequence(c->g, parts, n);
}
