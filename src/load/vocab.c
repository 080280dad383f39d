// SPDX-License-Identifier: MIT
// GGUF keys: the tokenizer section of the GGUF specification. A directory: vocab_json.c reads its tokenizer files; ids
// of BOS and EOS come from generation_config.json, else config.json, else the names in the tokenizer's own files.
#include "vocab.h"

#include "formats/json.h"
#include "vocab_files.h"

enum {
    JSON_ROOM = 1 << 20, // for the tree of generation_config.json
    PRE_BYTES = 80,      // of the name of a pre-tokenizer
};

// ---- GGUF -----------------------------------------------------------------------------------------------------------

static const struct meta *array_of(const struct weights *w, const char *key, enum meta_kind kind) {
    const struct meta *m = weights_meta(w, str_of(key));
    return m && m->kind == META_ARRAY && (m->a.kind == kind || m->a.n == 0) ? m : NULL;
}

static quill_status want_array(const struct meta **out, const struct weights *w, const char *key, enum meta_kind kind,
                               const char *what, quill_error *err) {
    *out = array_of(w, key, kind);
    if (*out) return QUILL_OK;
    return fail(err, QUILL_E_MODEL, "%s: key %s: expected an array of %s, found %s", QUOTED(str_of(w->path)), key, what,
                weights_meta(w, str_of(key)) ? "something else" : "nothing");
}

static quill_status strings(struct vocab *v, const struct str **out, size_t *n, size_t most, const struct weights *w,
                            const char *key, quill_error *err) {
    const struct meta *m;
    quill_status s = want_array(&m, w, key, META_STRING, "strings", err);
    if (s) return s;
    if (m->a.n > most)
        return fail(err, QUILL_E_MODEL, "%s: key %s: expected at most %zu strings, found %llu", QUOTED(str_of(w->path)),
                    key, most, (unsigned long long)m->a.n);
    struct str *list = arena_alloc(&v->arena, (size_t)m->a.n, sizeof *list);
    if (!list) return fail_memory(err);
    struct meta_walk walk = {.array = &m->a};
    struct meta element;
    size_t i = 0;
    for (; i < m->a.n && meta_next(&walk, &element); i++) list[i] = element.s;
    *out = list;
    *n = i;
    return QUILL_OK;
}

// Numbers of llama.cpp's enum llama_token_type.
static enum token_kind kind_of(int64_t type) {
    switch (type) {
    case 2: // unknown
    case 3: // control
        return TOKEN_SPECIAL;
    case 4: return TOKEN_ADDED;
    case 5: return TOKEN_UNUSED;
    default: return TOKEN_NORMAL; // 1, and 6: a byte
    }
}

static quill_status token_kinds(struct vocab *v, const struct weights *w, quill_error *err) {
    static const char key[] = "tokenizer.ggml.token_type";
    const struct meta *m;
    if (!weights_meta(w, STR("tokenizer.ggml.token_type"))) return QUILL_OK;
    quill_status s = want_array(&m, w, key, META_INT, "integers", err);
    if (s) return s;
    if (m->a.n != v->spec.n_tokens)
        return fail(err, QUILL_E_MODEL, "%s: key %s: expected %zu elements, one per token, found %llu",
                    QUOTED(str_of(w->path)), key, v->spec.n_tokens, (unsigned long long)m->a.n);
    uint8_t *kinds = arena_alloc(&v->arena, v->spec.n_tokens, 1);
    if (!kinds) return fail_memory(err);
    struct meta_walk walk = {.array = &m->a};
    struct meta element;
    for (size_t i = 0; i < v->spec.n_tokens && meta_next(&walk, &element); i++) {
        if (element.i < 1 || element.i > 6)
            return fail(err, QUILL_E_MODEL, "%s: key %s: expected a token type from 1 to 6, found %lld at %zu",
                        QUOTED(str_of(w->path)), key, (long long)element.i, i);
        kinds[i] = (uint8_t)kind_of(element.i);
    }
    v->spec.kinds = kinds;
    return QUILL_OK;
}

static quill_status token_id(const struct weights *w, const char *key, int32_t *id, bool *found, quill_error *err) {
    int64_t value;
    quill_status s = meta_int(w, key, 0, INT32_MAX, &value, found, err);
    if (!s && *found) *id = (int32_t)value;
    return s;
}

static void add_eos(struct vocab *v, int32_t id) {
    for (size_t i = 0; i < v->spec.n_eos; i++)
        if (v->eos[i] == id) return;
    if (v->spec.n_eos < MAX_EOS) v->eos[v->spec.n_eos++] = id;
}

static quill_status gguf_ids(struct vocab *v, const struct weights *w, quill_error *err) {
    static const char *const ends[] = {"tokenizer.ggml.eos_token_id", "tokenizer.ggml.eot_token_id",
                                       "tokenizer.ggml.eom_token_id"};
    bool found;
    quill_status s = token_id(w, "tokenizer.ggml.bos_token_id", &v->spec.bos, &found, err);
    for (size_t i = 0; !s && i < sizeof ends / sizeof *ends; i++) {
        int32_t id;
        s = token_id(w, ends[i], &id, &found, err);
        if (!s && found) add_eos(v, id);
    }
    if (!s) s = meta_bool(w, "tokenizer.ggml.add_bos_token", &v->spec.add_bos, &found, err);
    if (!s) v->spec.add_bos_unsaid = !found;
    return s;
}

static quill_status load_gguf(struct vocab *v, const struct weights *w, quill_error *err) {
    struct str model = {NULL, 0}, pre = {NULL, 0};
    bool found;
    quill_status s = meta_string(w, "tokenizer.ggml.model", &model, &found, err);
    if (s) return s;
    if (!found || !str_is(model, "gpt2"))
        return fail(err, QUILL_E_MODEL, "%s: key tokenizer.ggml.model: expected 'gpt2' (byte-level BPE), found %s%s%s",
                    QUOTED(str_of(w->path)), found ? "'" : "", found ? QUOTED(model) : "nothing", found ? "'" : "");
    s = meta_string(w, "tokenizer.ggml.pre", &pre, &found, err);
    if (s) return s;
    if (found && (pre.n > PRE_BYTES || (pre.n && memchr(pre.p, 0, pre.n))))
        return fail(err, QUILL_E_MODEL, "%s: key tokenizer.ggml.pre: expected a name, found '%s'",
                    QUOTED(str_of(w->path)), QUOTED(pre));
    if (found && !(v->spec.pre = arena_string(&v->arena, pre))) return fail_memory(err);
    s = strings(v, &v->spec.tokens, &v->spec.n_tokens, MOST_TOKENS, w, "tokenizer.ggml.tokens", err);
    if (!s) s = strings(v, &v->spec.merges, &v->spec.n_merges, MOST_MERGES, w, "tokenizer.ggml.merges", err);
    if (!s) s = token_kinds(v, w, err);
    if (!s) s = gguf_ids(v, w, err);
    return s;
}

// ---- Hugging Face ---------------------------------------------------------------------------------------------------

static quill_status bad_id(const struct weights *w, const char *file, const char *key, quill_error *err) {
    return fail(err, QUILL_E_MODEL, "%s/%s: %s: expected a token id or a list of them, found another value",
                QUOTED(str_of(w->path)), file, key);
}

static quill_status json_ids(struct vocab *v, const struct weights *w, const json_t *value, const char *file,
                             const char *key, bool *found, quill_error *err) {
    size_t n = json_is_array(value) ? json_array_size(value) : 1;
    for (size_t i = 0; i < n; i++) {
        const json_t *item = json_is_array(value) ? json_array_get(value, i) : value;
        if (!json_is_integer(item) || json_integer_value(item) > INT32_MAX) return bad_id(w, file, key, err);
        if (!*found) v->spec.n_eos = 0;
        *found = true;
        if (json_integer_value(item) >= 0) add_eos(v, (int32_t)json_integer_value(item)); // negative: none
    }
    return QUILL_OK;
}

static quill_status generation_config(struct vocab *v, const struct weights *w, bool *bos, bool *eos,
                                      quill_error *err) {
    static const char file[] = "generation_config.json";
    const struct map *map = &w->files.generation_config_json;
    if (!map->data) return QUILL_OK;
    struct json_problem problem;
    bool all_real;
    json_t *root = json_tree(json_text(map), JSON_ROOM, &all_real, &problem);
    if (!root && problem.no_memory) return fail_memory(err);
    if (!json_is_object(root)) {
        json_decref(root);
        return fail(err, QUILL_E_MODEL, "%s/%s: %s", QUOTED(str_of(w->path)), file,
                    root ? "expected a JSON object, found another value" : problem.text);
    }
    quill_status s = QUILL_OK;
    const json_t *value = json_object_get(root, "bos_token_id");
    if (value && !json_is_null(value)) {
        if (!json_is_integer(value) || json_integer_value(value) > INT32_MAX) s = bad_id(w, file, "bos_token_id", err);
        else v->spec.bos = json_integer_value(value) < 0 ? -1 : (int32_t)json_integer_value(value);
        *bos = true;
    }
    value = json_object_get(root, "eos_token_id");
    if (!s && value && !json_is_null(value)) s = json_ids(v, w, value, file, "eos_token_id", eos, err);
    json_decref(root);
    return s;
}

static quill_status model_config(struct vocab *v, const struct weights *w, bool bos, bool eos, quill_error *err) {
    int64_t id;
    bool found;
    quill_status s = bos ? QUILL_OK : meta_int(w, "bos_token_id", INT32_MIN, INT32_MAX, &id, &found, err);
    if (s) return s;
    if (!bos && found) v->spec.bos = id < 0 ? -1 : (int32_t)id;
    if (eos) return QUILL_OK;
    const struct meta *list = array_of(w, "eos_token_id", META_INT);
    if (list) {
        struct meta_walk walk = {.array = &list->a};
        struct meta element;
        v->spec.n_eos = 0;
        while (meta_next(&walk, &element)) {
            if (element.i > INT32_MAX) return bad_id(w, "config.json", "eos_token_id", err);
            if (element.i >= 0) add_eos(v, (int32_t)element.i);
        }
        return QUILL_OK;
    }
    s = meta_int(w, "eos_token_id", INT32_MIN, INT32_MAX, &id, &found, err);
    if (s || !found) return s;
    v->spec.n_eos = 0;
    if (id >= 0) add_eos(v, (int32_t)id);
    return QUILL_OK;
}

static struct str bytes_of(const struct map *map) { return (struct str){(const char *)map->data, map->size}; }

static quill_status load_directory(struct vocab *v, const struct weights *w, quill_error *err) {
    const struct vocab_files files = {
        .directory = w->path,
        .tokenizer_json = bytes_of(&w->files.tokenizer_json),
        .vocab_json = bytes_of(&w->files.vocab_json),
        .merges_txt = bytes_of(&w->files.merges_txt),
        .tokenizer_config_json = bytes_of(&w->files.tokenizer_config_json),
    };
    quill_status s = vocab_from_files(&v->spec, &v->owner, &files, err);
    if (s) return s;
    size_t n = v->spec.n_eos;
    v->spec.n_eos = 0;
    for (size_t i = 0; i < n; i++) add_eos(v, v->spec.eos[i]);
    bool bos = false, eos = false;
    s = generation_config(v, w, &bos, &eos, err);
    return s ? s : model_config(v, w, bos, eos, err);
}

quill_status vocab_load(struct vocab *v, const struct weights *w, quill_error *err) {
    *v = (struct vocab){.spec = {.file = w->path, .unk = -1, .bos = -1}};
    quill_status s = w->format == WEIGHTS_GGUF ? load_gguf(v, w, err) : load_directory(v, w, err);
    v->spec.file = w->path;
    v->spec.eos = v->eos;
    if (s) vocab_free(v);
    return s;
}

void vocab_free(struct vocab *v) {
    vocab_owner_free(v->owner);
    arena_free(&v->arena);
    *v = (struct vocab){0};
}
