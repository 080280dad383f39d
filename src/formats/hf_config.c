// SPDX-License-Identifier: MIT
// config.json as metadata: nested objects are joined by dots.
#include <inttypes.h>
#include <math.h>

#include "hf.h"
#include "json.h"

enum {
    TREE_ROOM = 6 << 20,
    ARENA_ROOM = 4 << 20,
    KEY_BYTES = 1024, // longer dotted keys are skipped: nothing reads them, and deep nesting would make many
};

struct config {
    struct weights *w;
    const char *path;
    bool all_real; // all integers became reals: see json_tree
    char key[KEY_BYTES];
    quill_error *err;
};

static size_t count_members(json_t *object) {
    size_t n = 0;
    const char *name;
    json_t *value;
    json_object_foreach(object, name, value) n += 1 + (json_is_object(value) ? count_members(value) : 0);
    return n;
}

static quill_status too_large(struct config *c) {
    return fail(c->err, QUILL_E_MODEL, "%s: expected a configuration of ordinary size, found a larger one",
                QUOTED(str_of(c->path)));
}

static quill_status set_value(struct config *c, const json_t *value, struct meta *m);

static quill_status set_array(struct config *c, const json_t *value, struct meta *m) {
    struct arena *arena = &c->w->own->arena;
    size_t n = json_array_size(value);
    struct meta *items = arena_alloc(arena, n, sizeof *items);
    if (!items) return fail_memory(c->err);
    if (arena->bytes > ARENA_ROOM) return too_large(c);
    bool same = n > 0;
    for (size_t i = 0; i < n; i++) {
        items[i] = (struct meta){0};
        quill_status s = set_value(c, json_array_get(value, i), &items[i]);
        if (s) return s;
        same = same && items[i].kind == items[0].kind && items[i].kind < META_ARRAY;
    }
    m->kind = META_ARRAY;
    m->a = (struct meta_array){.kind = same ? items[0].kind : META_NULL, .n = n, .items = items};
    return QUILL_OK;
}

static void set_real(const struct config *c, double f, struct meta *m) {
    bool whole = c->all_real && f >= -0x1p53 && f <= 0x1p53 && floor(f) == f;
    m->kind = whole ? META_INT : META_FLOAT;
    if (whole) m->i = (int64_t)f;
    else m->f = f;
}

static quill_status set_value(struct config *c, const json_t *value, struct meta *m) {
    if (json_is_boolean(value)) {
        m->kind = META_BOOL;
        m->b = json_is_true(value);
    } else if (json_is_integer(value)) {
        m->kind = META_INT;
        m->i = json_integer_value(value);
    } else if (json_is_real(value)) {
        set_real(c, json_real_value(value), m);
    } else if (json_is_string(value)) {
        m->kind = META_STRING;
        m->s = (struct str){json_string_value(value), json_string_length(value)};
        m->s.p = arena_string(&c->w->own->arena, m->s);
        if (!m->s.p) return fail_memory(c->err);
    } else if (json_is_array(value)) {
        return set_array(c, value, m);
    } else {
        m->kind = json_is_object(value) ? META_OBJECT : META_NULL;
    }
    return QUILL_OK;
}

// Adds the members of `object`, whose own dotted key is the first n bytes of c->key.
static quill_status add_members(struct config *c, json_t *object, size_t n) {
    struct weights *w = c->w;
    const char *name;
    json_t *value;
    json_object_foreach(object, name, value) {
        size_t length = strlen(name);
        if (length + 1 > KEY_BYTES - n) continue;
        memcpy(c->key + n, name, length);
        struct meta *m = &w->meta[w->n_meta++];
        char *key = arena_string(&w->own->arena, (struct str){c->key, n + length});
        *m = (struct meta){.key = {key, n + length}};
        if (!key) return fail_memory(c->err);
        if (w->own->arena.bytes > ARENA_ROOM) return too_large(c);
        quill_status s = set_value(c, value, m);
        c->key[n + length] = '.';
        if (!s && m->kind == META_OBJECT) s = add_members(c, value, n + length + 1);
        if (s) return s;
    }
    return QUILL_OK;
}

quill_status hf_config(struct weights *w, const struct map *map, const char *path, quill_error *err) {
    struct config c = {.w = w, .path = path, .err = err};
    struct json_problem problem;
    json_t *tree = json_tree(json_text(map), TREE_ROOM, &c.all_real, &problem);
    if (!tree && problem.no_memory) return fail_memory(err);
    if (!tree) return fail_at(err, QUILL_E_MODEL, problem.at, "%s: %s", QUOTED(str_of(path)), problem.text);
    quill_status s = QUILL_OK;
    void *meta = NULL;
    if (!json_is_object(tree))
        s = fail(err, QUILL_E_MODEL, "%s: expected a JSON object, found another value", QUOTED(str_of(path)));
    if (!s) s = weights_reserve(w, count_members(tree), sizeof *w->meta, "keys", map->size, &meta, err);
    w->meta = meta;
    if (!s) s = add_members(&c, tree, 0);
    if (!s) s = weights_index_meta(w, err);
    json_decref(tree);
    return s;
}
