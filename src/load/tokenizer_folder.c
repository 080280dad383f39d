// SPDX-License-Identifier: MIT
// A Hugging Face directory: vocab_files.c reads its tokenizer files; ids of BOS and EOS come from
// generation_config.json, else config.json, else the names in the tokenizer's own files.
#include "formats/json.h"
#include "vocab.h"
#include "vocab_files.h"

enum { JSON_ROOM = 1 << 20 }; // for the tree of generation_config.json

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
        if (json_integer_value(item) >= 0) vocab_add_eos(v, (int32_t)json_integer_value(item)); // negative: none
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
    const struct meta *list = vocab_array(w, "eos_token_id", META_INT);
    if (list) {
        struct meta_walk walk = {.array = &list->a};
        struct meta element;
        v->spec.n_eos = 0;
        while (meta_next(&walk, &element)) {
            if (element.i > INT32_MAX) return bad_id(w, "config.json", "eos_token_id", err);
            if (element.i >= 0) vocab_add_eos(v, (int32_t)element.i);
        }
        return QUILL_OK;
    }
    s = meta_int(w, "eos_token_id", INT32_MIN, INT32_MAX, &id, &found, err);
    if (s || !found) return s;
    v->spec.n_eos = 0;
    if (id >= 0) vocab_add_eos(v, (int32_t)id);
    return QUILL_OK;
}

static struct str bytes_of(const struct map *map) { return (struct str){(const char *)map->data, map->size}; }

quill_status vocab_load_folder(struct vocab *v, const struct weights *w, quill_error *err) {
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
    for (size_t i = 0; i < n; i++) vocab_add_eos(v, v->spec.eos[i]);
    bool bos = false, eos = false;
    s = generation_config(v, w, &bos, &eos, err);
    return s ? s : model_config(v, w, bos, eos, err);
}
