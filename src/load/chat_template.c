// SPDX-License-Identifier: MIT
#include "chat_template.h"

#include <stdio.h>
#include <unistd.h>

#include "base/json_walk.h"
#include "formats/gguf_write.h"

enum { MOST_NAME = 200 }; // bytes of a template's name

// ---- JSON -----------------------------------------------------------------------------------------------------------

struct reading {
    struct arena *arena;
    const char *file, *name; // `name` NULL: the default
    bool with_tools;
    struct chat_template_found *out;
    quill_error *err;
};

static quill_status bad(const struct reading *r, const char *what) {
    return fail(r->err, QUILL_E_MODEL, "%s: chat_template: %s", QUOTED(str_of(r->file)), what);
}

static quill_status take(const struct reading *r, struct str written) {
    if (written.n == 0 || written.p[0] != '"') return bad(r, "expected a string, found another value");
    if (!json_unquote(written, r->arena, &r->out->text)) return fail_memory(r->err);
    if (!r->out->text.p) r->out->text.p = "";
    r->out->file = r->file;
    return QUILL_OK;
}

// How well a template's name fits: 2 the one asked for, 1 the default in its place, 0 another.
static int fits(const struct reading *r, struct str name) {
    if (r->name) return str_is(name, r->name) ? 2 : 0;
    if (r->with_tools && str_is(name, "tool_use")) return 2;
    return str_is(name, "default") ? 1 : 0;
}

// A list of {"name": ..., "template": ...}.
static quill_status from_list(const struct reading *r, struct str list) {
    struct json_walk walk = {.text = list};
    struct str item, key, value;
    int best = 0;
    json_enter_list(&walk);
    while (json_element(&walk) && json_value(&walk, &item)) {
        struct json_walk inner = {.text = item};
        struct str name = {NULL, 0}, text = {NULL, 0};
        if (item.p[0] != '{') return bad(r, "expected an object with name and template, found another value");
        json_enter(&inner);
        while (json_member(&inner, &key, &value)) {
            if (str_is(key, "\"name\"") && value.p[0] == '"' && !json_unquote(value, r->arena, &name))
                return fail_memory(r->err);
            if (str_is(key, "\"template\"")) text = value;
        }
        const int fit = fits(r, name);
        if (fit <= best || !text.p) continue;
        quill_status s = take(r, text);
        if (s) return s;
        best = fit;
    }
    return QUILL_OK;
}

quill_status chat_template_in_json(struct chat_template_found *out, struct arena *arena, struct str json,
                                   const char *file, const char *name, bool with_tools, quill_error *err) {
    const struct reading r = {arena, file, name, with_tools, out, err};
    struct json_walk walk = {.text = json_without_bom(json)};
    struct str key, value;
    quill_status s = QUILL_OK;
    json_enter(&walk);
    while (!s && json_member(&walk, &key, &value)) {
        if (!str_is(key, "\"chat_template\"")) continue;
        if (value.p[0] == '[') s = from_list(&r, value);
        else if (value.p[0] == '"' && fits(&r, STR("default"))) s = take(&r, value);
    }
    if (!s && walk.mistake) s = bad(&r, walk.mistake);
    return s;
}

// ---- folders --------------------------------------------------------------------------------------------------------

static const char *path_in(struct arena *arena, const char *folder, const char *name) {
    const size_t n = strlen(folder) + strlen(name) + 2;
    char *path = arena_alloc(arena, n, 1);
    if (path) snprintf(path, n, "%s/%s", folder, name);
    return path;
}

// The bytes of a file of the folder, in the arena; text->p NULL: there is no such file.
static quill_status read_file(struct str *text, struct arena *arena, const struct weights *w, const char *name,
                              quill_error *err) {
    struct map map;
    bool missing;
    *text = (struct str){NULL, 0};
    quill_status s = map_open_at(&map, w->path, name, MAP_FILE, &missing, QUILL_E_MODEL, err);
    if (s || missing) return s;
    const struct str bytes = json_without_bom((struct str){(const char *)map.data, map.size});
    text->p = arena_string(arena, bytes);
    text->n = bytes.n;
    map_close(&map);
    return text->p ? QUILL_OK : fail_memory(err);
}

static quill_status from_file(struct chat_template_found *out, struct arena *arena, const struct weights *w,
                              const char *name, quill_error *err) {
    quill_status s = read_file(&out->text, arena, w, name, err);
    if (s || !out->text.p) return s;
    out->file = path_in(arena, w->path, name);
    return out->file ? QUILL_OK : fail_memory(err);
}

// A name that is part of a path must not lead elsewhere.
static bool is_plain(const char *name) { return name[0] && name[0] != '.' && !strchr(name, '/'); }

static quill_status from_jinja_files(struct chat_template_found *out, struct arena *arena, const struct weights *w,
                                     const char *name, bool with_tools, quill_error *err) {
    const char *wanted = name ? name : with_tools ? "tool_use" : NULL;
    quill_status s = QUILL_OK;
    if (wanted && strcmp(wanted, "default") != 0 && is_plain(wanted) && strlen(wanted) <= MOST_NAME) {
        char file[MOST_NAME + 64];
        snprintf(file, sizeof file, "additional_chat_templates/%s.jinja", wanted);
        s = from_file(out, arena, w, file, err);
    }
    if (s || out->text.p || (name && strcmp(name, "default") != 0)) return s;
    return from_file(out, arena, w, "chat_template.jinja", err);
}

static quill_status from_json_file(struct chat_template_found *out, struct arena *arena, const struct weights *w,
                                   const char *file, const char *name, bool with_tools, quill_error *err) {
    struct str json;
    quill_status s = read_file(&json, arena, w, file, err);
    if (s || !json.p) return s;
    const char *path = path_in(arena, w->path, file);
    return path ? chat_template_in_json(out, arena, json, path, name, with_tools, err) : fail_memory(err);
}

static quill_status find_in_folder(struct chat_template_found *out, struct arena *arena, const struct weights *w,
                                   const char *name, bool with_tools, quill_error *err) {
    quill_status s = from_jinja_files(out, arena, w, name, with_tools, err);
    if (!s && !out->text.p) s = from_json_file(out, arena, w, "chat_template.json", name, with_tools, err);
    if (!s && !out->text.p) s = from_json_file(out, arena, w, "tokenizer_config.json", name, with_tools, err);
    return s;
}

// ---- GGUF files -----------------------------------------------------------------------------------------------------

static quill_status take_key(struct chat_template_found *out, struct arena *arena, const struct weights *w,
                             const char *key, quill_error *err) {
    struct str text;
    bool found;
    if (out->text.p) return QUILL_OK;
    quill_status s = meta_string(w, key, &text, &found, err);
    if (s || !found) return s;
    out->text = (struct str){arena_string(arena, text), text.n};
    out->file = arena_string(arena, str_of(w->path));
    return out->text.p && out->file ? QUILL_OK : fail_memory(err);
}

static quill_status find_in_gguf(struct chat_template_found *out, struct arena *arena, const struct weights *w,
                                 const char *name, bool with_tools, quill_error *err) {
    static const char plain[] = "tokenizer.chat_template";
    const char *wanted = name ? name : with_tools ? "tool_use" : "default";
    const bool is_default = strcmp(wanted, "default") == 0;
    char key[sizeof plain + MOST_NAME + 1];
    quill_status s = QUILL_OK;
    if (strlen(wanted) > MOST_NAME) return QUILL_OK;
    snprintf(key, sizeof key, "%s.%s", plain, wanted);
    if (is_default) s = take_key(out, arena, w, plain, err);
    if (!s) s = take_key(out, arena, w, key, err);
    if (!s && !name) s = take_key(out, arena, w, plain, err);
    if (!s && !name) s = take_key(out, arena, w, "tokenizer.chat_template.default", err);
    return s;
}

quill_status chat_template_find(struct chat_template_found *out, struct arena *arena, const struct weights *w,
                                const char *name, bool with_tools, quill_error *err) {
    *out = (struct chat_template_found){.text = {NULL, 0}};
    return w->format == WEIGHTS_GGUF ? find_in_gguf(out, arena, w, name, with_tools, err)
                                     : find_in_folder(out, arena, w, name, with_tools, err);
}

quill_status chat_template_write(struct gguf_writer *g, const struct weights *w, quill_error *err) {
    static const char *const names[] = {"default", "tool_use", "rag"};
    struct arena arena = {0};
    struct str others[2];
    size_t n = 0;
    bool ok = true;
    quill_status s = QUILL_OK;
    for (int i = 0; !s && ok && i < 3; i++) {
        struct chat_template_found found;
        char key[64];
        s = chat_template_find(&found, &arena, w, names[i], false, err);
        if (s || !found.text.p) continue;
        snprintf(key, sizeof key, "tokenizer.chat_template%s%s", i ? "." : "", i ? names[i] : "");
        ok = gguf_put_string(g, key, found.text);
        if (i > 0) others[n++] = str_of(names[i]);
    }
    if (!s && ok && n) ok = gguf_put_strings(g, "tokenizer.chat_templates", others, n);
    arena_free(&arena);
    return s || ok ? s : fail_memory(err);
}

static bool has_file(const struct weights *w, const char *name) {
    struct arena arena = {0};
    const char *path = path_in(&arena, w->path, name);
    const bool there = path && access(path, R_OK) == 0;
    arena_free(&arena);
    return there;
}

static bool has_key(const struct map *map, const char *wanted) {
    struct json_walk walk = {.text = json_without_bom((struct str){(const char *)map->data, map->size})};
    struct str key, value;
    bool found = false;
    json_enter(&walk);
    while (map->size && json_member(&walk, &key, &value)) found |= str_is(key, wanted) && !str_is(value, "null");
    return found;
}

bool chat_template_exists(const struct weights *w) {
    if (w->format == WEIGHTS_GGUF) {
        const struct meta *m = weights_meta(w, STR("tokenizer.chat_template"));
        return m && m->kind == META_STRING;
    }
    return has_file(w, "chat_template.jinja") || has_file(w, "chat_template.json") ||
           has_key(&w->files.tokenizer_config_json, "\"chat_template\"");
}

// ---- special tokens -------------------------------------------------------------------------------------------------

static bool take_id(const quill_tokenizer *tokenizer, const char *name, int32_t id, chat_token_fn *take_token,
                    void *user) {
    size_t n;
    const char *text = quill_token_bytes(tokenizer, id, QUILL_SPECIAL_PARSE, &n);
    return !text || n == 0 || take_token(user, str_of(name), (struct str){text, n});
}

static quill_status gguf_tokens(const struct weights *w, const quill_tokenizer *tokenizer, chat_token_fn *take_token,
                                void *user, quill_error *err) {
    static const char *const tokens[][2] = {
        {"tokenizer.ggml.bos_token_id", "bos_token"},      {"tokenizer.ggml.eos_token_id", "eos_token"},
        {"tokenizer.ggml.unknown_token_id", "unk_token"},  {"tokenizer.ggml.seperator_token_id", "sep_token"},
        {"tokenizer.ggml.padding_token_id", "pad_token"},  {"tokenizer.ggml.cls_token_id", "cls_token"},
        {"tokenizer.ggml.mask_token_id", "mask_token"},
    };
    for (size_t i = 0; i < sizeof tokens / sizeof *tokens; i++) {
        int64_t id = i == 0 ? quill_token_bos(tokenizer) : i == 1 ? quill_token_eos(tokenizer) : -1;
        bool found;
        quill_status s = meta_int(w, tokens[i][0], INT64_MIN, INT64_MAX, &id, &found, err);
        if (s) return s;
        if (id < 0 || id >= quill_n_vocab(tokenizer)) continue;
        if (!take_id(tokenizer, tokens[i][1], (int32_t)id, take_token, user)) return fail_memory(err);
    }
    return QUILL_OK;
}

struct named {
    struct arena arena;
    chat_token_fn *take;
    void *user;
    bool bos, eos; // mentioned
};

// A token is a string, an object with its content, or null. False: no memory.
static bool take_named(struct named *n, struct str key, struct str value) {
    struct str text = value, inner_key, inner_value, name;
    n->bos |= str_is(key, "\"bos_token\"");
    n->eos |= str_is(key, "\"eos_token\"");
    if (value.p[0] == '{') {
        struct json_walk walk = {.text = value};
        json_enter(&walk);
        while (json_member(&walk, &inner_key, &inner_value))
            if (str_is(inner_key, "\"content\"")) text = inner_value;
    }
    if (text.p[0] != '"') return true;
    return json_unquote(text, &n->arena, &text) && json_unquote(key, &n->arena, &name) && n->take(n->user, name, text);
}

// Tokens that a file names. *lists_added: it has added_tokens_decoder. A damaged file was refused with the tokenizer.
static bool named_tokens(struct named *n, const struct map *map, bool *lists_added) {
    struct json_walk walk = {.text = json_without_bom((struct str){(const char *)map->data, map->size})};
    struct str key, value;
    if (!map->size) return true;
    json_enter(&walk);
    while (json_member(&walk, &key, &value)) {
        *lists_added |= str_is(key, "\"added_tokens_decoder\"");
        if (str_ends(key, STR("_token\"")) && !take_named(n, key, value)) return false;
    }
    return true;
}

quill_status chat_template_tokens(const struct weights *w, const quill_tokenizer *tokenizer, chat_token_fn *take_token,
                                  void *user, quill_error *err) {
    if (w->format == WEIGHTS_GGUF) return gguf_tokens(w, tokenizer, take_token, user, err);
    struct named n = {.take = take_token, .user = user};
    bool lists_added = false;
    bool ok = named_tokens(&n, &w->files.tokenizer_config_json, &lists_added);
    if (ok && !lists_added) ok = named_tokens(&n, &w->files.special_tokens_map_json, &lists_added);
    if (ok && !n.bos) ok = take_id(tokenizer, "bos_token", quill_token_bos(tokenizer), take_token, user);
    if (ok && !n.eos) ok = take_id(tokenizer, "eos_token", quill_token_eos(tokenizer), take_token, user);
    arena_free(&n.arena);
    return ok ? QUILL_OK : fail_memory(err);
}
