// SPDX-License-Identifier: MIT
#include "schema.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/nearest.h"

quill_status schema_refuse(const struct value *at, quill_error *err, const char *format, ...) {
    char text[sizeof err->text];
    struct buffer path = {0};
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    quill_status s = value_path(&path, at) ? QUILL_E_USAGE : fail_memory(err);
    if (s == QUILL_E_USAGE)
        s = fail(err, s, "json-schema: %s%s%s", path.n ? QUOTED(buffer_str(&path)) : "", path.n ? ": " : "", text);
    buffer_free(&path);
    return s;
}

struct reading_schema {
    struct schema_text *t;
    struct schema *schema;
    quill_error *err;
};

struct schema *schema_at(struct schema_text *t, struct value *v) {
    if (v->schema) return v->schema;
    if (t->n == t->cap) {
        struct schema **schemas = alloc_grow(t->schemas, &t->cap, t->n + 1, sizeof(struct schema *));
        if (!schemas) return NULL;
        t->schemas = schemas;
    }
    struct schema *s = arena_alloc(&t->arena, 1, sizeof *s);
    if (!s) return NULL;
    *s = (struct schema){.at = v, .index = (uint32_t)t->n, .types = TYPE_ANY, .max_length = UNLIMITED,
                         .max_items = UNLIMITED, .max_properties = UNLIMITED};
    return t->schemas[t->n++] = v->schema = s;
}

// ---- kinds of values --------------------------------------------------------------------------------

static quill_status read_schema(struct reading_schema *r, struct value *v, struct schema **out) {
    *out = schema_at(r->t, v);
    return *out ? QUILL_OK : fail_memory(r->err);
}

// Adds schemas to a list.
static quill_status add_schemas(struct reading_schema *r, struct schema_list *list, struct value *const *items,
                                size_t n) {
    struct schema **all = arena_alloc(&r->t->arena, list->n + n + 1, sizeof(struct schema *));
    if (!all) return fail_memory(r->err);
    if (list->n) memcpy(all, list->items, list->n * sizeof(struct schema *));
    list->items = all;
    quill_status s = QUILL_OK;
    for (size_t i = 0; i < n && !s; i++) {
        s = read_schema(r, items[i], &list->items[list->n]);
        if (!s) list->n++;
    }
    return s;
}

static quill_status read_list(struct reading_schema *r, const struct value *v, struct schema_list *list) {
    if (v->kind != VALUE_ARRAY || v->n == 0) return schema_refuse(v, r->err, "expected a list of schemas");
    return add_schemas(r, list, v->items, v->n);
}

// The values of an object are schemas. The object itself is kept, for the names.
static quill_status read_object(struct reading_schema *r, const struct value *v, const struct value **out) {
    if (v->kind != VALUE_OBJECT) return schema_refuse(v, r->err, "expected an object of schemas");
    struct schema *one;
    quill_status s = QUILL_OK;
    for (size_t i = 0; i < v->n && !s; i++) s = read_schema(r, v->items[i], &one);
    *out = v;
    return s;
}

static quill_status read_decimal(struct reading_schema *r, const struct value *v, struct decimal *d) {
    bool huge = false;
    if (v->kind != VALUE_NUMBER) return schema_refuse(v, r->err, "expected a number");
    if (decimal_read(d, &r->t->arena, v->text, &huge)) return QUILL_OK;
    return huge ? schema_refuse(v, r->err, "'%s' is out of range", QUOTED(v->text)) : fail_memory(r->err);
}

static quill_status read_count(struct reading_schema *r, const struct value *v, uint64_t *count) {
    struct decimal d;
    const quill_status s = read_decimal(r, v, &d);
    if (s) return s;
    if (d.negative || !decimal_is_integer(&d)) return schema_refuse(v, r->err, "expected a whole number of 0 or more");
    *count = d.point > 18 ? UNLIMITED - 1 : 0;
    for (int64_t i = 0; i < d.point && d.point <= 18; i++)
        *count = *count * 10 + (uint64_t)((size_t)i < d.n ? d.digits[i] - '0' : 0);
    return QUILL_OK;
}

static quill_status read_bound(struct reading_schema *r, const struct value *v, struct bound *bound, bool upper,
                               bool exclusive) {
    struct bound other = {.given = true, .exclusive = exclusive};
    const quill_status s = read_decimal(r, v, &other.value);
    if (s) return s;
    enum { MOST_DIGITS = 400 };
    if (other.value.point > MOST_DIGITS || other.value.point < -MOST_DIGITS || other.value.n > MOST_DIGITS)
        return schema_refuse(v, r->err, "expected a number of at most %d digits", MOST_DIGITS);
    int order = bound->given ? decimal_compare(&other.value, &bound->value) : 0;
    if (upper) order = -order;
    if (!bound->given || order > 0 || (order == 0 && exclusive)) *bound = other;
    return QUILL_OK;
}

static quill_status read_string(struct reading_schema *r, const struct value *v, struct str *text) {
    if (v->kind != VALUE_STRING) return schema_refuse(v, r->err, "expected a text in quotes");
    *text = (struct str){v->text.n ? v->text.p : "", v->text.n};
    return QUILL_OK;
}

// ---- keywords ---------------------------------------------------------------------------------------

static quill_status type_named(struct reading_schema *r, const struct value *v, unsigned *types) {
    static const struct {
        const char *name;
        unsigned types;
    } names[] = {{"null", TYPE_NULL}, {"boolean", TYPE_BOOLEAN}, {"integer", TYPE_INTEGER}, {"number", TYPE_NUMBER},
                 {"string", TYPE_STRING}, {"array", TYPE_ARRAY}, {"object", TYPE_OBJECT}};
    for (size_t i = 0; v->kind == VALUE_STRING && i < sizeof names / sizeof *names; i++)
        if (str_is(v->text, names[i].name)) {
            *types |= names[i].types;
            return QUILL_OK;
        }
    return schema_refuse(v, r->err, "expected null, boolean, integer, number, string, array or object");
}

static quill_status read_type(struct reading_schema *r, struct value *v) {
    unsigned types = 0;
    quill_status s = QUILL_OK;
    if (v->kind == VALUE_ARRAY)
        for (size_t i = 0; i < v->n && !s; i++) s = type_named(r, v->items[i], &types);
    else s = type_named(r, v, &types);
    const struct value *nullable = value_member(r->schema->at, STR("nullable"));
    if (nullable && nullable->kind == VALUE_TRUE) types |= TYPE_NULL;
    r->schema->types &= types;
    return s;
}

static quill_status read_enum(struct reading_schema *r, struct value *v) {
    if (v->kind != VALUE_ARRAY) return schema_refuse(v, r->err, "expected a list of values");
    r->schema->values = v;
    return QUILL_OK;
}

static quill_status read_const(struct reading_schema *r, struct value *v) {
    r->schema->constant = v;
    return QUILL_OK;
}

static quill_status read_properties(struct reading_schema *r, struct value *v) {
    return read_object(r, v, &r->schema->properties);
}

static quill_status read_patterns(struct reading_schema *r, struct value *v) {
    return read_object(r, v, &r->schema->patterns);
}

static quill_status read_additional(struct reading_schema *r, struct value *v) {
    return read_schema(r, v, &r->schema->additional);
}

static quill_status read_names(struct reading_schema *r, struct value *v) {
    return read_schema(r, v, &r->schema->names);
}

static quill_status read_required(struct reading_schema *r, struct value *v) {
    bool ok = v->kind == VALUE_ARRAY;
    for (size_t i = 0; ok && i < v->n; i++) ok = v->items[i]->kind == VALUE_STRING;
    r->schema->required = v;
    return ok ? QUILL_OK : schema_refuse(v, r->err, "expected a list of names");
}

static quill_status read_min_properties(struct reading_schema *r, struct value *v) {
    return read_count(r, v, &r->schema->min_properties);
}

static quill_status read_max_properties(struct reading_schema *r, struct value *v) {
    return read_count(r, v, &r->schema->max_properties);
}

static quill_status read_prefix(struct reading_schema *r, struct value *v) {
    return read_list(r, v, &r->schema->prefix);
}

// A list of schemas is what prefixItems is since 2020.
static quill_status read_items(struct reading_schema *r, struct value *v) {
    if (v->kind != VALUE_ARRAY) return read_schema(r, v, &r->schema->items);
    struct value *others = value_member(r->schema->at, STR("additionalItems"));
    quill_status s = add_schemas(r, &r->schema->prefix, v->items, v->n);
    if (!s && others) s = read_schema(r, others, &r->schema->items);
    return s;
}

static quill_status read_min_items(struct reading_schema *r, struct value *v) {
    return read_count(r, v, &r->schema->min_items);
}

static quill_status read_max_items(struct reading_schema *r, struct value *v) {
    return read_count(r, v, &r->schema->max_items);
}

static quill_status read_unique(struct reading_schema *r, struct value *v) {
    if (v->kind == VALUE_FALSE) return QUILL_OK;
    struct value *most = value_member(r->schema->at, STR("maxItems"));
    uint64_t n = UNLIMITED;
    const quill_status s = most ? read_count(r, most, &n) : QUILL_OK;
    if (s || n <= 1) return s;
    return schema_refuse(v, r->err, "items that all differ are not supported");
}

static quill_status read_pattern(struct reading_schema *r, struct value *v) {
    r->schema->pattern_at = v;
    return read_string(r, v, &r->schema->pattern);
}

static quill_status read_format(struct reading_schema *r, struct value *v) {
    return read_string(r, v, &r->schema->format);
}

static quill_status read_min_length(struct reading_schema *r, struct value *v) {
    return read_count(r, v, &r->schema->min_length);
}

static quill_status read_max_length(struct reading_schema *r, struct value *v) {
    return read_count(r, v, &r->schema->max_length);
}

static quill_status read_minimum(struct reading_schema *r, struct value *v) {
    return read_bound(r, v, &r->schema->least, false, false);
}

static quill_status read_maximum(struct reading_schema *r, struct value *v) {
    return read_bound(r, v, &r->schema->most, true, false);
}

static quill_status read_exclusive_minimum(struct reading_schema *r, struct value *v) {
    return read_bound(r, v, &r->schema->least, false, true);
}

static quill_status read_exclusive_maximum(struct reading_schema *r, struct value *v) {
    return read_bound(r, v, &r->schema->most, true, true);
}

static quill_status read_multiple(struct reading_schema *r, struct value *v) {
    struct decimal d;
    const quill_status s = read_decimal(r, v, &d);
    if (s) return s;
    if (d.negative || d.n != 1 || d.digits[0] != '1' || d.point != 1)
        return schema_refuse(v, r->err, "multiples of other numbers than 1 are not supported");
    r->schema->types &= ~(unsigned)TYPE_FRACTION;
    return QUILL_OK;
}

static quill_status read_all(struct reading_schema *r, struct value *v) { return read_list(r, v, &r->schema->all); }

static quill_status read_any(struct reading_schema *r, struct value *v) { return read_list(r, v, &r->schema->any); }

static quill_status read_one(struct reading_schema *r, struct value *v) { return read_list(r, v, &r->schema->one); }

static quill_status read_ref(struct reading_schema *r, struct value *v) {
    struct value *target = NULL;
    const quill_status s = schema_resolve(r->t, v, &target, r->err);
    return s ? s : add_schemas(r, &r->schema->all, &target, 1);
}

static bool is_any(const struct value *v) { return v->kind == VALUE_TRUE || (v->kind == VALUE_OBJECT && v->n == 0); }

static quill_status not_supported(struct reading_schema *r, struct value *v) {
    return schema_refuse(v, r->err, "this keyword is not supported");
}

// What every value satisfies asks for nothing.
static quill_status read_unevaluated(struct reading_schema *r, struct value *v) {
    return is_any(v) ? QUILL_OK : not_supported(r, v);
}

static quill_status read_if(struct reading_schema *r, struct value *v) {
    const struct value *at = r->schema->at;
    return value_member(at, STR("then")) || value_member(at, STR("else")) ? not_supported(r, v) : QUILL_OK;
}

// Names of properties on which others depend.
static quill_status read_dependent(struct reading_schema *r, struct value *v) {
    return v->kind == VALUE_OBJECT && v->n == 0 ? QUILL_OK : not_supported(r, v);
}

static const struct keyword {
    const char *name;
    quill_status (*read)(struct reading_schema *r, struct value *v); // NULL: it says nothing of values
} keywords[] = {
    {"type", read_type}, {"enum", read_enum}, {"const", read_const}, {"properties", read_properties},
    {"required", read_required}, {"additionalProperties", read_additional}, {"patternProperties", read_patterns},
    {"propertyNames", read_names}, {"minProperties", read_min_properties}, {"maxProperties", read_max_properties},
    {"items", read_items}, {"prefixItems", read_prefix}, {"minItems", read_min_items}, {"maxItems", read_max_items},
    {"uniqueItems", read_unique}, {"pattern", read_pattern}, {"format", read_format},
    {"minLength", read_min_length}, {"maxLength", read_max_length}, {"minimum", read_minimum},
    {"maximum", read_maximum}, {"exclusiveMinimum", read_exclusive_minimum},
    {"exclusiveMaximum", read_exclusive_maximum}, {"multipleOf", read_multiple}, {"allOf", read_all},
    {"anyOf", read_any}, {"oneOf", read_one}, {"$ref", read_ref},
    {"not", not_supported}, {"if", read_if}, {"contains", not_supported}, {"dependencies", read_dependent},
    {"dependentRequired", read_dependent}, {"dependentSchemas", read_dependent},
    {"unevaluatedProperties", read_unevaluated}, {"unevaluatedItems", read_unevaluated},
    {"$dynamicRef", not_supported}, {"$recursiveRef", not_supported}, {"extends", not_supported},
    {"disallow", not_supported}, {"divisibleBy", not_supported},
    {"title", NULL}, {"description", NULL}, {"default", NULL}, {"example", NULL}, {"examples", NULL},
    {"$schema", NULL}, {"$id", NULL}, {"id", NULL}, {"$comment", NULL}, {"$defs", NULL}, {"definitions", NULL},
    {"$anchor", NULL}, {"$dynamicAnchor", NULL}, {"$vocabulary", NULL}, {"deprecated", NULL}, {"readOnly", NULL},
    {"writeOnly", NULL}, {"contentEncoding", NULL}, {"contentMediaType", NULL}, {"contentSchema", NULL},
    {"nullable", NULL}, {"discriminator", NULL}, {"then", NULL}, {"else", NULL}, {"additionalItems", NULL},
    {"minContains", NULL}, {"maxContains", NULL},
};
enum { N_KEYWORDS = sizeof keywords / sizeof *keywords };

// Words that nobody knows are notes too, but not those that are one letter from a keyword.
static quill_status read_unknown(struct reading_schema *r, const struct value *v) {
    enum { MOST_MEMBERS = 64 }; // of a schema; looking for the nearest keyword takes time
    struct nearest nearest = {.typed = v->name};
    for (size_t i = 0; i < N_KEYWORDS && r->schema->at->n <= MOST_MEMBERS; i++)
        if (keywords[i].read) nearest_offer(&nearest, str_of(keywords[i].name));
    const size_t n = v->name.n, m = nearest.best.n;
    if (!nearest.best.p || nearest.cost != 1 || n < 4 || n > m + 1 || m > n + 1) return QUILL_OK;
    return schema_refuse(v, r->err, "no keyword; did you mean %.*s?", (int)m, nearest.best.p);
}

static bool is_applicator(quill_status (*read)(struct reading_schema *r, struct value *v)) {
    return read == read_all || read == read_any || read == read_one || read == read_ref;
}

static quill_status read_keyword(struct reading_schema *r, struct value *v) {
    for (size_t i = 0; i < N_KEYWORDS; i++)
        if (str_is(v->name, keywords[i].name)) {
            if (!keywords[i].read) return QUILL_OK;
            if (!is_applicator(keywords[i].read)) r->schema->asserts = true;
            return keywords[i].read(r, v);
        }
    return read_unknown(r, v);
}

static quill_status read_one_schema(struct reading_schema *r) {
    const struct value *at = r->schema->at;
    if (at->kind == VALUE_TRUE) return QUILL_OK;
    r->schema->never = at->kind == VALUE_FALSE;
    if (r->schema->never) return QUILL_OK;
    if (at->kind != VALUE_OBJECT) return schema_refuse(at, r->err, "expected a schema: an object, true or false");
    quill_status s = QUILL_OK;
    for (size_t i = 0; i < at->n && !s; i++) s = read_keyword(r, at->items[i]);
    return s;
}

// ---- circles ----------------------------------------------------------------------------------------

// Schemas that say something of the same value.
static struct schema *neighbour(const struct schema *s, size_t i) {
    const struct schema_list *lists[] = {&s->all, &s->any, &s->one};
    for (size_t k = 0; k < 3; k++) {
        if (i < lists[k]->n) return lists[k]->items[i];
        i -= lists[k]->n;
    }
    return NULL;
}

struct step {
    struct schema *schema;
    size_t next;
};

// Depth first; a schema that is met again below itself would be asked about the same value forever.
static quill_status check_circles(struct schema_text *t, struct step *stack, quill_error *err) {
    enum { NEW, OPEN, DONE };
    for (size_t i = 0; i < t->n; i++) {
        size_t n = 0;
        if (t->schemas[i]->mark != NEW) continue;
        t->schemas[i]->mark = OPEN;
        stack[n++] = (struct step){t->schemas[i], 0};
        while (n) {
            struct step *top = &stack[n - 1];
            struct schema *next = neighbour(top->schema, top->next++);
            if (!next) {
                top->schema->mark = DONE;
                n--;
            } else if (next->mark == OPEN) {
                const struct value *ref = value_member(top->schema->at, STR("$ref"));
                return schema_refuse(ref ? ref : top->schema->at, err, "refers to itself without end");
            } else if (next->mark == NEW) {
                next->mark = OPEN;
                stack[n++] = (struct step){next, 0};
            }
        }
    }
    return QUILL_OK;
}

quill_status schema_text_read(struct schema_text *t, struct str text, quill_error *err) {
    quill_error mistake;
    *t = (struct schema_text){0};
    quill_status s = value_parse(&t->root, &t->arena, text, &mistake);
    if (s == QUILL_E_USAGE) return fail(err, s, "json-schema: %s", mistake.text);
    if (s) return fail_memory(err);
    struct reading_schema r = {.t = t, .err = err};
    if (!schema_at(t, t->root)) return fail_memory(err);
    for (size_t i = 0; i < t->n && !s; i++) {
        r.schema = t->schemas[i];
        s = read_one_schema(&r);
    }
    if (s) return s;
    struct step *stack = alloc_array(t->n, sizeof *stack);
    s = stack ? check_circles(t, stack, err) : fail_memory(err);
    free(stack);
    return s;
}

void schema_text_free(struct schema_text *t) {
    arena_free(&t->arena);
    free(t->schemas);
    *t = (struct schema_text){0};
}
