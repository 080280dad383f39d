// SPDX-License-Identifier: MIT
// A Hugging Face directory. vocab_files.c reads its tokenizer files; the ids of BOS and EOS come from
// generation_config.json, else from config.json, else from the names in the tokenizer's own files. The first alone says
// what is never to be drawn.
#include "formats/json.h"
#include "vocab.h"
#include "vocab_files.h"

static const char config_json[] = "config.json";

enum { JSON_ROOM = 1 << 20 }; // for the tree of generation_config.json

static quill_status bad_id(const struct weights *w, const char *file, const char *key, quill_error *err) {
    return fail(err, QUILL_E_MODEL, "%s/%s: %s: expected a token id or a list of them, found another value",
                QUOTED(str_of(w->path)), file, key);
}

// Takes an EOS id from a file, one of possibly several. The file's first one replaces those of other files. *found: the
// file has one.
static quill_status take_eos(struct vocab *v, const char *file, int64_t id, bool *found, quill_error *err) {
    bool has;
    quill_status s = vocab_has_id(&has, v, file, "eos_token_id", id, err);
    if (s || !has) return s;
    if (!*found) v->spec.n_eos = 0;
    *found = true;
    return vocab_add_eos(v, (int32_t)id, err);
}

static quill_status take_bos(struct vocab *v, const char *file, int64_t id, bool *found, quill_error *err) {
    quill_status s = vocab_has_id(found, v, file, "bos_token_id", id, err);
    if (!s && *found) v->spec.bos = (int32_t)id;
    return s;
}

static quill_status json_eos(struct vocab *v, const struct weights *w, const json_t *value, const char *file,
                             bool *found, quill_error *err) {
    size_t n = json_is_array(value) ? json_array_size(value) : 1;
    quill_status s = QUILL_OK;
    for (size_t i = 0; !s && i < n; i++) {
        const json_t *item = json_is_array(value) ? json_array_get(value, i) : value;
        if (!json_is_integer(item)) return bad_id(w, file, "eos_token_id", err);
        s = take_eos(v, file, json_integer_value(item), found, err);
    }
    return s;
}

static quill_status json_suppressed(struct vocab *v, const struct weights *w, const json_t *value, const char *file,
                                    quill_error *err) {
    static const char key[] = "suppress_tokens";
    quill_status s = json_is_array(value) ? QUILL_OK : bad_id(w, file, key, err);
    for (size_t i = 0; !s && i < json_array_size(value); i++) {
        const json_t *item = json_array_get(value, i);
        s = json_is_integer(item) ? vocab_suppress(v, file, key, json_integer_value(item), err)
                                  : bad_id(w, file, key, err);
    }
    return s;
}

static quill_status generation_ids(struct vocab *v, const struct weights *w, const json_t *root, const char *file,
                                   bool *bos, bool *eos, quill_error *err) {
    const json_t *value = json_object_get(root, "bos_token_id");
    quill_status s = QUILL_OK;
    if (value && !json_is_null(value))
        s = json_is_integer(value) ? take_bos(v, file, json_integer_value(value), bos, err)
                                   : bad_id(w, file, "bos_token_id", err);
    value = json_object_get(root, "eos_token_id");
    if (!s && value && !json_is_null(value)) s = json_eos(v, w, value, file, eos, err);
    value = json_object_get(root, "suppress_tokens");
    return !s && value && !json_is_null(value) ? json_suppressed(v, w, value, file, err) : s;
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
    quill_status s = json_is_object(root)
                         ? generation_ids(v, w, root, file, bos, eos, err)
                         : fail(err, QUILL_E_MODEL, "%s/%s: %s", QUOTED(str_of(w->path)), file,
                                root ? "expected a JSON object, found another value" : problem.text);
    json_decref(root);
    return s;
}

static quill_status config_eos(struct vocab *v, const struct weights *w, const char *key, bool *eos,
                               quill_error *err) {
    int64_t id;
    bool found;
    quill_status s = QUILL_OK;
    const struct meta *list = vocab_array(w, key, META_INT);
    if (list) {
        struct meta_walk walk = {.array = &list->a};
        struct meta element;
        while (!s && meta_next(&walk, &element)) s = take_eos(v, config_json, element.i, eos, err);
        return s;
    }
    s = meta_int(w, key, INT64_MIN, INT64_MAX, &id, &found, err);
    return s || !found ? s : take_eos(v, config_json, id, eos, err);
}

static quill_status config_bos(struct vocab *v, const struct weights *w, const char *key, bool *bos,
                               quill_error *err) {
    int64_t id;
    bool found;
    quill_status s = meta_int(w, key, INT64_MIN, INT64_MAX, &id, &found, err);
    return s || !found ? s : take_bos(v, config_json, id, bos, err);
}

// A configuration of several models may have the ids in its text model's part alone.
static quill_status model_config(struct vocab *v, const struct weights *w, bool bos, bool eos, quill_error *err) {
    quill_status s = QUILL_OK;
    if (!bos) s = config_bos(v, w, "bos_token_id", &bos, err);
    if (!s && !bos) s = config_bos(v, w, "text_config.bos_token_id", &bos, err);
    if (!s && !eos) s = config_eos(v, w, "eos_token_id", &eos, err);
    if (!s && !eos) s = config_eos(v, w, "text_config.eos_token_id", &eos, err);
    return s;
}

static struct str bytes_of(const struct map *map) { return (struct str){(const char *)map->data, map->size}; }

quill_status vocab_load_folder(struct vocab *v, const struct weights *w, quill_error *err) {
    const struct vocab_files files = {
        .directory = w->path,
        .tokenizer_json = bytes_of(&w->files.tokenizer_json),
        .tokenizer_model = bytes_of(&w->files.tokenizer_model),
        .vocab_json = bytes_of(&w->files.vocab_json),
        .merges_txt = bytes_of(&w->files.merges_txt),
        .tokenizer_config_json = bytes_of(&w->files.tokenizer_config_json),
        .special_tokens_map_json = bytes_of(&w->files.special_tokens_map_json),
        .added_tokens_json = bytes_of(&w->files.added_tokens_json),
        .ignored = &v->ignored,
    };
    quill_status s = vocab_from_files(&v->spec, &v->owner, &files, err);
    if (s) return s;
    size_t n = v->spec.n_eos;
    v->spec.n_eos = 0;
    for (size_t i = 0; !s && i < n; i++) s = vocab_add_eos(v, v->spec.eos[i], err);
    bool bos = false, eos = false;
    if (!s) s = generation_config(v, w, &bos, &eos, err);
    return s ? s : model_config(v, w, bos, eos, err);
}
