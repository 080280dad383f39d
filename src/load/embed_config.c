// SPDX-License-Identifier: MIT
#include "embed_config.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "formats/gguf_write.h"
#include "formats/json.h"
#include "open.h"

enum { JSON_ROOM = 1 << 20, MOST_TOKENS = 1 << 30 };

static const char modules_json[] = "modules.json", pooling_json[] = "1_Pooling/config.json";
static const char sentence_json[] = "config_sentence_transformers.json";
static const char transformer_json[] = "sentence_bert_config.json";

struct parsing {
    quill_embed_config *out;
    struct arena *arena;
    const char *folder, *file; // for messages
    quill_error *err;
};

static quill_status refuse(const struct parsing *p, const char *what) {
    return fail(p->err, QUILL_E_MODEL, "%s/%s: %s", QUOTED(str_of(p->folder)), p->file, what);
}

static quill_status lacks(const struct parsing *p, const char *part, const char *name) {
    return fail(p->err, QUILL_E_MODEL, "%s/%s: %s '%s' is not supported", QUOTED(str_of(p->folder)), p->file, part,
                QUOTED(str_of(name)));
}

// The tree of a file. The caller releases it.
static quill_status tree_of(const struct parsing *p, json_t **root, struct str text) {
    struct json_problem problem;
    bool all_real;
    *root = json_tree(json_without_bom(text), JSON_ROOM, &all_real, &problem);
    if (*root) return QUILL_OK;
    return problem.no_memory ? fail_memory(p->err) : refuse(p, problem.text);
}

// ---- modules.json -----------------------------------------------------------------------------------

// "sentence_transformers.models.Pooling" is a Pooling.
static const char *class_of(const json_t *module) {
    const char *type = json_string_value(json_object_get(module, "type")), *dot = type ? strrchr(type, '.') : NULL;
    return dot ? dot + 1 : type;
}

// The modules in turn: a Transformer, a Pooling, and maybe a Normalize.
static quill_status read_modules(const struct parsing *p, const json_t *root) {
    static const char *const known[] = {"Transformer", "Pooling", "Normalize"};
    const size_t n = json_array_size(root);
    if (!json_is_array(root)) return refuse(p, "expected a list of modules, found another value");
    if (n < 2) return refuse(p, "expected a Transformer and a Pooling module, found fewer");
    for (size_t i = 0; i < n; i++) {
        const json_t *module = json_array_get(root, i);
        const char *class = class_of(module);
        if (!class) return refuse(p, "expected modules with a type, found another value");
        if (i >= 3 || strcmp(class, known[i]) != 0) return lacks(p, "in this place the module", class);
    }
    const char *path = json_string_value(json_object_get(json_array_get(root, 1), "path"));
    if (!path || strcmp(path, "1_Pooling") != 0)
        return refuse(p, "path of the Pooling module: expected 1_Pooling, found another one");
    p->out->normalize = n == 3;
    return QUILL_OK;
}

// ---- 1_Pooling/config.json --------------------------------------------------------------------------

static const struct pooling_name {
    const char *key, *name; // name: in newer files, as the value of pooling_mode
    int pooling;            // enum quill_pooling; -1: not computed
} pooling_names[] = {
    {"pooling_mode_mean_tokens", "mean", QUILL_POOLING_MEAN},
    {"pooling_mode_cls_token", "cls", QUILL_POOLING_CLS},
    {"pooling_mode_lasttoken", "lasttoken", QUILL_POOLING_LAST},
    {"pooling_mode_max_tokens", "max", -1},
    {"pooling_mode_mean_sqrt_len_tokens", "mean_sqrt_len_tokens", -1},
    {"pooling_mode_weightedmean_tokens", "weightedmean", -1},
};
enum { POOLING_NAMES = sizeof pooling_names / sizeof *pooling_names };

static quill_status take_pooling(const struct parsing *p, const struct pooling_name *name) {
    if (name->pooling < 0) return lacks(p, "the pooling", name->key);
    if (p->out->pooling_said) return refuse(p, "expected one pooling, found several");
    p->out->pooling = (quill_pooling)name->pooling;
    p->out->pooling_said = true;
    return QUILL_OK;
}

static quill_status read_pooling(const struct parsing *p, const json_t *root) {
    if (!json_is_object(root)) return refuse(p, "expected a JSON object, found another value");
    const json_t *mode = json_object_get(root, "pooling_mode"), *include = json_object_get(root, "include_prompt");
    const char *word = json_string_value(mode);
    quill_status s = QUILL_OK;
    for (size_t i = 0; !s && i < POOLING_NAMES; i++) {
        const json_t *value = json_object_get(root, pooling_names[i].key);
        if (value && !json_is_boolean(value))
            return refuse(p, "expected true or false as pooling, found another value");
        const bool named = word && strcmp(word, pooling_names[i].name) == 0;
        if (json_is_true(value) || (!value && named)) s = take_pooling(p, &pooling_names[i]);
    }
    if (s) return s;
    if (!p->out->pooling_said && word) return lacks(p, "the pooling", word);
    if (!p->out->pooling_said) return refuse(p, "expected a pooling, found none");
    if (include && !json_is_boolean(include)) return refuse(p, "include_prompt: expected true or false");
    p->out->include_prompt = !json_is_false(include);
    return QUILL_OK;
}

// ---- config_sentence_transformers.json --------------------------------------------------------------

static quill_status read_prompts(const struct parsing *p, json_t *prompts) {
    const size_t n = json_object_size(prompts);
    quill_embed_prompt *list = arena_alloc(p->arena, n, sizeof *list);
    const char *name;
    json_t *text;
    if (!list) return fail_memory(p->err);
    json_object_foreach(prompts, name, text) {
        const char *value = json_string_value(text);
        if (!value || strlen(value) != json_string_length(text))
            return refuse(p, "prompts: expected texts without NUL, found another value");
        quill_embed_prompt *prompt = &list[p->out->n_prompts];
        prompt->name = arena_string(p->arena, str_of(name));
        prompt->text = arena_string(p->arena, str_of(value));
        if (!prompt->name || !prompt->text) return fail_memory(p->err);
        p->out->n_prompts++;
    }
    p->out->prompts = list;
    return QUILL_OK;
}

static quill_status read_sentence(const struct parsing *p, const json_t *root) {
    json_t *prompts = json_object_get(root, "prompts");
    const json_t *name = json_object_get(root, "default_prompt_name");
    if (!json_is_object(root)) return refuse(p, "expected a JSON object, found another value");
    if (prompts && !json_is_null(prompts) && !json_is_object(prompts))
        return refuse(p, "prompts: expected an object, found another value");
    quill_status s = json_is_object(prompts) ? read_prompts(p, prompts) : QUILL_OK;
    if (s || !name || json_is_null(name)) return s;
    if (!json_is_string(name)) return refuse(p, "default_prompt_name: expected a name or null, found another value");
    for (size_t i = 0; i < p->out->n_prompts; i++)
        if (strcmp(p->out->prompts[i].name, json_string_value(name)) == 0)
            p->out->default_prompt = p->out->prompts[i].name;
    return p->out->default_prompt ? QUILL_OK
                                  : refuse(p, "default_prompt_name: expected one of the prompts, found another name");
}

// ---- sentence_bert_config.json ----------------------------------------------------------------------

static quill_status read_transformer(const struct parsing *p, const json_t *root) {
    const json_t *most = json_object_get(root, "max_seq_length");
    if (!json_is_object(root)) return refuse(p, "expected a JSON object, found another value");
    if (json_is_true(json_object_get(root, "do_lower_case"))) return lacks(p, "the setting", "do_lower_case");
    if (!most || json_is_null(most)) return QUILL_OK;
    const json_int_t n = json_integer_value(most);
    if (!json_is_integer(most) || n < 1 || n > MOST_TOKENS)
        return refuse(p, "max_seq_length: expected a positive number, found another value");
    p->out->max_tokens = (int32_t)n;
    return QUILL_OK;
}

// ---- all of them ------------------------------------------------------------------------------------

static quill_status read_file(struct parsing *p, const char *file, struct str text,
                              quill_status (*read)(const struct parsing *p, const json_t *root)) {
    json_t *root;
    if (!text.p) return QUILL_OK;
    p->file = file;
    quill_status s = tree_of(p, &root, text);
    if (s) return s;
    s = read(p, root);
    json_decref(root);
    return s;
}

quill_status embed_config_parse(quill_embed_config *out, struct arena *arena, const struct embed_files *files,
                                const char *folder, quill_error *err) {
    struct parsing p = {out, arena, folder, modules_json, err};
    *out = (quill_embed_config){.pooling = QUILL_POOLING_MEAN, .include_prompt = true};
    if (files->modules.p && !files->pooling.p) {
        p.file = pooling_json;
        return refuse(&p, "expected this file beside modules.json, found none");
    }
    quill_status s = read_file(&p, modules_json, files->modules, read_modules);
    if (!s && files->modules.p) s = read_file(&p, pooling_json, files->pooling, read_pooling);
    if (!s) s = read_file(&p, sentence_json, files->sentence, read_sentence);
    return s ? s : read_file(&p, transformer_json, files->transformer, read_transformer);
}

static quill_status find_in_folder(quill_embed_config *out, struct arena *arena, const struct weights *w,
                                   quill_error *err) {
    static const char *const names[] = {modules_json, pooling_json, sentence_json, transformer_json};
    enum { FILES = sizeof names / sizeof *names };
    struct map maps[FILES] = {{0}};
    struct str texts[FILES] = {{NULL, 0}};
    quill_status s = QUILL_OK;
    for (size_t i = 0; !s && i < FILES; i++) {
        bool missing;
        s = map_open_at(&maps[i], w->path, names[i], MAP_READ, &missing, QUILL_E_MODEL, err);
        if (!s && !missing) texts[i] = (struct str){(const char *)maps[i].data, maps[i].size};
    }
    const struct embed_files files = {texts[0], texts[1], texts[2], texts[3]};
    if (!s) s = embed_config_parse(out, arena, &files, w->path, err);
    for (size_t i = 0; i < FILES; i++) map_close(&maps[i]);
    return s;
}

// Numbers of llama.cpp's enum llama_pooling_type.
enum { GGUF_NONE, GGUF_MEAN, GGUF_CLS, GGUF_LAST, GGUF_RANK };

// No key of llama.cpp says whether vectors have length 1; nearly all models of embeddings ask for it.
static const char normalize_key[] = "quill.normalize_embeddings";

enum { KEY_BYTES = 160 };
static void pooling_key(char key[KEY_BYTES], struct str architecture) {
    snprintf(key, KEY_BYTES, "%.*s.pooling_type", (int)architecture.n, architecture.p);
}

static quill_status find_in_gguf(quill_embed_config *out, const struct weights *w, quill_error *err) {
    static const quill_pooling poolings[] = {[GGUF_MEAN] = QUILL_POOLING_MEAN, [GGUF_CLS] = QUILL_POOLING_CLS,
                                             [GGUF_LAST] = QUILL_POOLING_LAST};
    struct str family = {"", 0};
    char key[KEY_BYTES];
    int64_t type = GGUF_NONE;
    bool found;
    *out = (quill_embed_config){.pooling = QUILL_POOLING_MEAN, .include_prompt = true};
    quill_status s = meta_string(w, "general.architecture", &family, &found, err);
    if (s || family.n > sizeof key - 20) return s;
    pooling_key(key, family);
    s = meta_int(w, key, GGUF_NONE, GGUF_RANK, &type, &found, err);
    if (s || type == GGUF_NONE) return s;
    if (type == GGUF_RANK)
        return fail(err, QUILL_E_MODEL, "%s: key %s: expected mean, cls or last (1 to 3), found rank (4): a reranker",
                    QUOTED(str_of(w->path)), QUOTED(str_of(key)));
    out->pooling = poolings[type];
    out->pooling_said = out->normalize = true;
    return meta_bool(w, normalize_key, &out->normalize, &found, err);
}

quill_status embed_config_write(struct gguf_writer *g, const struct weights *w, const char *architecture,
                                quill_error *err) {
    static const uint32_t types[] = {[QUILL_POOLING_MEAN] = GGUF_MEAN, [QUILL_POOLING_CLS] = GGUF_CLS,
                                     [QUILL_POOLING_LAST] = GGUF_LAST};
    struct arena arena = {0};
    quill_embed_config config = {.pooling_said = false};
    char key[KEY_BYTES];
    quill_status s = w->has_modules ? find_in_folder(&config, &arena, w, err) : QUILL_OK;
    arena_free(&arena);
    if (s || !config.pooling_said) return s;
    pooling_key(key, str_of(architecture));
    const bool ok = gguf_put_u32(g, key, types[config.pooling]) &&
                    (config.normalize || gguf_put_bool(g, normalize_key, false));
    return ok ? QUILL_OK : fail_memory(err);
}

quill_status embed_config_find(quill_embed_config *out, struct arena *arena, const struct weights *w,
                               quill_error *err) {
    return w->format == WEIGHTS_HF ? find_in_folder(out, arena, w, err) : find_in_gguf(out, w, err);
}

// ---- the public object ------------------------------------------------------------------------------

struct owned {
    quill_embed_config config; // first, so that its address is that of the whole
    struct arena arena;
};

quill_status quill_embed_config_read(quill_embed_config **out, const quill_model *model, quill_error *err) {
    *out = NULL;
    struct owned *o = alloc_zeroed(1, sizeof *o);
    if (!o) return fail_memory(err);
    quill_status s = embed_config_find(&o->config, &o->arena, model->weights, err);
    if (s) quill_embed_config_free(&o->config);
    else *out = &o->config;
    return s;
}

void quill_embed_config_free(quill_embed_config *config) {
    struct owned *o = (struct owned *)(void *)config;
    if (!o) return;
    arena_free(&o->arena);
    free(o);
}
