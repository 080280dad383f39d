// SPDX-License-Identifier: MIT
// Where a $ref leads: JSON pointers (RFC 6901) in URI fragments, and anchors.
#include "schema.h"

// Percent-decodes. False: no memory.
static bool decode(struct buffer *out, struct str text) {
    bool ok = true;
    for (size_t i = 0; i < text.n && ok; i++) {
        const bool escaped = text.p[i] == '%' && text.n - i > 2 && hex_value(text.p[i + 1]) >= 0 &&
                             hex_value(text.p[i + 2]) >= 0;
        ok = buffer_add_byte(out, (char)(escaped ? hex_value(text.p[i + 1]) << 4 | hex_value(text.p[i + 2])
                                                 : text.p[i]));
        if (escaped) i += 2;
    }
    return ok;
}

// An index of an array without leading zeros; false: it is none.
static bool read_index(struct str token, size_t *index) {
    *index = 0;
    if (token.n == 0 || token.n > 9 || (token.n > 1 && token.p[0] == '0')) return false;
    for (size_t i = 0; i < token.n; i++) {
        if (token.p[i] < '0' || token.p[i] > '9') return false;
        *index = *index * 10 + (size_t)(token.p[i] - '0');
    }
    return true;
}

static struct value *child(const struct value *v, struct str token) {
    size_t index;
    if (v->kind == VALUE_OBJECT) return value_member(v, token);
    return v->kind == VALUE_ARRAY && read_index(token, &index) && index < v->n ? v->items[index] : NULL;
}

// Follows "/a/b~1c". *ok: memory was enough.
static struct value *follow(struct value *from, struct str pointer, bool *ok) {
    struct buffer token = {0};
    struct value *v = from;
    for (size_t i = 0; i < pointer.n && v && *ok;) {
        token.n = 0;
        for (i++; i < pointer.n && pointer.p[i] != '/' && *ok; i++) {
            const bool escaped = pointer.p[i] == '~' && i + 1 < pointer.n &&
                                 (pointer.p[i + 1] == '0' || pointer.p[i + 1] == '1');
            *ok = buffer_add_byte(&token, !escaped ? pointer.p[i] : pointer.p[i + 1] == '0' ? '~' : '/');
            i += escaped;
        }
        v = child(v, buffer_str(&token));
    }
    buffer_free(&token);
    return v;
}

// The value with this $anchor. Values are nested at most 64 deep.
static struct value *find_anchor(struct value *v, struct str name) {
    static const char *const keys[] = {"$anchor", "$dynamicAnchor"};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        const struct value *anchor = value_member(v, str_of(keys[i]));
        if (anchor && anchor->kind == VALUE_STRING && str_equal(anchor->text, name)) return v;
    }
    struct value *found = NULL;
    for (size_t i = 0; i < v->n && !found; i++) found = find_anchor(v->items[i], name);
    return found;
}

// The part of a URI in front of its fragment.
static struct str without_fragment(struct str uri) {
    const char *mark = uri.n ? memchr(uri.p, '#', uri.n) : NULL;
    return (struct str){uri.p, mark ? (size_t)(mark - uri.p) : uri.n};
}

static struct str id_of(const struct value *v) {
    const struct value *id = value_member(v, STR("$id"));
    return id && id->kind == VALUE_STRING ? without_fragment(id->text) : (struct str){0};
}

// The schema that a fragment of a reference at `v` is meant within: the nearest one with an $id, or the whole.
static struct value *resource_of(struct schema_text *t, const struct value *v) {
    for (; v->parent; v = v->parent) {
        if (id_of(v).n == 0) continue;
        return v->parent->items[v->index];
    }
    return t->root;
}

quill_status schema_resolve(struct schema_text *t, const struct value *ref, struct value **target, quill_error *err) {
    if (ref->kind != VALUE_STRING) return schema_refuse(ref, err, "expected a reference in quotes");
    struct value *from = resource_of(t, ref);
    const struct str document = without_fragment(ref->text);
    struct str fragment = {ref->text.p + document.n, ref->text.n - document.n};
    if (document.n && str_equal(document, id_of(t->root))) from = t->root;
    else if (document.n && !str_equal(document, id_of(from)))
        return schema_refuse(ref, err, "expected a reference within this schema (#...), found '%s'",
                             QUOTED(ref->text));
    if (fragment.n) fragment = (struct str){fragment.p + 1, fragment.n - 1};
    struct buffer decoded = {0};
    bool ok = decode(&decoded, fragment);
    const struct str pointer = buffer_str(&decoded);
    *target = pointer.n && pointer.p[0] != '/' ? find_anchor(from, pointer) : ok ? follow(from, pointer, &ok) : NULL;
    buffer_free(&decoded);
    if (!ok) return fail_memory(err);
    return *target ? QUILL_OK : schema_refuse(ref, err, "'%s' leads nowhere", QUOTED(ref->text));
}
